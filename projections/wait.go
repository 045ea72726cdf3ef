package projections

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/kintolog/kintolog/domain"
)

// Waiter lets callers wait until a read model has reached a position, also one that another process
// writes. Its methods may be called concurrently.
type Waiter struct {
	stop context.CancelFunc
	done sync.WaitGroup

	mu       sync.Mutex
	position domain.Position
	err      error
	changed  chan struct{} // closed, and replaced, when position or err changes
}

var errWaiterClosed = errors.New("nobody follows the read model any more")

// NewWaiter watches the store until Close. The context bounds the start only.
func NewWaiter(ctx context.Context, store Store) (*Waiter, error) {
	w := &Waiter{changed: make(chan struct{})}
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	positions, err := store.Watch(ctx)
	if err == nil {
		err = w.begin(ctx, store)
	}
	if err != nil {
		w.stop()
		return nil, fmt.Errorf("watch read model: %w", err)
	}
	w.done.Go(func() {
		for p := range positions {
			w.advance(p)
		}
	})
	return w, nil
}

func (w *Waiter) begin(ctx context.Context, store Store) error {
	checkpoint, err := store.Checkpoint(ctx)
	w.advance(checkpoint.Position)
	return err
}

// Position is how far the read model is known to be.
func (w *Waiter) Position() domain.Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.position
}

// Wait returns nil once the read model is at the position or beyond it, the context's error if it ends
// before, and an error if the read model will not get there because it is not followed any more.
func (w *Waiter) Wait(ctx context.Context, position domain.Position) error {
	for {
		w.mu.Lock()
		now, err, changed := w.position, w.err, w.changed
		w.mu.Unlock()
		switch {
		case now >= position:
			return nil
		case err != nil:
			return fmt.Errorf("wait for position %d at %d: %w", position, now, err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for position %d at %d: %w", position, now, ctx.Err())
		}
	}
}

// Close ends all waiting.
func (w *Waiter) Close() {
	w.fail(errWaiterClosed)
	w.stop()
	w.done.Wait()
}

func (w *Waiter) advance(to domain.Position) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if to > w.position {
		w.position = to
		w.wake()
	}
}

// fail lets everybody who waits know; the first error stays.
func (w *Waiter) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
		w.wake()
	}
}

func (w *Waiter) wake() {
	close(w.changed)
	w.changed = make(chan struct{})
}
