package projections

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// RunnerOptions bound what a [Runner] applies in one transaction. The zero value has the defaults.
type RunnerOptions struct {
	MaxEvents int           // default 2,000
	MaxBytes  int           // default 8 MiB
	MaxDelay  time.Duration // between attempts while the store or the log is unavailable, default 5 s
	// CheckEvery is the time between two looks whether the store still holds what was applied, default 1 s.
	CheckEvery time.Duration
	// GivesUp, if set, is told why when the runner stops before it is closed: no later attempt can succeed.
	GivesUp func(error)
}

func (o RunnerOptions) withDefaults() RunnerOptions {
	if o.MaxEvents == 0 {
		o.MaxEvents = 2_000
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 8 << 20
	}
	if o.MaxDelay == 0 {
		o.MaxDelay = 5 * time.Second
	}
	if o.CheckEvery == 0 {
		o.CheckEvery = time.Second
	}
	return o
}

// Runner keeps a store up with a log. Several may run for one store, in any processes: each commit is applied
// once, and when one stops the others go on. Its methods may be called concurrently.
type Runner struct {
	*Waiter
	log     eventstore.Log
	options RunnerOptions
	stop    context.CancelFunc
	done    sync.WaitGroup

	applying sync.Mutex // guards applier
	applier  applier

	mu   sync.Mutex // guards what follows
	seen domain.Position
	err  error
}

// Start verifies that the store belongs to the log, as [Verify] does, and follows the log until
// Close. What is in quarantine is tried again first. The catalog says which objects are groups, and what is derived of
// events. The context bounds the start only.
func Start(ctx context.Context, log eventstore.Log, store Store, catalog *domain.Catalog, options RunnerOptions) (*Runner, error) {
	r := &Runner{log: log, options: options.withDefaults(), applier: applier{store: store, catalog: catalog}}
	if err := r.verify(ctx); err != nil {
		return nil, err
	}
	var err error
	if r.Waiter, err = NewWaiter(ctx, store); err != nil {
		return nil, err
	}
	ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	r.done.Go(func() { r.run(ctx) })
	return r, nil
}

// Seen is how far the log was seen to go.
func (r *Runner) Seen() domain.Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

// Lag is how many entries the log was seen to have that the store has not.
func (r *Runner) Lag() domain.Position {
	return max(r.Seen(), r.Position()) - r.Position()
}

// Err is nil while all is well, the last failure while the runner tries again, and why it has stopped
// after it gave up.
func (r *Runner) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Close stops following and waits until nothing is under way. Who waits gets an error.
func (r *Runner) Close() {
	r.stop()
	r.done.Wait()
	r.Waiter.Close()
}

// run follows the log, from where the store is, again and again.
func (r *Runner) run(ctx context.Context) {
	delay := backoff.NewExponentialBackOff()
	delay.InitialInterval, delay.MaxInterval = 10*time.Millisecond, r.options.MaxDelay
	for {
		before := r.Position()
		err := r.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		r.report(err)
		if !mayPass(err) {
			r.fail(err)
			if r.options.GivesUp != nil {
				r.options.GivesUp(err)
			}
			return
		}
		if r.Position() > before {
			delay.Reset()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(delay.NextBackOff()):
		}
	}
}

// errPanic: what a resource derives of an event, or its members, panicked. It would again, and take the process along
// each time it starts.
var errPanic = errors.New("panic")

// mayPass tells whether a later attempt may succeed.
func mayPass(err error) bool {
	for _, fatal := range []error{ErrAhead, ErrDiverged, ErrRefused, eventstore.ErrCorrupt, errPanic} {
		if errors.Is(err, fatal) {
			return false
		}
	}
	return true
}

// follow applies what the log has and what is appended to it, until something fails.
func (r *Runner) follow(ctx context.Context) error {
	if err := r.verify(ctx); err != nil {
		return err
	}
	if err := r.replay(ctx); err != nil {
		return err
	}
	r.report(nil)
	ctx, stop := context.WithCancelCause(ctx)
	q := newQueue(r.options.MaxEvents, r.options.MaxBytes)
	var beside sync.WaitGroup
	after := r.applier.checkpoint.Position
	beside.Go(func() { stop(r.read(ctx, after, q)) })
	beside.Go(func() { stop(r.guard(ctx)) })
	stop(r.applyAll(ctx, q))
	beside.Wait()
	return context.Cause(ctx)
}

// guard returns when the store has gone back to an earlier state, which nobody else would notice before the next change.
func (r *Runner) guard(ctx context.Context) error {
	tick := time.NewTicker(r.options.CheckEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if err := r.check(ctx); err != nil {
				return err
			}
		}
	}
}

// check is errBehind if the store holds less than was applied. A store that does not answer may hold all of it.
func (r *Runner) check(ctx context.Context) error {
	r.applying.Lock()
	defer r.applying.Unlock()
	checkpoint, err := r.applier.store.Checkpoint(ctx)
	if err == nil && checkpoint.Position < r.applier.checkpoint.Position {
		return r.applier.behind(checkpoint)
	}
	return nil
}

func (r *Runner) verify(ctx context.Context) error {
	checkpoint, tail, err := Verify(ctx, r.log, r.applier.store)
	if err != nil {
		return err
	}
	r.notice(tail.Position)
	r.applying.Lock()
	defer r.applying.Unlock()
	return r.applier.begin(ctx, checkpoint)
}

// replay tries what is in quarantine again: a program that starts may be one in which the cause is gone.
func (r *Runner) replay(ctx context.Context) error {
	r.applying.Lock()
	defer r.applying.Unlock()
	if err := r.applier.replay(ctx); err != nil {
		return fmt.Errorf("replay what is in quarantine: %w", err)
	}
	return nil
}

func (r *Runner) read(ctx context.Context, after domain.Position, q *queue) error {
	for entry, err := range r.log.Follow(ctx, after) {
		if err != nil {
			return fmt.Errorf("follow the log: %w", err)
		}
		r.notice(entry.Position)
		if err := q.put(ctx, entry); err != nil {
			return err
		}
	}
	return errors.New("follow the log: it ended")
}

func (r *Runner) applyAll(ctx context.Context, q *queue) error {
	for {
		entries, err := q.take(ctx)
		if err != nil {
			return err
		}
		if err := r.apply(ctx, entries); err != nil {
			return err
		}
	}
}

func (r *Runner) apply(ctx context.Context, entries []eventstore.Entry) (err error) {
	r.applying.Lock()
	defer r.applying.Unlock()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("apply entries from %d on: %w: %v\n%s", entries[0].Position, errPanic, p, debug.Stack())
		}
	}()
	if err := r.applier.apply(ctx, entries); err != nil {
		return err
	}
	r.advance(r.applier.checkpoint.Position)
	return nil
}

func (r *Runner) notice(position domain.Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = max(r.seen, position)
}

func (r *Runner) report(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}
