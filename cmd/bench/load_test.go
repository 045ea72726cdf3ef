package main

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// counting is an operation that counts what it does and which of its clients are there.
type counting struct {
	done, joined, left atomic.Int64
	failAt             int64 // the call that fails, from 1
}

var errOnPurpose = errors.New("on purpose")

func (c *counting) operation() operation {
	return operation{"count", func(context.Context, int) (client, error) {
		c.joined.Add(1)
		do := func(context.Context) error {
			if c.done.Add(1) == c.failAt {
				return errOnPurpose
			}
			return nil
		}
		return plain{do, func() error { c.left.Add(1); return nil }}, nil
	}}
}

func TestMeasureStopsAtItsCount(t *testing.T) {
	t.Parallel()
	var c counting
	o, err := measure(t.Context(), c.operation(), 8, bound{time.Minute, 1000, 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.Count != 1000 {
		t.Errorf("counted: got %d, want 1000", o.Count)
	}
	if got := c.done.Load(); got != 1000+251 {
		t.Errorf("done with the quarter before: got %d, want 1251", got)
	}
	if joined, left := c.joined.Load(), c.left.Load(); joined != 8 || left != 8 {
		t.Errorf("clients: got %d that joined and %d that left, want 8", joined, left)
	}
}

func TestMeasureStopsAtItsTime(t *testing.T) {
	t.Parallel()
	var c counting
	o, err := measure(t.Context(), c.operation(), 2, bound{50 * time.Millisecond, 1 << 40, 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.Elapsed < 50*time.Millisecond || o.Elapsed > 5*time.Second {
		t.Errorf("elapsed: got %v, want a little over 50ms", o.Elapsed)
	}
	if o.Rate() <= 0 || o.P50 > o.P99 {
		t.Errorf("got %+v, want a rate, and p50 <= p99", o)
	}
}

func TestMeasureReturnsTheErrorOfAClient(t *testing.T) {
	t.Parallel()
	for _, at := range []int64{1, 500} { // in the part that is not counted, and after
		c := counting{failAt: at}
		_, err := measure(t.Context(), c.operation(), 4, bound{time.Minute, 1000, 1}, nil)
		if !errors.Is(err, errOnPurpose) {
			t.Errorf("failure %d: got %v, want %v", at, err, errOnPurpose)
		}
		if got := c.left.Load(); got != 4 {
			t.Errorf("failure %d: %d clients left, want 4", at, got)
		}
	}
}

func TestMeasureEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	op := operation{"cancel", func(context.Context, int) (client, error) {
		return plain{do: func(context.Context) error { cancel(); return nil }}, nil
	}}
	if _, err := measure(ctx, op, 1, bound{time.Minute, 1 << 40, 1}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestMeasureKeepsTheFastestOfItsRounds(t *testing.T) {
	t.Parallel()
	const slow = 5 * time.Millisecond
	calls := 0
	op := operation{"vary", func(context.Context, int) (client, error) {
		return plain{do: func(context.Context) error {
			if calls++; calls > 4 && calls <= 16 { // not the 4 before, nor the second round
				busy(slow)
			}
			return nil
		}}, nil
	}}
	o, err := measure(t.Context(), op, 1, bound{time.Minute, 12, 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if calls != 4+12+12 {
		t.Errorf("done: got %d operations, want 28", calls)
	}
	if o.P50 >= slow {
		t.Errorf("got the round with a median of %v, want the fast one", o.P50)
	}
}

// busy keeps the processor busy.
func busy(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
	}
}
