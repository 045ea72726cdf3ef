package idempotency_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/accounts"
	"github.com/kintolog/kintolog/kinto/defaultbucket"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

// open starts Kinto with personal buckets and accounts; anybody may create buckets. It is closed by the test, or when
// that ends.
func open(t testing.TB, config server.Config, more ...server.Plugin) *server.Server {
	t.Helper()
	withAccounts, _ := accounts.New(accounts.Options{Secret: "some-secret", Cost: 4})
	app := server.App{
		Name: "kinto", Resources: kinto.Resources(),
		Policy: domain.Policy{Grants: map[string][]string{
			"bucket_create": {domain.Everyone}, "account_create": {domain.Everyone},
		}},
		Plugins:        append(more, defaultbucket.New(defaultbucket.Options{}), withAccounts),
		Authenticators: []server.Authentication{server.Static(web.BasicAuth{Secret: "some-secret"})},
	}
	return servertest.Open(t, app, config)
}

// closeServer closes a server; again does no harm.
func closeServer(t testing.TB, s *server.Server) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// start runs a service in memory that holds the collection /buckets/b/collections/c of alice.
func start(t testing.TB) *server.Server {
	t.Helper()
	s := open(t, server.Config{Memory: true})
	prepare(t, s)
	return s
}

const records = "/buckets/b/collections/c/records"

func prepare(t testing.TB, s http.Handler) {
	t.Helper()
	for _, path := range []string{"/buckets/b", "/buckets/b/collections/c"} {
		if a := send(t, s, "PUT "+path, ""); a.status != http.StatusCreated {
			t.Fatalf("PUT %s: got %d %s", path, a.status, a.body)
		}
	}
}

type answer struct {
	status int
	header http.Header
	body   string
}

// send makes a request such as "POST /buckets" as the user alice, unless a header says otherwise.
func send(t testing.TB, s http.Handler, request, body string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "/v1"+path, strings.NewReader(body))
	r.SetBasicAuth("alice", "secret")
	r.Header.Set("Content-Type", "application/json")
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// wantReplay checks that an answer is another one given again.
func wantReplay(t testing.TB, got, first answer) {
	t.Helper()
	if got.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("got %d %s, want a replay", got.status, got.body)
	}
	wantSame(t, got, first)
}

func wantSame(t testing.TB, got, want answer) {
	t.Helper()
	if got.status != want.status || got.body != want.body {
		t.Errorf("got %d %s, want %d %s", got.status, got.body, want.status, want.body)
	}
	for _, name := range []string{"Content-Type", "Content-Length", "ETag", "Last-Modified", "Next-Page"} {
		if got, want := got.header.Get(name), want.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// wantFresh checks that a request was carried out.
func wantFresh(t testing.TB, a answer, status int) {
	t.Helper()
	if a.status != status || a.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("got %d %v %s, want %d and no replay", a.status, a.header, a.body, status)
	}
}

// wantTotal checks how many objects a plural endpoint has.
func wantTotal(t testing.TB, s http.Handler, path, want string) {
	t.Helper()
	if got := send(t, s, "HEAD "+path, "").header.Get("Total-Objects"); got != want {
		t.Errorf("total of %s: got %s, want %s", path, got, want)
	}
}

// clock is set by a test.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }
