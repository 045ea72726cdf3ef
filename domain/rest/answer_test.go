package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

func TestChanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, given, stored, light, diff string }{
		{``, ``, `{"id":"r"}`, `{}`, `{}`},
		{`{"a":1,"b":2}`, `{"a":1,"b":3}`, `{"a":1,"b":3}`, `{"b":3}`, `{}`},
		{`{"a":1}`, `{"b":1}`, `{"a":1,"b":1.0}`, `{"b":1.0}`, `{}`},
		{`{"s":1}`, `{"s":2}`, `{"s":3,"t":4}`, `{"s":3}`, `{"s":3}`},
		{`{"a":1}`, `{"a":null}`, `{}`, `{}`, `{}`},
	} {
		result := domain.Result{
			Given: []byte(c.given), Old: domain.Object{Data: []byte(c.old)}, Object: domain.Object{Data: []byte(c.stored)},
		}
		if got := string(rest.Changed(result, false)); got != c.light {
			t.Errorf("light answer to %s on %s that became %s: got %s, want %s", c.given, c.old, c.stored, got, c.light)
		}
		if got := string(rest.Changed(result, true)); got != c.diff {
			t.Errorf("diff answer to %s on %s that became %s: got %s, want %s", c.given, c.old, c.stored, got, c.diff)
		}
	}
}

// BenchmarkChanged is what a light answer costs, up to as many attributes as an object may have: its time is to grow as they do.
func BenchmarkChanged(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		object := func(value int) []byte {
			var text strings.Builder
			for i := range n {
				fmt.Fprintf(&text, `,"attribute%d":%d`, i, value)
			}
			return []byte("{" + text.String()[1:] + "}")
		}
		result := domain.Result{Given: object(2), Old: domain.Object{Data: object(1)}, Object: domain.Object{Data: object(2)}}
		b.Run(fmt.Sprintf("attributes=%d", n), func(b *testing.B) {
			for b.Loop() {
				rest.Changed(result, false)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/attribute")
		})
	}
}
