package servertest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

func notes(t *testing.T) *server.Server {
	t.Helper()
	return servertest.Open(t, server.App{
		Name: "notes", APIVersion: "2.0", Resources: []domain.Resource{{Name: "note", Path: "/notes"}},
		Policy:         domain.Policy{Grants: map[string][]string{"note_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{server.Static(servertest.Users("test"))},
	}, server.Config{})
}

func TestAUserHasAName(t *testing.T) {
	t.Parallel()
	s := notes(t)
	w := servertest.Do(t, s, "alice", "PUT /notes/one", `{"data": {"n": 1}}`)
	if w.Code != http.StatusCreated || !strings.Contains(w.Body.String(), `"write":["test:alice"]`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	servertest.Refused(t, servertest.Send(t, s, "bob", "GET /notes/one", ""), http.StatusForbidden, "cannot access")
	servertest.Refused(t, servertest.Send(t, s, "", "GET /notes/one", ""), http.StatusUnauthorized, "")
}

func TestHeadersAreSent(t *testing.T) {
	t.Parallel()
	s := notes(t)
	servertest.Do(t, s, "alice", "PUT /notes/one")
	w := servertest.Send(t, s, "alice", "PUT /notes/one", `{}`, "If-None-Match: *")
	servertest.Refused(t, w, http.StatusPreconditionFailed, "")
	w = servertest.Send(t, s, "alice", "PUT /notes/one", `{}`, "Content-Type: text/plain")
	servertest.Refused(t, w, http.StatusUnsupportedMediaType, "Content-Type")
}

// complaints keeps what a test is told.
type complaints struct {
	testing.TB
	ctx  context.Context
	said []string
}

func (c *complaints) Context() context.Context { return c.ctx }

func (c *complaints) Helper() {}
func (c *complaints) Errorf(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}

func TestRefusedComplains(t *testing.T) {
	t.Parallel()
	s := notes(t)
	for _, c := range []struct {
		request string
		status  int
		text    string
		want    int
	}{
		{"GET /", http.StatusOK, "", 1},                           // no error at all
		{"GET /nothing", http.StatusForbidden, "", 1},             // another status
		{"GET /nothing", http.StatusNotFound, "another text", 1},  // another message
		{"GET /nothing", http.StatusNotFound, "could not be", 0},  // the one that is meant
		{"GET /__lbheartbeat__", http.StatusNotFound, "wrong", 2}, // nothing of it
	} {
		heard := &complaints{TB: t}
		servertest.Refused(heard, servertest.Send(t, s, "", c.request, ""), c.status, c.text)
		if len(heard.said) != c.want {
			t.Errorf("%s, %d %q: got %q, want %d complaints", c.request, c.status, c.text, heard.said, c.want)
		}
	}
}

func TestAnAnswerThatDoesNotEndFailsTheTest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := servertest.Open(t, server.App{Name: "stream", Plugins: []server.Plugin{{
		Name: "stream", Endpoints: func(server.Parts) ([]web.Endpoint, error) {
			return []web.Endpoint{{Name: "stream", Path: "/stream", Methods: []web.Method{{
				Name: http.MethodGet, Handle: func(_ http.ResponseWriter, r *web.Request) error {
					cancel()
					<-r.Context().Done()
					return nil
				},
			}}}}, nil
		},
	}}}, server.Config{})
	heard := &complaints{TB: t, ctx: ctx}
	servertest.Send(heard, s, "", "GET /stream", "")
	if len(heard.said) != 1 || !strings.Contains(heard.said[0], "GET /stream: the answer did not end") {
		t.Errorf("got %q", heard.said)
	}
}
