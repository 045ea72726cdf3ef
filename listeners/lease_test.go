package listeners

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/cache/memory"
)

// TestALeaseIsForOneAtATime has two processes with one cache: the second begins when the first has ended, and at once
// when the first gave the lease back.
func TestALeaseIsForOneAtATime(t *testing.T) {
	t.Parallel()
	l := quick(t)
	var running atomic.Int32
	entered := make(chan string, 2)
	process := func(ctx context.Context, name string) <-chan error {
		ended := make(chan error, 1)
		go func() {
			ended <- l.hold(ctx, func(ctx context.Context) error {
				if n := running.Add(1); n != 1 {
					t.Errorf("%d hold the lease", n)
				}
				defer running.Add(-1)
				entered <- name
				<-ctx.Done()
				return ctx.Err()
			})
		}()
		return ended
	}
	first, stop := context.WithCancel(t.Context())
	a := process(first, "a")
	if got := <-entered; got != "a" {
		t.Fatalf("got %s, want a", got)
	}
	second, stopSecond := context.WithCancel(t.Context())
	b := process(second, "b")
	stop()
	<-a
	if got := <-entered; got != "b" {
		t.Errorf("got %s, want b", got)
	}
	stopSecond()
	<-b
	if _, found, err := l.cache.Get(t.Context(), l.key); found || err != nil {
		t.Errorf("the lease is not given back: %v, %v", found, err)
	}
}

func TestALeaseThatAnotherHasEndsTheWork(t *testing.T) {
	t.Parallel()
	l := quick(t)
	err := l.hold(t.Context(), func(ctx context.Context) error {
		if err := l.cache.Set(ctx, l.key, []byte("another"), time.Minute); err != nil {
			t.Errorf("set: %v", err)
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if err == nil {
		t.Error("got nil, want the end of the context")
	}
	if holder, _, _ := l.cache.Get(t.Context(), l.key); string(holder) != "another" {
		t.Errorf("the other one lost the lease to %q", holder)
	}
}

func TestALeaseComesBackAfterAFlushOfTheCache(t *testing.T) {
	t.Parallel()
	l := quick(t)
	err := l.hold(t.Context(), func(ctx context.Context) error {
		if err := l.cache.Flush(ctx); err != nil {
			return err
		}
		for {
			if _, found, err := l.cache.Get(ctx, l.key); found || err != nil {
				return err
			}
		}
	})
	if err != nil {
		t.Errorf("got %v, want the lease renewed", err)
	}
}

func quick(t *testing.T) lease {
	t.Helper()
	return lease{
		cache: memory.New(memory.Config{}), key: "k",
		leaseTimes: leaseTimes{lasts: time.Minute, every: 2 * time.Millisecond, settle: time.Millisecond},
	}
}
