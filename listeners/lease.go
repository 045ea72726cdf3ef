package listeners

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/kintolog/kintolog/domain"
)

// leaseTimes are how long a lease lasts, how often it is renewed or asked for, and how long one who takes a free lease
// waits for another one who takes it at the same time: the later one has it.
type leaseTimes struct{ lasts, every, settle time.Duration }

var usualLease = leaseTimes{lasts: 30 * time.Second, every: 5 * time.Second, settle: time.Second}

// lease lets processes that share a cache take turns. It is not a lock: two may hold it for a moment, if one of them
// is stopped between two steps or the cache forgets. Then events are told twice.
type lease struct {
	cache domain.Cache
	key   string
	leaseTimes
}

// hold waits for the lease and runs until it is lost, run returns, or ctx ends, and gives it back.
func (l lease) hold(ctx context.Context, run func(context.Context) error) error {
	id := uuid.NewString()
	for !l.acquire(ctx, id) {
		pause(ctx, l.every)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	defer l.release(context.WithoutCancel(ctx), id)
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- run(running) }()
	ticks := time.NewTicker(l.every)
	defer ticks.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-ticks.C:
			if !l.renew(ctx, id) {
				stop()
				return <-ended
			}
		}
	}
}

// acquire takes the lease if nobody has it.
func (l lease) acquire(ctx context.Context, id string) bool {
	if _, taken, err := l.cache.Get(ctx, l.key); taken || err != nil {
		return false
	}
	if l.cache.Set(ctx, l.key, []byte(id), l.lasts) != nil {
		return false
	}
	pause(ctx, l.settle)
	return l.renew(ctx, id)
}

// renew tells whether the lease is still there for id, or may be, because the cache cannot tell.
func (l lease) renew(ctx context.Context, id string) bool {
	holder, found, err := l.cache.Get(ctx, l.key)
	if err != nil {
		return true
	}
	if found && string(holder) != id {
		return false
	}
	_ = l.cache.Set(ctx, l.key, []byte(id), l.lasts) // otherwise the next time
	return true
}

func (l lease) release(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, l.every)
	defer cancel()
	if holder, _, err := l.cache.Get(ctx, l.key); err == nil && string(holder) == id {
		_, _, _ = l.cache.Take(ctx, l.key) // otherwise it ends by itself
	}
}
