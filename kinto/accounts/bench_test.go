package accounts_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/server"
)

// BenchmarkGet compares what a read costs a user of an account, who is looked up, with one of basicauth, who is not.
func BenchmarkGet(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkGet(b, server.Config{}) })
	b.Run("postgres", func(b *testing.B) {
		benchmarkGet(b, server.Config{Model: server.ModelConfig{Postgres: pgtest.New(b)}})
	})
}

func benchmarkGet(b *testing.B, config server.Config) {
	b.Helper()
	s := start(b, open, config)
	register(b, s, "alice")
	send(b, s, "alice:alice-pw", "PUT /buckets/blog", `{"permissions":{"read":["system.Everyone"]}}`)
	for _, credentials := range []string{"someone:else", "alice:alice-pw"} {
		user, password, _ := strings.Cut(credentials, ":")
		b.Run(user, func(b *testing.B) {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/v1/buckets/blog", nil)
			if user == "someone" {
				user = "no name" // none that an account can have: nothing is looked up
			}
			r.SetBasicAuth(user, password)
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				if s.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
