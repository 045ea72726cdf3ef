package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/metrics"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

// start runs Kinto with a meter.
func start(t *testing.T, m *metrics.Meter) *server.Server {
	t.Helper()
	return servertest.Open(t, server.App{
		Name: "kinto", Resources: kinto.Resources(), Plugins: []server.Plugin{m.Plugin()},
		Policy:         domain.Policy{Grants: map[string][]string{"bucket_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{m.Authentication("basicauth", server.Static(web.BasicAuth{Secret: "s"}))},
	}, server.Config{Memory: true})
}

// fields are those that Kinto tells requests apart by.
var fields = []string{"bucket_id", "collection_id", "group_id", "record_id"}

// ask sends a request such as "GET /buckets" as alice.
func ask(t *testing.T, s http.Handler, request, body string) *httptest.ResponseRecorder {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "/v1"+path, strings.NewReader(body))
	r.SetBasicAuth("alice", "secret")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// exposition is what Prometheus gets.
func exposition(t *testing.T, s http.Handler) string {
	t.Helper()
	w := ask(t, s, "GET /__metrics__", "")
	if w.Code != http.StatusOK {
		t.Fatalf("GET /__metrics__: got %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func has(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line) {
			t.Errorf("no line begins with %s", line)
		}
	}
}
