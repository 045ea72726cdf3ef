// Package eventstore is the log: the only truth of the system, from which every read model
// is folded and to which every write is appended.
//
// [Log] is the contract; package eventstore/jetstream keeps the log in a NATS stream, package
// eventstore/memlog in memory, and package eventstore/logtest is the suite that both pass.
// The format of an entry is in codec.go, its place in the subject space in subject.go, how a
// commit becomes entries in entries.go, and how they are read back and verified in cursor.go.
package eventstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"

	"github.com/kintolog/kintolog/domain"
)

// Hash is the SHA-256 of an entry chained to the hash of the entry before it, so that two
// logs with the same hash at the same position hold the same entries up to there.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Tail is the end of the log, or of a prefix of it: the position of its last entry and that
// entry's hash. The zero Tail is that of an empty log.
type Tail struct {
	Position domain.Position
	Hash     Hash
}

// Commit is what is appended at once.
type Commit struct {
	// ID is unique to the commit, at most 64 characters of [A-Za-z0-9-]. With it an append whose
	// answer was lost is found again.
	ID string
	// Events in the order in which they were decided; at least one.
	Events []domain.Event
}

// Entry is one message of the log: what one commit changed in one plural endpoint.
type Entry struct {
	Position domain.Position
	Hash     Hash
	Commit   string
	// Last marks the last entry of its commit. A reader that wants whole commits applies
	// entries up to and including one that is Last.
	Last   bool
	Plural domain.Plural
	Events []domain.Event
	// Payload is what Events was decoded from: one CloudEvent for each, in the same order. It must not be changed.
	Payload []byte
}

// Tail is the end of the log up to this entry.
func (e Entry) Tail() Tail { return Tail{e.Position, e.Hash} }

// Errors of a Log, matched with errors.Is.
var (
	// ErrConflict: the log does not end at the expected tail. Nothing was stored. If the log holds
	// another entry at that position, the error is ErrCorrupt as well, and trying again is in vain.
	ErrConflict = errors.New("the log has moved on")
	// ErrTooLarge: an event, or the commit as a whole, is larger than the log takes. Nothing was stored.
	ErrTooLarge = errors.New("commit is too large for the log")
	// ErrUnresolved: the answer to an append was lost and the log could not be asked whether it
	// holds the commit before the context ended or the connection was closed. It may be stored or
	// not.
	ErrUnresolved = errors.New("outcome of the append is unknown")
	// ErrCorrupt: an entry cannot be decoded, its hash does not continue the chain, it or the rest
	// of its commit is missing, or the log ends before a position that was read from it.
	ErrCorrupt = errors.New("log entry is corrupt")
)

// Log is an append-only sequence of entries. All methods may be called concurrently.
type Log interface {
	// Append stores the commit whole, directly after the expected tail, and returns the new
	// tail. The entries keep the order of the events: events of one plural endpoint share an entry,
	// unless a cascading deletion or a flush stands between them or the entry would exceed the
	// size of a message. When Append returns nil the commit is as durable as the log is set to be.
	// If it returns ErrConflict or ErrTooLarge nothing was stored.
	Append(ctx context.Context, after Tail, commit Commit) (Tail, error)

	// Tail is the current end of the log, that of a leader, never a stale one, and always the end of a commit. While
	// there is no leader it waits for one, until ctx ends. If the log ends within a commit, the error is ErrCorrupt.
	Tail(ctx context.Context) (Tail, error)

	// Read yields the entries after a position, in order, up to the tail as it was when the
	// iteration began, and verifies the hash chain from the second entry it yields on. It
	// yields an error at most once, as its last element; ctx ending is such an error. After a
	// position beyond the tail the error is ErrCorrupt.
	//
	// If plural endpoints are named, it yields the entries of these alone and none of secret events. What lies between
	// them is neither read nor verified, and costs next to nothing.
	Read(ctx context.Context, after domain.Position, of ...domain.Plural) iter.Seq2[Entry, error]

	// Follow is Read without an end: after the tail it waits for more. Interruptions of the
	// connection are survived without loss or repetition.
	Follow(ctx context.Context, after domain.Position) iter.Seq2[Entry, error]
}
