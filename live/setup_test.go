package live_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/flush"
	"github.com/kintolog/kintolog/kinto/history"
	"github.com/kintolog/kintolog/live"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

const (
	records = "/buckets/b/collections/c/records"
	soon    = 20 * time.Second // for what happens at once on a machine that is not busy
)

// service is a Kinto that listens.
type service struct {
	*server.Server
	http *http.Server
	url  string // with the version prefix
}

// start serves a Kinto in which alice has the bucket b with the collection c.
func start(t testing.TB, options live.Options, config server.Config, more ...server.Plugin) *service {
	t.Helper()
	return startWith(t, live.New(options), config, more...)
}

// startWith starts one with a plug-in that others may have, too.
func startWith(t testing.TB, plugin server.Plugin, config server.Config, more ...server.Plugin) *service {
	t.Helper()
	s := serve(t, server.App{
		Name: "kinto", Version: "1.0",
		Resources: append(kinto.Resources(kinto.Options{}), domain.Resource{Name: "vault", Path: "/vaults", Secret: true}),
		Policy: domain.Policy{Grants: map[string][]string{
			"bucket_create": {domain.Authenticated}, "bucket_read": {"test:alice"},
		}},
		Authenticators: []server.Authentication{server.Static(servertest.Users("test"))},
		Plugins:        append(more, plugin, flush.New(), history.New(history.Options{})),
	}, config)
	s.do(t, "alice", "PUT /buckets/b", "{}")
	s.do(t, "alice", "PUT /buckets/b/collections/c", "{}")
	return s
}

// serve listens.
func serve(t testing.TB, app server.App, config server.Config) *service {
	t.Helper()
	s := &service{Server: servertest.Open(t, app, config)}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.http = s.HTTPServer()
	s.url = "http://" + listener.Addr().String() + "/v1"
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.http.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = s.http.Close()
		<-served
	})
	return s
}

// do makes a request that must not be refused, and returns what it is answered with.
func (s *service) do(t testing.TB, user, request, body string) string {
	t.Helper()
	w := servertest.Send(t, s.Server, user, request, body)
	if w.Code >= 400 {
		t.Fatalf("%s: %d %s", request, w.Code, w.Body)
	}
	return w.Body.String()
}

// message is a block of an event stream.
type message struct{ id, event, data string }

// subscriber is a client that hears.
type subscriber struct {
	status   int
	header   http.Header
	body     string // of a refusal
	messages chan message
	leave    context.CancelFunc
}

// subscribe opens an event stream as a user, "" for nobody. If it is not refused it has begun.
func (s *service) subscribe(t testing.TB, user, plural string, headers ...string) *subscriber {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	plural, query, _ := strings.Cut(plural, "?")
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+plural+live.Path+"?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		r.SetBasicAuth(user, "password")
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultTransport.RoundTrip(r) //nolint:bodyclose // it is, where its reading ends
	if err != nil {
		t.Fatal(err)
	}
	u := &subscriber{status: answer.StatusCode, header: answer.Header, messages: make(chan message), leave: leave}
	if u.status != http.StatusOK {
		body, _ := io.ReadAll(answer.Body)
		u.body = string(body)
		_ = answer.Body.Close()
		leave()
		return u
	}
	go func() {
		defer close(u.messages)
		defer func() { _ = answer.Body.Close() }()
		read(answer.Body, func(m message) bool {
			select {
			case u.messages <- m:
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	t.Cleanup(leave)
	return u
}

// read parses an event stream.
func read(r io.Reader, yield func(message) bool) {
	var m message
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "\n":
			if m != (message{}) && !yield(m) {
				return
			}
			m = message{}
		case name == "id":
			m.id = value
		case name == "event":
			m.event = value
		case name == "data":
			m.data += value
		}
	}
}

// next is the next message.
func (u *subscriber) next(t testing.TB) message {
	t.Helper()
	select {
	case m, open := <-u.messages:
		if !open {
			t.Fatalf("the stream has ended, status %d %s", u.status, u.body)
		}
		return m
	case <-time.After(soon):
		t.Fatal("nothing is heard")
	}
	return message{}
}

// ends waits until the service has ended the stream.
func (u *subscriber) ends(t testing.TB) {
	t.Helper()
	select {
	case m, open := <-u.messages:
		if open {
			t.Fatalf("got %v, want the end", m)
		}
	case <-time.After(soon):
		t.Fatal("the stream does not end")
	}
}

// change is what a CloudEvent says.
type change struct {
	ID, Type, Subject, UserID, RequestID string
	Data                                 struct {
		Action       string
		LastModified int64 `json:"last_modified"`
		Data         json.RawMessage
		Permissions  map[string][]string
	}
}

// changes are the events of a message.
func (m message) changes(t testing.TB) []change {
	t.Helper()
	if m.event != "" {
		t.Fatalf("got %v, want changes", m)
	}
	var all []change
	if err := json.Unmarshal([]byte(m.data), &all); err != nil {
		t.Fatalf("%s: %v", m.data, err)
	}
	return all
}

// told are the actions of the events of a message, with the ids of the objects.
func (m message) told(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, c := range m.changes(t) {
		all = append(all, c.Data.Action+" "+c.Subject[strings.LastIndex(c.Subject, "/")+1:])
	}
	return all
}

// told is what the next messages tell, until they have told of n events.
func (u *subscriber) told(t testing.TB, n int) []string {
	t.Helper()
	var all []string
	for len(all) < n {
		all = append(all, u.next(t).told(t)...)
	}
	return all
}

func (u *subscriber) wants(t testing.TB, want ...string) {
	t.Helper()
	if got := u.told(t, len(want)); !slices.Equal(got, want) {
		t.Fatalf("told %v, want %v", got, want)
	}
}

// wantsReset reads a reset, and returns its id.
func (u *subscriber) wantsReset(t testing.TB) string {
	t.Helper()
	m := u.next(t)
	if m.event != "reset" || m.data != "[]" || m.id == "" {
		t.Fatalf("got %v, want a reset", m)
	}
	return m.id
}

// begun reads where the stream begins.
func (u *subscriber) begun(t testing.TB) string {
	t.Helper()
	m := u.next(t)
	if _, err := strconv.Atoi(m.id); err != nil || m.event != "begin" || m.data != "[]" {
		t.Fatalf("got %v, want the beginning", m)
	}
	return m.id
}

// hears is a subscriber whose stream has begun.
func (s *service) hears(t testing.TB, user, plural string, headers ...string) *subscriber {
	t.Helper()
	u := s.subscribe(t, user, plural, headers...)
	u.begun(t)
	return u
}
