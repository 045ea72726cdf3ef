package idempotency_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// contended is a log to which somebody else always seems to have appended first, as often as it is told.
type contended struct {
	eventstore.Log
	times *atomic.Int64
}

func (l contended) Append(ctx context.Context, after eventstore.Tail, c eventstore.Commit) (eventstore.Tail, error) {
	if l.times.Add(-1) >= 0 {
		return eventstore.Tail{}, eventstore.ErrConflict
	}
	return l.Log.Append(ctx, after, c)
}

func TestRequestsOfABatchAreToldOnceHoweverOftenItIsAttempted(t *testing.T) {
	t.Parallel()
	var conflicts atomic.Int64
	var told []string
	const two = `{"defaults":{"method":"PUT"},"requests":[{"path":"/buckets/a"},{"path":"/buckets/-"}]}`
	s := open(t, server.Config{Memory: true}, server.Plugin{
		Name: "watcher", Wrap: server.Wrappers{Log: func(l eventstore.Log) eventstore.Log { return contended{l, &conflicts} }},
		Observe: func(s web.Summary) {
			if s.Part {
				told = append(told, fmt.Sprint(s.Request.Method, " ", s.Request.URL.Path, " ", s.Status))
			}
		},
	})
	for _, c := range []struct {
		name    string
		headers []string
		want    []string
	}{
		{"first", []string{key}, []string{"PUT /v1/buckets/a 201", "PUT /v1/buckets/- 400"}},
		{"repeated", []string{key}, nil},
		{"no key", nil, []string{"PUT /v1/buckets/a 200", "PUT /v1/buckets/- 400"}},
		{"undone", []string{"Kintolog-Batch: strict"}, []string{"PUT /v1/buckets/- 400"}},
	} {
		conflicts.Store(2)
		told = nil
		send(t, s, "POST /batch", two, c.headers...)
		if !slices.Equal(told, c.want) {
			t.Errorf("%s: told %q, want %q", c.name, told, c.want)
		}
	}
}
