package kinto_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/permissions"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

// halting is a read model that stands still while it is told to.
type halting struct {
	projections.Store
	still *atomic.Bool
}

func (h halting) Apply(ctx context.Context, c projections.Change) error {
	if h.still.Load() {
		return projections.ErrUnavailable
	}
	return h.Store.Apply(ctx, c)
}

// twin is Kinto by a clock that stands still. If its read model may stand still as well, writes do not wait for it.
func twin(t *testing.T, still *atomic.Bool) *server.Server {
	t.Helper()
	config := server.Config{Now: func() time.Time { return time.UnixMilli(1_800_000_000_000) }}
	var plugins []server.Plugin
	if still != nil {
		config.Readable = time.Millisecond
		plugins = append(plugins, server.Plugin{Name: "halting", Wrap: server.Wrappers{
			Model: func(m projections.Store) projections.Store { return halting{m, still} },
		}})
	}
	return servertest.Open(t, server.App{
		Name: "kinto", Resources: kinto.Resources(),
		Policy: domain.Policy{Grants: map[string][]string{
			"bucket_create": {domain.Authenticated}, "permissions_read": {domain.Authenticated},
		}},
		Authenticators: []server.Authentication{server.Static(servertest.Users("test"))},
		Plugins:        append(plugins, permissions.New()),
	}, config)
}

// part is a request of a batch.
type part struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
	user    string
}

func of(user, method, path, body string) part {
	credentials := base64.StdEncoding.EncodeToString([]byte(user + ":password"))
	return part{method, path, map[string]string{"Authorization": "Basic " + credentials}, json.RawMessage(body), user}
}

func one[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// content is that of any object.
func content(r *rand.Rand) string {
	return fmt.Sprintf(`{"data":{"n":%d,"members":[%q]},"permissions":{%q:[%q]}}`, r.IntN(3), one(r, "test:bob", "test:carol"),
		one(r, "read", "write"), one(r, "test:bob", "test:carol", "/buckets/a/groups/g", "/buckets/b/groups/h"))
}

// foundation makes what there is not yet, so that most requests find something.
func foundation(r *rand.Rand) (parts []part) {
	for _, path := range []string{
		"/buckets/a", "/buckets/a/collections/c", "/buckets/a/groups/g", "/buckets/a/collections/c/records/1", "/buckets/a/collections/c/records/2",
	} {
		p := of("alice", "PUT", path, "{}")
		if strings.Count(path, "/") > 4 || strings.Contains(path, "groups") {
			p.Body = json.RawMessage(content(r))
		}
		p.Headers["If-None-Match"] = "*"
		parts = append(parts, p)
	}
	return parts
}

// anything is a request of somebody to something, which depends on those before it.
func anything(r *rand.Rand) part {
	bucket := one(r, "/buckets/a", "/buckets/a", "/buckets/b")
	collection := bucket + "/collections/" + one(r, "c", "c", "d")
	plural, id := collection+"/records", one(r, "1", "2", "3")
	switch r.IntN(10) {
	case 0:
		plural, id = "/buckets", strings.TrimPrefix(bucket, "/buckets/")
	case 1:
		plural, id = bucket+"/collections", collection[len(collection)-1:]
	case 2, 3:
		plural, id = bucket+"/groups", one(r, "g", "h")
	}
	user := one(r, "alice", "alice", "bob", "carol")
	switch r.IntN(12) {
	case 0, 1, 2, 3:
		return of(user, one(r, "PUT", "PATCH"), plural+"/"+id, content(r))
	case 4:
		return of(user, "DELETE", plural+one(r, "/"+id, "/"+id, "?n=1"), "")
	case 5:
		return of(user, "GET", "/permissions?_sort=uri", "")
	case 6:
		return of(user, "HEAD", plural, "")
	case 7:
		return of(user, "GET", plural+"/"+id, "")
	}
	return of(user, "GET", plural+one(r, "", "?min_n=1", "?_sort=n,-id&_limit=2", "?_since=1", "?not_n=0&_sort=id"), "")
}

// What a batch is answered is what its requests alone are, of whatever the read model does not have yet.
func TestABatchIsAnsweredAsItsRequestsAlone(t *testing.T) {
	t.Parallel()
	for seed := range uint64(16) {
		r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // the same each time
		var still atomic.Bool
		batched, alone := twin(t, &still), twin(t, nil)
		for range 25 {
			still.Store(r.IntN(3) > 0)
			parts := foundation(r)
			for range 1 + r.IntN(8) {
				parts = append(parts, anything(r))
			}
			body, err := json.Marshal(map[string]any{"requests": parts})
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Responses []struct {
					Status  int
					Headers map[string]string
					Body    json.RawMessage
				}
			}
			a := servertest.Send(t, batched, "alice", "POST /batch", string(body))
			if err := json.Unmarshal(a.Body.Bytes(), &got); err != nil || len(got.Responses) != len(parts) {
				t.Fatalf("%s: got %d %s", body, a.Code, a.Body)
			}
			for i, p := range parts {
				var headers []string
				if p.Headers["If-None-Match"] != "" {
					headers = []string{"Content-Type: application/json", "If-None-Match: *"}
				}
				want, got := servertest.Send(t, alone, p.user, p.Method+" "+p.Path, string(p.Body), headers...), got.Responses[i]
				same := got.Status == want.Code && (p.Method == http.MethodHead || string(got.Body) == want.Body.String())
				for _, name := range []string{"ETag", "Total-Objects", "Last-Modified"} {
					same = same && got.Headers[name] == want.Header().Get(name)
				}
				if !same {
					t.Fatalf("seed %d: %s %s of %s: got %d %s, %v\nalone %d %s, %v\nin %s",
						seed, p.Method, p.Path, p.user, got.Status, got.Body, got.Headers, want.Code, want.Body, want.Header(), body)
				}
			}
		}
	}
}
