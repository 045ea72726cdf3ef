package live_test

import (
	"fmt"
	"testing"

	"github.com/kintolog/kintolog/live"
	"github.com/kintolog/kintolog/server"
)

// BenchmarkTell is from a write to the last of so many subscribers who hear of it, clients included.
func BenchmarkTell(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("subscribers=%d", n), func(b *testing.B) {
			s := start(b, live.Options{}, server.Config{})
			all := make([]*subscriber, n)
			for i := range all {
				all[i] = s.hears(b, "alice", records)
			}
			for b.Loop() {
				s.do(b, "alice", "PUT "+records+"/one", "{}")
				for _, u := range all {
					u.next(b)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "told/s")
		})
	}
}

// BenchmarkWriteUnheard is a write while so many subscribers hear of other collections.
func BenchmarkWriteUnheard(b *testing.B) {
	for _, n := range []int{0, 1000} {
		b.Run(fmt.Sprintf("subscribers=%d", n), func(b *testing.B) {
			s := start(b, live.Options{}, server.Config{})
			for range n {
				s.hears(b, "alice", "/buckets/b/groups")
			}
			for b.Loop() {
				s.do(b, "alice", "PUT "+records+"/one", "{}")
			}
		})
	}
}
