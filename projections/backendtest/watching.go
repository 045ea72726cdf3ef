package backendtest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections"
)

// answersFromOnePosition: while commits are applied, every answer holds together.
func answersFromOnePosition(f *fixture) {
	f.commit(create("/l/a", 1, ""))
	ctx, stop := context.WithCancel(f.t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if err := consistent(f.store); err != nil {
					f.t.Errorf("a read during writes: %v", err)
					return
				}
			}
		})
	}
	for i := range 200 {
		f.commit(create(domain.URI(fmt.Sprintf("/l/r%d", i)), domain.Timestamp(i+2), ""))
	}
	stop()
	readers.Wait()
}

// consistent checks that the position, the scope, the count and the newest object are of one state, in
// which all of them are equal.
func consistent(s projections.Store) error {
	ctx := context.Background() // the reads end by themselves
	snapshot, page, err := s.List(ctx, domain.Needs{Scopes: []domain.Plural{"/l"}}, domain.Query{Plural: "/l", Limit: 1, Total: true})
	if err != nil {
		return err
	}
	at := domain.Timestamp(snapshot.Position)
	if snapshot.Scopes["/l"].Timestamp != at || page.Total != int64(at) || page.Objects[0].LastModified != at {
		return fmt.Errorf("position %d with scope %v, total %d and newest %d", at, snapshot.Scopes, page.Total, page.Objects[0].LastModified)
	}
	return nil
}

func tellsWatchersThePosition(f *fixture) {
	positions, err := f.store.Watch(f.t.Context())
	if err != nil {
		f.t.Fatalf("Watch: %v", err)
	}
	for i := range 20 {
		f.commit(create("/l/a", domain.Timestamp(i+1), ""))
		for got := domain.Position(0); got < f.tail.Position; {
			got = <-positions
			if tail, err := f.store.Checkpoint(f.t.Context()); err != nil || tail.Position < got {
				f.t.Fatalf("told of %d when the checkpoint is %v, %v", got, tail, err)
			}
		}
	}
	stale := f.fold(create("/l/b", 100, ""))
	stale.From = f.fold().To
	if err := f.store.Apply(f.t.Context(), stale); !errors.Is(err, projections.ErrMoved) {
		f.t.Errorf("Apply on a stale checkpoint = %v, want ErrMoved", err)
	}
	select {
	case got := <-positions:
		if got > f.tail.Position {
			f.t.Errorf("told of %d, which was not applied", got)
		}
	default:
	}
}

func closesTheChannelWithTheContext(f *fixture) {
	ctx, stop := context.WithCancel(f.t.Context())
	positions, err := f.store.Watch(ctx)
	if err != nil {
		f.t.Fatalf("Watch: %v", err)
	}
	stop()
	for range positions { //nolint:revive // ends when the channel is closed
	}
}
