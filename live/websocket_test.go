package live_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/live"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

func mustParse(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// dial opens a WebSocket, and returns the status of the answer as well.
func (s *service) dial(t testing.TB, user, plural string, headers ...string) (*websocket.Conn, int) {
	t.Helper()
	plural, query, _ := strings.Cut(plural, "?")
	h := http.Header{}
	if user != "" {
		r := http.Request{Header: h}
		r.SetBasicAuth(user, "password")
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	//nolint:bodyclose // it never needs to be
	conn, answer, err := websocket.Dial(t.Context(), s.url+plural+live.Path+"?"+query, &websocket.DialOptions{HTTPHeader: h})
	if err != nil && answer == nil {
		t.Fatal(err)
	}
	if conn != nil {
		t.Cleanup(func() { _ = conn.CloseNow() })
	}
	return conn, answer.StatusCode
}

// frame is a message of a WebSocket.
type frame struct {
	ID     string
	Events []change
	Reset  bool
}

func receive(t testing.TB, conn *websocket.Conn) frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	_, data, err := conn.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var f frame
	if err := json.Unmarshal(data, &f); err != nil || f.ID == "" {
		t.Fatalf("%s: %v", data, err)
	}
	return f
}

// closed is the code with which the service has closed the connection.
func closed(t testing.TB, conn *websocket.Conn) websocket.StatusCode {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	_, data, err := conn.Read(ctx)
	if err == nil {
		t.Fatalf("got %s, want the end", data)
	}
	return websocket.CloseStatus(err)
}

func TestAWebSocketIsToldTheSame(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	conn, _ := s.dial(t, "alice", records)
	begun := receive(t, conn)
	if len(begun.Events) != 0 || begun.Reset {
		t.Errorf("got %v, want an id alone", begun)
	}
	s.do(t, "alice", "PUT "+records+"/one", "{}")
	s.do(t, "alice", "DELETE "+records+"/one", "")
	for _, want := range []string{"create", "delete"} {
		if f := receive(t, conn); len(f.Events) != 1 || f.Events[0].Data.Action != want || f.Events[0].Subject != records+"/one" {
			t.Errorf("got %v, want to be told %s", f, want)
		}
	}
	again, _ := s.dial(t, "alice", records+"?_last_event_id="+begun.ID)
	if f := receive(t, again); f.ID != begun.ID {
		t.Errorf("begins at %s, want %s", f.ID, begun.ID)
	}
	if f := receive(t, again); len(f.Events) != 1 || f.Events[0].Data.Action != "create" {
		t.Errorf("got %v, want what it missed", f)
	}
	s.do(t, "alice", "DELETE /buckets/b", "")
	if f := receive(t, conn); !f.Reset {
		t.Errorf("got %v, want a reset", f)
	}
	if got := closed(t, conn); got != websocket.StatusPolicyViolation {
		t.Errorf("closed with %v, want that it makes no sense to come back", got)
	}
}

func TestWhatAWebSocketIsSentIsNotLookedAt(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	conn, _ := s.dial(t, "alice", records)
	receive(t, conn)
	for _, text := range []string{"", "ping", strings.Repeat("x", 1<<20)} {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	s.do(t, "alice", "PUT "+records+"/one", "{}")
	if f := receive(t, conn); len(f.Events) != 1 || f.Events[0].Data.Action != "create" {
		t.Errorf("got %v, want to be told create", f)
	}
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}

func TestAWebSocketIsRefusedAsAListIs(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	if _, status := s.dial(t, "", records); status != http.StatusUnauthorized {
		t.Errorf("got %d, want 401", status)
	}
	if _, status := s.dial(t, "bob", records); status != http.StatusForbidden {
		t.Errorf("got %d, want 403", status)
	}
}

func TestAWebSocketIsToldThatTheServiceStops(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	conn, _ := s.dial(t, "alice", records)
	receive(t, conn)
	stopped := make(chan error, 1)
	go func() { stopped <- s.http.Shutdown(context.WithoutCancel(t.Context())) }()
	if got := closed(t, conn); got != websocket.StatusGoingAway {
		t.Errorf("closed with %v", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// A browser sends the password that its user typed once to wherever a page of any origin opens a WebSocket.
func TestAPageOfAnotherOriginCannotUseThePasswordOfTheBrowser(t *testing.T) {
	t.Parallel()
	open := start(t, live.Options{}, server.Config{})
	only := start(t, live.Options{}, server.Config{Web: web.Config{CORS: rest.CORS{Origins: []string{"https://app.example"}}}})
	open.do(t, "alice", "PATCH "+collection, `{"permissions":{"read":["system.Everyone"]}}`)
	for _, test := range []struct {
		name, user, origin string
		on                 *service
		want               int
	}{
		{"a user, from anywhere", "alice", "https://evil.example", open, http.StatusBadRequest},
		{"a user, from an opaque origin", "alice", "null", open, http.StatusBadRequest},
		{"nobody, from anywhere", "", "https://evil.example", open, http.StatusSwitchingProtocols},
		{"a user, from here", "alice", "http://" + mustParse(t, open.url).Host, open, http.StatusSwitchingProtocols},
		{"a user, from an origin that is trusted", "alice", "https://app.example", only, http.StatusSwitchingProtocols},
		{"a user, from another one", "alice", "https://evil.example", only, http.StatusBadRequest},
	} {
		if _, status := test.on.dial(t, test.user, records, "Origin: "+test.origin); status != test.want {
			t.Errorf("%s: got %d, want %d", test.name, status, test.want)
		}
	}
}
