package rest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

// As many attributes as an object may have are a matter of milliseconds; looked up one by one they were one of minutes.
func TestChangedOfManyAttributes(t *testing.T) {
	t.Parallel()
	object := func(value int) []byte {
		var b strings.Builder
		for i := range 100_000 {
			fmt.Fprintf(&b, `,"attribute%d":%d`, i, value)
		}
		return []byte("{" + b.String()[1:] + "}")
	}
	result := domain.Result{Given: object(2), Old: domain.Object{Data: object(1)}, Object: domain.Object{Data: object(2)}}
	start := time.Now()
	if got, want := len(rest.Changed(result, false)), len(object(2)); got != want {
		t.Errorf("got %d bytes, want the %d of all attributes", got, want)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
