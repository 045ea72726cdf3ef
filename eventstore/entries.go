package eventstore

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/kintolog/kintolog/domain"
)

// Message is an entry as a log stores it.
type Message struct {
	Subject string
	Commit  string
	// Index is the place of the entry in its commit, from 1 to Count.
	Index, Count int
	Hash         Hash
	Payload      []byte
}

// Limits bound what is appended at once.
type Limits struct {
	Payload  int // bytes of one message; at least one event must fit
	Messages int // of one commit
	Bytes    int // of all payloads of one commit
}

// MaxMessages is the number of messages that NATS stores in one atomic batch.
const MaxMessages = 1000

// DefaultLimits are those of a NATS server as it comes, leaving room for the headers.
var DefaultLimits = Limits{Payload: 1<<20 - 1024, Messages: MaxMessages, Bytes: 64 << 20}

// Seal turns a commit into the messages that store it after a tail, chained to it. Events of
// one plural endpoint and secrecy share a message, in their order. So that order is also kept where it
// matters across endpoints, a cascading deletion and a flush come after everything decided before
// them and before everything decided after. Nothing is in a message larger than the limits.
// It fails with ErrTooLarge if that is not possible.
func (s Space) Seal(after Tail, commit Commit, limits Limits) ([]Message, error) {
	if err := commit.validate(); err != nil {
		return nil, err
	}
	g := grouping{space: s, commit: commit.ID, limits: limits, open: make(map[group]int, 4), room: make(map[group]int, 4)}
	for i := range commit.Events {
		e := &commit.Events[i]
		g.room[group{e.Plural(), e.Secret}] += envelope + len(e.Object.Data)
	}
	for i := range commit.Events {
		if err := g.add(i, &commit.Events[i]); err != nil {
			return nil, err
		}
	}
	return g.seal(after)
}

func (c Commit) validate() error {
	if len(c.Events) == 0 {
		return errors.New("a commit has at least one event")
	}
	if c.ID == "" || len(c.ID) > 64 {
		return fmt.Errorf("the id of a commit has 1 to 64 characters, not %d", len(c.ID))
	}
	for i := range len(c.ID) {
		if c := c.ID[i]; !plain(c) || c == '_' || c == '~' {
			return fmt.Errorf("the id of a commit consists of letters, digits and \"-\", not %q", c)
		}
	}
	return nil
}

type group struct {
	plural domain.Plural
	secret bool
}

// grouping collects the events of one commit into messages.
type grouping struct {
	space    Space
	commit   string
	limits   Limits
	messages []Message
	open     map[group]int // the messages that still take events
	room     map[group]int // about how many bytes the events of a group take
}

// envelope is about how many bytes an event takes beside its data.
const envelope = 800

func (g *grouping) add(index int, e *domain.Event) error {
	to := group{e.Plural(), e.Secret}
	if e.Cascade || e.Ordered || e.Action == domain.Flushed {
		g.fence(to)
	}
	at, ok := g.open[to]
	if !ok {
		var err error
		if at, err = g.begin(to); err != nil {
			return err
		}
	}
	m := &g.messages[at]
	start := len(m.Payload)
	separator := byte(',')
	if start == 0 {
		separator = '['
	}
	payload, err := appendEvent(append(m.Payload, separator), g.commit, index, e)
	if err != nil {
		return err
	}
	if len(payload)+1 <= g.limits.Payload {
		m.Payload = payload
		return nil
	}
	if start == 0 {
		return fmt.Errorf("event of %.80q has %d bytes, the limit is %d: %w",
			e.Object.URI, len(payload), g.limits.Payload, ErrTooLarge)
	}
	delete(g.open, to)
	return g.add(index, e)
}

// fence closes all messages but the last one, which may stay open for its own endpoint:
// nothing stands behind it.
func (g *grouping) fence(to group) {
	last, ok := g.open[to]
	clear(g.open)
	if ok && last == len(g.messages)-1 {
		g.open[to] = last
	}
}

func (g *grouping) begin(to group) (int, error) {
	subject, err := g.space.Subject(to.plural, to.secret)
	if err != nil {
		return 0, err
	}
	if len(g.messages) == g.limits.Messages {
		return 0, fmt.Errorf("commit of more than %d messages: %w", g.limits.Messages, ErrTooLarge)
	}
	g.open[to] = len(g.messages)
	payload := make([]byte, 0, min(g.room[to], g.limits.Payload))
	g.messages = append(g.messages, Message{Subject: subject, Commit: g.commit, Payload: payload})
	return len(g.messages) - 1, nil
}

func (g *grouping) seal(after Tail) ([]Message, error) {
	previous, total := after.Hash, 0
	for i := range g.messages {
		m := &g.messages[i]
		m.Payload = append(m.Payload, ']')
		m.Index, m.Count = i+1, len(g.messages)
		m.Hash = m.ChainedTo(previous)
		previous = m.Hash
		total += len(m.Payload)
	}
	if total > g.limits.Bytes {
		return nil, fmt.Errorf("commit of %d bytes, the limit is %d: %w", total, g.limits.Bytes, ErrTooLarge)
	}
	return g.messages, nil
}

// TailOf is the tail of the log after these messages are stored behind the one given.
func TailOf(after Tail, messages []Message) Tail {
	if len(messages) == 0 {
		return after
	}
	return Tail{after.Position + domain.Position(len(messages)), messages[len(messages)-1].Hash}
}

// ChainedTo is the hash of the message after an entry with the previous hash: SHA-256 over the
// previous hash (32 bytes), subject, commit id, index, count and payload. Subject and commit id
// have their length before them; lengths, index and count are 4 bytes, big-endian.
func (m *Message) ChainedTo(previous Hash) (h Hash) {
	buf := make([]byte, 0, 256)
	buf = append(buf, previous[:]...)
	for _, text := range []string{m.Subject, m.Commit} {
		buf = binary.BigEndian.AppendUint32(buf, uint32(len(text)))
		buf = append(buf, text...)
	}
	buf = binary.BigEndian.AppendUint32(buf, uint32(m.Index))
	buf = binary.BigEndian.AppendUint32(buf, uint32(m.Count))
	digest := sha256.New()
	digest.Write(buf)
	digest.Write(m.Payload)
	digest.Sum(h[:0])
	return h
}
