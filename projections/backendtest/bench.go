package backendtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections"
)

// Benchmark measures a store with some thousand objects; beside it, a backend measures its driver alone.
func Benchmark(b *testing.B, open func(testing.TB) projections.Store) {
	for _, size := range []int{1_000, 100_000} {
		f := setup(b, open)
		f.fill(size)
		b.Run(fmt.Sprintf("rows=%d", size), func(b *testing.B) {
			benchmarkLoad(b, f, size)
			benchmarkLists(b, f, size)
			for _, n := range []int{1, 16, 64, 256} {
				b.Run(fmt.Sprintf("Apply/creates=%d", n), func(b *testing.B) { benchmarkApply(b, f, n, made) })
			}
			b.Run("Apply/creates=256/chosen", func(b *testing.B) { benchmarkApply(b, f, 256, chosen) })
		})
	}
}

// made are ids as the server makes them, and chosen those of clients, which lie anywhere among the others.
func made(int) string     { return domain.RelaxedUUIDs.New() }
func chosen(n int) string { return fmt.Sprintf("r%d-%d", rand.IntN(100_000), n) }

// Records is the plural endpoint that [Benchmark] fills, with ids r0, r1, ...
const Records = domain.Plural("/buckets/b/collections/c/records")

func record(i int) domain.Event { return recordOf(fmt.Sprintf("r%d", i), i) }

func recordOf(id string, i int) domain.Event {
	attributes := fmt.Sprintf(`"n":%d,"title":"title %d","text":%q`, i, i%100, strings.Repeat("lorem ipsum ", 60))
	e := create(Records.Object(id), domain.Timestamp(1_700_000_000_000+i), attributes)
	return with(e, "write", "basicauth:somebody")
}

func (f *fixture) fill(size int) {
	f.commit(with(create("/buckets/b", 1, ""), "write", "basicauth:owner"), create("/buckets/b/collections/c", 2, ""),
		create("/buckets/b/groups/g", 3, `"members":["basicauth:me"]`))
	for i := 0; i < size; {
		var events []domain.Event
		for ; i < size && len(events) < 1000; i++ {
			events = append(events, record(i))
		}
		f.commit(events...)
	}
	if o, ok := f.store.(projections.Optimizer); ok {
		if err := o.Optimize(f.t.Context()); err != nil {
			f.t.Fatalf("Optimize: %v", err)
		}
	}
}

func benchmarkLoad(b *testing.B, f *fixture, size int) {
	ctx := b.Context()
	load := func(b *testing.B, i int) {
		u := Records.Object(fmt.Sprintf("r%d", i*7919%size))
		snapshot, err := f.store.Load(ctx, domain.Needs{
			Objects: []domain.URI{u, "/buckets/b/collections/c", "/buckets/b"},
			Members: []string{"basicauth:me", "system.Authenticated", "system.Everyone"},
		})
		if err != nil || len(snapshot.Objects) != 3 || len(snapshot.Groups) != 1 {
			b.Errorf("Load = %v, %v", snapshot, err)
		}
	}
	b.Run("Load", func(b *testing.B) {
		for i := range b.N {
			load(b, i)
		}
	})
	b.Run("LoadParallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				load(b, i)
			}
		})
	})
}

func benchmarkLists(b *testing.B, f *fixture, size int) {
	needs := domain.Needs{
		Objects: []domain.URI{"/buckets/b/collections/c", "/buckets/b"}, Scopes: []domain.Plural{Records},
		Members: []string{"basicauth:me", "system.Authenticated", "system.Everyone"},
	}
	since := domain.Filter{Field: domain.Field{"last_modified"}, Op: domain.Greater, Values: [][]byte{fmt.Append(nil, 1_700_000_000_000+size)}}
	title := domain.Filter{Field: domain.Field{"title"}, Op: domain.Equal, Values: [][]byte{[]byte(`"title 7"`)}}
	for _, c := range []struct {
		name  string
		query domain.Query
		want  int
	}{
		{"List100", domain.Query{Limit: 100, Total: true}, 100},
		{"SinceNothing", domain.Query{Limit: 101, Tombstones: true, Filters: []domain.Filter{since}}, 0},
		{"Filtered10", domain.Query{Limit: 10, Filters: []domain.Filter{title}}, 10},
		{"SortedByTitle10", domain.Query{Limit: 10, Sort: sorts("title")}, 10},
		{"FilteredTotal", domain.Query{Total: true, Filters: []domain.Filter{title}}, 0},
		{"SharedWithNobody", domain.Query{Limit: 10, Shared: &domain.Shared{
			Permissions: []string{"read", "write"}, Principals: []string{"basicauth:me"}, Members: []string{"basicauth:me"},
		}}, 0},
	} {
		c.query.Plural = Records
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				_, page, err := f.store.List(b.Context(), needs, c.query)
				if err != nil || len(page.Objects) != c.want {
					b.Fatalf("List = %d objects, %v, want %d", len(page.Objects), err, c.want)
				}
			}
		})
	}
}

func benchmarkApply(b *testing.B, f *fixture, n int, id func(int) string) {
	f.t = b
	next := int(f.tail.Position) * 1000
	changes := make([]projections.Change, b.N)
	for i := range changes {
		var events []domain.Event
		for range n {
			events = append(events, recordOf(id(next), next))
			next++
		}
		changes[i] = f.fold(events...)
		f.tail = changes[i].To
	}
	b.ResetTimer()
	for _, change := range changes {
		f.apply(change)
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// Fill opens a store and fills it as [Benchmark] does.
func Fill(b *testing.B, open func(testing.TB) projections.Store, size int) {
	b.Helper()
	setup(b, open).fill(size)
}
