package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// operation is something that clients do again and again.
type operation struct {
	name string
	// join makes a client. Clients are numbered from 0.
	join func(ctx context.Context, number int) (client, error)
}

// client does its operation once each time Do is called. One goroutine at a time uses it.
type client interface {
	Do(ctx context.Context) error
	Close() error
}

// bound says how long a measurement takes.
type bound struct {
	duration time.Duration // of a round, which ends here,
	count    int64         // or after so many operations of all clients together
	rounds   int           // of which the fastest counts
}

// grace is how much longer than its bound a measurement may take before it counts as stuck.
const grace = 15 * time.Second

// outcome is what a measurement found.
type outcome struct {
	Count    int
	Elapsed  time.Duration
	P50, P99 time.Duration
	// Server and Own are CPU time for each operation: that of the measured processes, and of this one. Server
	// is zero where nothing but this process is at work.
	Server, Own time.Duration
	// Others is the share of the cores, 0 to 1, that programs without a part in it used meanwhile.
	Others float64
}

// Rate is operations in a second.
func (o outcome) Rate() float64 {
	if o.Elapsed <= 0 {
		return 0
	}
	return float64(o.Count) / o.Elapsed.Seconds()
}

// measure lets n clients do the operation for a quarter of a round, which is not counted, and then for the
// rounds of the bound. It returns the fastest one, because what else the machine does can only make a round slower.
// The first error of a client ends it. The CPU time is that of the meter, which may be nil.
func measure(ctx context.Context, op operation, n int, limit bound, cpu meter) (best outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(limit.rounds)*limit.duration+grace)
	defer cancel()
	clients, err := join(ctx, op, n)
	defer leave(clients)
	if err == nil {
		_, _, err = drive(ctx, clients, bound{duration: limit.duration / 4, count: limit.count/4 + 1})
	}
	for round := 0; round < limit.rounds && err == nil; round++ {
		var o outcome
		if o, err = metered(ctx, clients, limit, cpu); o.Rate() > best.Rate() {
			best = o
		}
	}
	if err != nil {
		return outcome{}, fmt.Errorf("%s: %w", op.name, err)
	}
	return best, nil
}

func metered(ctx context.Context, clients []client, limit bound, cpu meter) (outcome, error) {
	before, err := readMeters(cpu)
	if err != nil {
		return outcome{}, err
	}
	times, elapsed, err := drive(ctx, clients, limit)
	if err != nil {
		return outcome{}, err
	}
	after, err := readMeters(cpu)
	if err != nil {
		return outcome{}, err
	}
	used := after.minus(before)
	n := time.Duration(max(1, len(times)))
	return outcome{
		Count: len(times), Elapsed: elapsed, P50: percentile(times, 50), P99: percentile(times, 99),
		Server: used.server / n, Own: used.own / n, Others: used.others(elapsed),
	}, nil
}

func join(ctx context.Context, op operation, n int) (clients []client, err error) {
	for i := range n {
		c, err := op.join(ctx, i)
		if err != nil {
			return clients, fmt.Errorf("client %d: %w", i, err)
		}
		clients = append(clients, c)
	}
	return clients, nil
}

func leave(clients []client) {
	for _, c := range clients {
		_ = c.Close() // what it did has been measured
	}
}

// drive runs the clients at once and returns how long each operation took, in ascending order.
func drive(ctx context.Context, clients []client, limit bound) ([]time.Duration, time.Duration, error) {
	var started atomic.Int64
	start := time.Now()
	end := start.Add(limit.duration)
	more := func(now time.Time) bool {
		return now.Before(end) && ctx.Err() == nil && started.Add(1) <= limit.count
	}
	times := make([][]time.Duration, len(clients))
	failures := make([]error, len(clients))
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() { times[i], failures[i] = loop(ctx, c, more) })
	}
	all.Wait()
	elapsed := time.Since(start)
	err := errors.Join(failures...)
	if err == nil {
		err = ctx.Err()
	}
	return ascending(times), elapsed, err
}

func loop(ctx context.Context, c client, more func(now time.Time) bool) ([]time.Duration, error) {
	times := make([]time.Duration, 0, 4096)
	for begin := time.Now(); more(begin); {
		if err := c.Do(ctx); err != nil {
			return times, err
		}
		end := time.Now()
		times = append(times, end.Sub(begin))
		begin = end
	}
	return times, nil
}

// plain is a client made of two functions. Closing may be nil.
type plain struct {
	do    func(ctx context.Context) error
	close func() error
}

func (p plain) Do(ctx context.Context) error { return p.do(ctx) }

func (p plain) Close() error {
	if p.close == nil {
		return nil
	}
	return p.close()
}
