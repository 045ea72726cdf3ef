// Package memlog keeps a log in memory: for tests, and for trying things out. It passes the
// same suite as the durable log, seals and decodes entries in the same format, and is gone when
// the process ends.
package memlog

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// Log is a log in memory. The zero Log is not usable; see New.
type Log struct {
	space  eventstore.Space
	limits eventstore.Limits

	mu       sync.Mutex
	messages []eventstore.Message
	tail     eventstore.Tail
	grown    chan struct{} // closed by the next append
}

var _ eventstore.Log = (*Log)(nil)

// New returns an empty log with the default limits.
func New() *Log { return NewLimited(eventstore.DefaultLimits) }

// NewLimited returns an empty log with limits of its own.
func NewLimited(limits eventstore.Limits) *Log {
	return &Log{space: eventstore.DefaultSpace, limits: limits, grown: make(chan struct{})}
}

// Append implements eventstore.Log.
func (l *Log) Append(ctx context.Context, after eventstore.Tail, commit eventstore.Commit) (eventstore.Tail, error) {
	if err := ctx.Err(); err != nil {
		return eventstore.Tail{}, err
	}
	messages, err := l.space.Seal(after, commit, l.limits)
	if err != nil {
		return eventstore.Tail{}, fmt.Errorf("append commit %s: %w", commit.ID, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tail != after {
		return eventstore.Tail{}, fmt.Errorf("append commit %s after %d, the tail is %d: %w",
			commit.ID, after.Position, l.tail.Position, eventstore.ErrConflict)
	}
	l.messages = append(l.messages, messages...)
	l.tail = eventstore.TailOf(after, messages)
	close(l.grown)
	l.grown = make(chan struct{})
	return l.tail, nil
}

// Tail implements eventstore.Log.
func (l *Log) Tail(ctx context.Context) (eventstore.Tail, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tail, ctx.Err()
}

// Read implements eventstore.Log.
func (l *Log) Read(ctx context.Context, after domain.Position, of ...domain.Plural) iter.Seq2[eventstore.Entry, error] {
	return func(yield func(eventstore.Entry, error) bool) {
		l.walk(ctx, after, of, false, yield)
	}
}

// Follow implements eventstore.Log.
func (l *Log) Follow(ctx context.Context, after domain.Position) iter.Seq2[eventstore.Entry, error] {
	return func(yield func(eventstore.Entry, error) bool) {
		l.walk(ctx, after, nil, true, yield)
	}
}

func (l *Log) walk(
	ctx context.Context, after domain.Position, of []domain.Plural, follow bool, yield func(eventstore.Entry, error) bool,
) {
	wanted := l.space.SubjectsOf(of)
	cursor := l.space.Cursor(after)
	for {
		messages, grown, err := l.after(cursor.Next() - 1)
		for i := 0; i < len(messages) && err == nil; i++ {
			var entry eventstore.Entry
			if err = ctx.Err(); err == nil {
				entry, err = cursor.Read(cursor.Next(), &messages[i])
			}
			if len(of) > 0 && !slices.Contains(wanted, messages[i].Subject) {
				continue
			}
			if err == nil && !yield(entry, nil) {
				return
			}
		}
		if err == nil && follow {
			err = wait(ctx, grown)
		} else if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			yield(eventstore.Entry{}, err)
			return
		}
		if !follow {
			return
		}
	}
}

func (l *Log) after(position domain.Position) ([]eventstore.Message, <-chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if position > l.tail.Position {
		return nil, nil, eventstore.Beyond(position, l.tail)
	}
	return l.messages[position:], l.grown, nil
}

func wait(ctx context.Context, grown <-chan struct{}) error {
	select {
	case <-grown:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
