package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

// service is Kinto on an embedded log that syncs always, with one collection.
func service(tb testing.TB) *httptest.Server {
	tb.Helper()
	s := servertest.Open(tb, server.App{
		Name: "bench", Resources: kinto.Resources(),
		Policy:         domain.Policy{Grants: map[string][]string{"bucket_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{server.Static(web.BasicAuth{Secret: "s"})},
	}, server.Config{DataDir: tb.TempDir()})
	h := httptest.NewServer(s)
	tb.Cleanup(h.Close)
	h.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = 100
	for _, path := range []string{"/buckets/b", "/buckets/b/collections/c"} {
		if status := send(tb, h, http.MethodPut, path, nil); status != http.StatusCreated {
			tb.Fatalf("PUT %s: %d", path, status)
		}
	}
	return h
}

func send(tb testing.TB, h *httptest.Server, method, path string, body []byte) int {
	r, err := http.NewRequestWithContext(tb.Context(), method, h.URL+"/v1"+path, bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.SetBasicAuth("me", "secret")
	r.Header.Set("Content-Type", "application/json")
	res, err := h.Client().Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

var article = []byte(`{"data":{"title":"hello world","n":12,"tags":["a","b"],"body":"` + strings.Repeat("lorem ipsum ", 35) + `"}}`)

func BenchmarkCreate(b *testing.B) {
	for _, clients := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(clients, " clients"), func(b *testing.B) {
			h := service(b)
			concurrently(b, clients, func() int {
				return send(b, h, http.MethodPost, "/buckets/b/collections/c/records", article)
			}, http.StatusCreated)
		})
	}
}

func BenchmarkGet(b *testing.B) {
	h := service(b)
	if status := send(b, h, http.MethodPut, "/buckets/b/collections/c/records/r", article); status != http.StatusCreated {
		b.Fatal(status)
	}
	concurrently(b, 4, func() int { return send(b, h, http.MethodGet, "/buckets/b/collections/c/records/r", nil) }, http.StatusOK)
}

func BenchmarkList(b *testing.B) {
	h := service(b)
	for range 200 {
		if status := send(b, h, http.MethodPost, "/buckets/b/collections/c/records", article); status != http.StatusCreated {
			b.Fatal(status)
		}
	}
	concurrently(b, 4, func() int { return send(b, h, http.MethodGet, "/buckets/b/collections/c/records?_limit=100", nil) }, http.StatusOK)
}

// concurrently does something b.N times from a number of clients.
func concurrently(b *testing.B, clients int, do func() int, want int) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if got := do(); got != want {
					b.Errorf("status %d, want %d", got, want)
					return
				}
			}
		})
	}
	wg.Wait()
}
