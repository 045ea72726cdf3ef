package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

// definition is Kinto with Basic authentication, kept in memory.
func definition() (server.App, server.Config) {
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	return server.App{
		Name: "kinto", Version: "9.9", Docs: "https://docs.example", Resources: kinto.Resources(),
		Policy:         domain.Policy{Grants: map[string][]string{"bucket_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{server.Static(web.BasicAuth{Secret: "s"})},
	}, server.Config{Memory: true, Logger: quiet}
}

// start runs what is defined, as changed.
func start(tb testing.TB, change func(*server.App, *server.Config)) *server.Server {
	tb.Helper()
	app, config := definition()
	if change != nil {
		change(&app, &config)
	}
	return servertest.Open(tb, app, config)
}

// notes is a service of one resource, with grants and a plug-in.
func notes(tb testing.TB, grants map[string][]string, plugin server.Plugin) *server.Server {
	tb.Helper()
	return servertest.Open(tb, server.App{
		Name: "notes", Resources: []domain.Resource{{Name: "note", Path: "/notes"}}, Policy: domain.Policy{Grants: grants},
		Authenticators: []server.Authentication{server.Static(servertest.Users("test"))}, Plugins: []server.Plugin{plugin},
	}, server.Config{})
}

// ask sends a request such as "GET /__version__", as a user or, with "", as nobody.
func ask(tb testing.TB, s http.Handler, user, request, body string) *httptest.ResponseRecorder {
	tb.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(tb.Context(), method, "/v1"+path, strings.NewReader(body))
	r.Host = "localhost:8888"
	if user != "" {
		r.SetBasicAuth(user, "secret")
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// decoded is the body of an answer.
func decoded(tb testing.TB, w *httptest.ResponseRecorder) map[string]any {
	tb.Helper()
	var value map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
		tb.Fatalf("decode %s: %v", w.Body, err)
	}
	return value
}
