package jetstream_test

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/logtest"
	"github.com/kintolog/kintolog/internal/natstest"
)

// BenchmarkBarePublish is what any append costs at least: one message of 500 bytes, synced.
func BenchmarkBarePublish(b *testing.B) {
	nc := natstest.Server(b)
	js, err := natsjs.New(nc)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := js.CreateStream(b.Context(), natsjs.StreamConfig{Name: "bare", Subjects: []string{"bare"}}); err != nil {
		b.Fatal(err)
	}
	payload := make([]byte, 500)
	for b.Loop() {
		if _, err := nc.Request("bare", payload, 5*time.Second); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []struct{ entries, events int }{
		{1, 1}, {1, 16}, {1, 64}, {1, 256}, {2, 1}, {25, 1},
	} {
		b.Run(fmt.Sprintf("entries=%d/events=%d", size.entries, size.events), func(b *testing.B) {
			log := open(b, natstest.Server(b), jetstream.Config{})
			events := load(size.entries, size.events)
			var tail eventstore.Tail
			for i := 0; b.Loop(); i++ {
				var err error
				if tail, err = log.Append(b.Context(), tail, eventstore.Commit{ID: fmt.Sprintf("c%d", i), Events: events}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(events)*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// load is a number of events in each of a number of endpoints.
func load(entries, events int) []domain.Event {
	var all []domain.Event
	data := fmt.Appendf(nil, `{"text":"%0480d"}`, 1)
	for i := range entries {
		for j := range events {
			e := logtest.Event(domain.URI(fmt.Sprintf("/buckets/b%d/collections/c/records/r%d", i, j)), domain.Created)
			e.Object.Data = data
			all = append(all, e)
		}
	}
	return all
}

func BenchmarkRead(b *testing.B) {
	for name, walk := range map[string]func(eventstore.Log, context.Context, domain.Position) iter.Seq2[eventstore.Entry, error]{
		"Read": everything, "Follow": eventstore.Log.Follow,
	} {
		for _, events := range []int{1, 25} {
			b.Run(fmt.Sprintf("%s/events=%d", name, events), func(b *testing.B) {
				const n = 20000
				log := filled(b, n, events)
				for b.Loop() {
					seen := 0
					for _, err := range walk(log, b.Context(), 0) {
						if err != nil {
							b.Fatal(err)
						}
						if seen++; seen == n {
							break
						}
					}
				}
				b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "entries/s")
			})
		}
	}
}

func everything(log eventstore.Log, ctx context.Context, after domain.Position) iter.Seq2[eventstore.Entry, error] {
	return log.Read(ctx, after)
}

// BenchmarkReadOfOneEndpoint is of ten entries among many others.
func BenchmarkReadOfOneEndpoint(b *testing.B) {
	for _, n := range []int{1000, 20000} {
		b.Run(fmt.Sprintf("entries=%d", n), func(b *testing.B) {
			log := filled(b, n, 1)
			var tail eventstore.Tail
			for e, err := range log.Read(b.Context(), domain.Position(n-1)) {
				if err != nil {
					b.Fatal(err)
				}
				tail = e.Tail()
			}
			for i := range 10 {
				var err error
				if tail, err = log.Append(b.Context(), tail, commit(fmt.Sprint("one-", i), 1)); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				seen := 0
				for _, err := range log.Read(b.Context(), 0, "/buckets/b0/groups") {
					if err != nil {
						b.Fatal(err)
					}
					seen++
				}
				if seen != 10 {
					b.Fatalf("%d entries, want 10", seen)
				}
			}
		})
	}
}

// filled is a log of n entries, written quickly.
func filled(b *testing.B, n, events int) *jetstream.Log {
	b.Helper()
	log := open(b, natstest.Server(b), jetstream.Config{})
	const batch = 1000
	var tail eventstore.Tail
	for i := 0; i < n; i += batch {
		var err error
		if tail, err = log.Append(b.Context(), tail, eventstore.Commit{ID: fmt.Sprint(i), Events: load(batch, events)}); err != nil {
			b.Fatal(err)
		}
	}
	return log
}

// BenchmarkFollowLatency is from the call of Append to the entry at a follower.
func BenchmarkFollowLatency(b *testing.B) {
	log := open(b, natstest.Server(b), jetstream.Config{})
	next, stop := iter.Pull2(log.Follow(b.Context(), 0))
	defer stop()
	var tail eventstore.Tail
	events := load(1, 1)
	var behind time.Duration
	arrived := make(chan time.Time, 1)
	ask := make(chan struct{})
	go func() {
		for range ask {
			next()
			arrived <- time.Now()
		}
	}()
	for i := 0; b.Loop(); i++ {
		ask <- struct{}{}
		var err error
		if tail, err = log.Append(b.Context(), tail, eventstore.Commit{ID: fmt.Sprint(i), Events: events}); err != nil {
			b.Fatal(err)
		}
		acknowledged := time.Now()
		behind += (<-arrived).Sub(acknowledged)
	}
	close(ask)
	b.ReportMetric(float64(behind.Microseconds())/float64(b.N), "µs-after-ack")
}
