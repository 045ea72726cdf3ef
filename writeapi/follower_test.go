package writeapi_test

import (
	"context"
	"sync"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/sqlite"
)

type follower struct {
	mu       sync.Mutex
	moved    chan struct{}
	position domain.Position
	cancel   func()
	done     chan struct{}
}

func follow(t *testing.T, c *domain.Catalog, log eventstore.Log, store *sqlite.Store) *follower {
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{moved: make(chan struct{}), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(f.done)
		var tail eventstore.Tail
		var entries []eventstore.Entry
		for entry, err := range log.Follow(ctx, 0) {
			if err != nil {
				return
			}
			if entries = append(entries, entry); !entry.Last {
				continue
			}
			change, err := projections.Fold(c, tail, entries)
			if err == nil {
				err = store.Apply(ctx, change)
			}
			if err != nil {
				if ctx.Err() == nil {
					t.Error(err)
				}
				return
			}
			tail, entries = change.To, nil
			f.mu.Lock()
			f.position = tail.Position
			close(f.moved)
			f.moved = make(chan struct{})
			f.mu.Unlock()
		}
	}()
	return f
}

func (f *follower) Position() domain.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.position
}

func (f *follower) Wait(ctx context.Context, p domain.Position) error {
	for {
		f.mu.Lock()
		moved, at := f.moved, f.position
		f.mu.Unlock()
		if at >= p {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f *follower) Close() error {
	f.cancel()
	<-f.done
	return nil
}
