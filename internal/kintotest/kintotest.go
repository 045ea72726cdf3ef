// Package kintotest runs services in tests. [Start] is Kinto in memory, which recognises whoever gives a name, for the tests
// of its plug-ins, and [Send] makes requests of it; [Open] is any other service.
package kintotest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/accounts"
	"github.com/kintolog/kintolog/kinto/history"
	"github.com/kintolog/kintolog/server"
)

// named takes the user name of Basic authentication for an account.
type named struct{}

func (named) Authenticate(r *http.Request) (string, error) {
	if name, _, ok := r.BasicAuth(); ok {
		return "account:" + name, nil
	}
	return "", nil
}

func (named) Challenge() string { return `Basic realm="Realm"` }

// Start runs Kinto with accounts, history and the plug-in, until the test ends. Who is authenticated may create buckets; grants are
// written "bucket_read: account:alice".
func Start(t testing.TB, plugin server.Plugin, grants ...string) *server.Server {
	t.Helper()
	policy := domain.Policy{Grants: map[string][]string{
		"bucket_create": {domain.Authenticated}, "account_create": {domain.Everyone}, "permissions_read": {domain.Everyone},
	}}
	for _, grant := range grants {
		name, principals, _ := strings.Cut(grant, ": ")
		policy.Grants[name] = strings.Fields(principals)
	}
	withAccounts, _ := accounts.New(accounts.Options{Secret: "secret", Cost: 4})
	app := server.App{
		Name: "kinto", Resources: kinto.Resources(), Policy: policy,
		Plugins:        []server.Plugin{withAccounts, history.New(history.Options{}), plugin},
		Authenticators: []server.Authentication{server.Static(named{})},
	}
	return Open(t, app, server.Config{Memory: true})
}

// Open runs a service until the test ends, silently unless the config has a logger.
func Open(t testing.TB, app server.App, config server.Config) *server.Server {
	t.Helper()
	if config.Logger == nil {
		config.Logger = logrus.New()
		config.Logger.SetOutput(io.Discard)
	}
	s, err := server.Open(t.Context(), app, config)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// Send makes a request such as "PUT /buckets/b" as a user, "" for nobody.
func Send(t testing.TB, s http.Handler, user, request, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "/v1"+path, strings.NewReader(body))
	if user != "" {
		r.SetBasicAuth(user, "password")
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// Do makes a request that succeeds.
func Do(t testing.TB, s http.Handler, user, request string, body ...string) *httptest.ResponseRecorder {
	t.Helper()
	w := Send(t, s, user, request, strings.Join(body, ""))
	if w.Code >= 300 {
		t.Fatalf("%s: got %d %s, want success", request, w.Code, w.Body)
	}
	return w
}
