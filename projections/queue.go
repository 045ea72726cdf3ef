package projections

import (
	"context"
	"sync"

	"github.com/kintolog/kintolog/eventstore"
)

// queue hands entries from the one who reads the log to the one who applies them, whole commits at a
// time. It holds little more than its bounds, but always a whole commit.
type queue struct {
	maxEvents, maxBytes int

	mu            sync.Mutex
	entries       []eventstore.Entry
	whole         int // entries up to the last end of a commit
	events, bytes int

	ready, space chan struct{} // each holds one signal
}

func newQueue(maxEvents, maxBytes int) *queue {
	return &queue{maxEvents: maxEvents, maxBytes: maxBytes, ready: make(chan struct{}, 1), space: make(chan struct{}, 1)}
}

// put adds an entry and then waits while the queue is full.
func (q *queue) put(ctx context.Context, e eventstore.Entry) error {
	q.mu.Lock()
	q.entries = append(q.entries, e)
	q.events += len(e.Events)
	q.bytes += size(e)
	if e.Last {
		q.whole = len(q.entries)
		signal(q.ready)
	}
	full := q.full()
	q.mu.Unlock()
	for full {
		select {
		case <-q.space:
		case <-ctx.Done():
			return ctx.Err()
		}
		q.mu.Lock()
		full = q.full()
		q.mu.Unlock()
	}
	return nil
}

func (q *queue) full() bool {
	return q.whole > 0 && (q.events >= q.maxEvents || q.bytes >= q.maxBytes)
}

// take waits for a whole commit and returns all there are.
func (q *queue) take(ctx context.Context) ([]eventstore.Entry, error) {
	for {
		q.mu.Lock()
		if q.whole > 0 {
			defer q.mu.Unlock()
			return q.cut(), nil
		}
		q.mu.Unlock()
		select {
		case <-q.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (q *queue) cut() []eventstore.Entry {
	taken, rest := q.entries[:q.whole:q.whole], q.entries[q.whole:]
	q.entries, q.whole, q.events, q.bytes = nil, 0, 0, 0
	for _, e := range rest {
		q.entries = append(q.entries, e)
		q.events += len(e.Events)
		q.bytes += size(e)
	}
	signal(q.space)
	return taken
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// size is about what an entry takes in memory, in bytes.
func size(e eventstore.Entry) int {
	n := 256
	for _, event := range e.Events {
		n += 256 + len(event.Object.Data)
	}
	return n
}
