// Package servertest runs services in the tests of those who build them, and makes requests of them. What it runs is
// real: an event log, a read model, and what is between them, in a temporary folder.
//
// Start with [Open]. For implementations of a contract there are suites beside it: eventstore/logtest,
// projections/backendtest and cache/cachetest.
package servertest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/server"
)

// Open runs a service until the test ends: in memory unless the config says where its data are, and silently unless it
// has a logger.
func Open(t testing.TB, app server.App, config server.Config) *server.Server {
	t.Helper()
	if config.DataDir == "" && config.Shared() != nil {
		config.Memory = true
	}
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

// Users recognises whoever gives a name by Basic authentication, whatever the password, and prefixes the name: with
// Users("test"), alice is "test:alice".
type Users string

// Authenticate implements web.Authenticator.
func (u Users) Authenticate(r *http.Request) (string, error) {
	if name, _, ok := r.BasicAuth(); ok {
		return string(u) + ":" + name, nil
	}
	return "", nil
}

// Challenge implements web.Authenticator.
func (Users) Challenge() string { return `Basic realm="Realm"` }

// Send makes a request, such as "PUT /lists/home", below the version prefix, as a user with the password "password" by Basic
// authentication, "" for nobody. A body is JSON unless headers, each such as "If-Match: *", say otherwise.
//
// It returns when the answer is whole. One that takes more than a minute fails the test: what does not end by itself, such as a
// stream of events, is for httptest.NewServer(s) and a client.
func Send(t testing.TB, s *server.Server, user, request, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	url := "/" + s.Parts().Config.Web.Version + path
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if user != "" {
		r.SetBasicAuth(user, "password")
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if err := ctx.Err(); err != nil {
		t.Errorf("%s: the answer did not end: %v; a stream is for httptest.NewServer and a client", request, err)
	}
	return w
}

// Do makes a request that succeeds.
func Do(t testing.TB, s *server.Server, user, request string, body ...string) *httptest.ResponseRecorder {
	t.Helper()
	w := Send(t, s, user, request, strings.Join(body, ""))
	if w.Code >= http.StatusMultipleChoices {
		t.Fatalf("%s: got %d %s, want success", request, w.Code, w.Body)
	}
	return w
}

// Refused checks that an answer is an error in the form of the API (protocol 8.1), with this status, and that its message
// contains a text.
func Refused(t testing.TB, w *httptest.ResponseRecorder, status int, text string) {
	t.Helper()
	var body struct {
		Code, Errno    int
		Error, Message string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Code != w.Code || body.Errno == 0 || body.Error == "" {
		t.Errorf("got %d %s, want an error in the form of the API", w.Code, w.Body)
	}
	if w.Code != status || !strings.Contains(body.Message, text) {
		t.Errorf("got %d %s, want %d with %q", w.Code, w.Body, status, text)
	}
}
