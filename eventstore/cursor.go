package eventstore

import (
	"fmt"

	"github.com/kintolog/kintolog/domain"
)

// Cursor reads messages back in the order of the log and verifies that nothing is missing
// or changed.
type Cursor struct {
	space Space
	tail  Tail
	known bool // whether the hash of tail is
	// open is the last message, if its commit was not complete with it.
	open *Message
}

// Cursor begins after a position. Unless that is the beginning of the log, whose hash is known,
// the chain is verified from the second message on.
func (s Space) Cursor(after domain.Position) *Cursor {
	return &Cursor{space: s, tail: Tail{Position: after}, known: after == 0}
}

// Next is the position of the message that Read expects.
func (c *Cursor) Next() domain.Position { return c.tail.Position + 1 }

// Skip goes on at a later position without what is before it: the message there is not verified.
func (c *Cursor) Skip(to domain.Position) {
	if to > c.Next() {
		c.tail, c.known, c.open = Tail{Position: to - 1}, false, nil
	}
}

// Read decodes the message at a position. Errors wrap ErrCorrupt: the position is not the next
// one, the hash does not continue the chain, or the payload cannot be decoded.
func (c *Cursor) Read(at domain.Position, m *Message) (Entry, error) {
	entry, err := c.read(at, m)
	if err != nil {
		return Entry{}, fmt.Errorf("entry %d: %w", at, err)
	}
	return entry, nil
}

func (c *Cursor) read(at domain.Position, m *Message) (Entry, error) {
	if at != c.Next() {
		return Entry{}, fmt.Errorf("%w: entry %d is missing", ErrCorrupt, c.Next())
	}
	if m.Index < 1 || m.Index > m.Count {
		return Entry{}, fmt.Errorf("%w: place %d of %d in its commit", ErrCorrupt, m.Index, m.Count)
	}
	if c.open != nil && (m.Commit != c.open.Commit || m.Index != c.open.Index+1 || m.Count != c.open.Count) {
		return Entry{}, fmt.Errorf("%w: the rest of commit %s is missing", ErrCorrupt, c.open.Commit)
	}
	if c.known && m.ChainedTo(c.tail.Hash) != m.Hash {
		return Entry{}, fmt.Errorf("%w: its hash does not continue the chain", ErrCorrupt)
	}
	plural, secret, err := c.space.Parse(m.Subject)
	if err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	events, err := decodeEvents(m.Payload, secret)
	if err != nil {
		return Entry{}, err
	}
	c.tail, c.known, c.open = Tail{at, m.Hash}, true, nil
	if m.Index < m.Count {
		c.open = &Message{Commit: m.Commit, Index: m.Index, Count: m.Count}
	}
	return Entry{
		Position: at, Hash: m.Hash, Commit: m.Commit, Last: m.Index == m.Count,
		Plural: plural, Events: events, Payload: m.Payload,
	}, nil
}

// Beyond is the error of reading after a position that the log has not reached; it wraps
// ErrCorrupt, because positions are only known from entries that the log held.
func Beyond(after domain.Position, tail Tail) error {
	return fmt.Errorf("read after position %d of a log that ends at %d: %w", after, tail.Position, ErrCorrupt)
}
