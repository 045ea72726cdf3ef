package listeners_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/server"
)

func TestAListenerIsToldOfReadsIfItAsksForThem(t *testing.T) {
	t.Parallel()
	got, deaf := make(chan listeners.Event, 100), make(chan listeners.Event, 100)
	s := open(t, server.Config{},
		listeners.Listener{
			Name: "reads", Handle: record(got), Resources: []string{"list", "item"}, Actions: []domain.Action{listeners.Read},
		},
		listeners.Listener{Name: "changes", Handle: record(deaf)})
	put(t, s, "/lists/a", "/lists/a/items/1", "/tokens/t")
	for request, status := range map[string]int{
		"GET /lists/b": http.StatusForbidden, "GET /tokens/t": http.StatusOK, "GET /": http.StatusOK,
		"PATCH /lists/a": http.StatusOK,
	} {
		body := ""
		if strings.HasPrefix(request, "PATCH") {
			body = `{"data":{"n":1}}`
		}
		send(t, s, "me", request, body, status)
	}
	unchanged(t, s, "/lists/a/items/1") // which is read once before
	send(t, s, "me", "HEAD /lists/a/items?n=1", "", http.StatusOK)
	send(t, s, "me", "POST /batch", `{"requests":[{"path":"/lists"},{"path":"/lists/b"},{"method":"PUT","path":"/lists/c"}]}`, http.StatusOK)
	for _, want := range []string{"item /lists/a/items/1", "item /lists/a/items", "list /lists"} {
		e := <-got
		if heard := e.Resource + " " + string(e.Object.URI); e.Action != listeners.Read || heard != want {
			t.Errorf("got %s %s, want the read of %s", e.Action, heard, want)
		}
		if e.Origin.UserID != userID(t) || e.Origin.Request == "" || e.ID == "" || e.Position != 0 {
			t.Errorf("got %+v, want who, in which request, and no position", e)
		}
	}
	for _, want := range []domain.URI{"/lists/a", "/lists/a/items/1", "/lists/a", "/lists/c"} {
		if e := <-deaf; e.Object.URI != want || e.Action == listeners.Read {
			t.Errorf("who asks for changes: got %s %s, want %s", e.Action, e.Object.URI, want)
		}
	}
}

// unchanged asks for an object that the client has.
func unchanged(tb testing.TB, s http.Handler, path string) {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodGet, "/v1"+path, http.NoBody)
	r.SetBasicAuth("me", "secret")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	w = httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != http.StatusNotModified {
		tb.Fatalf("got %d %s, want 304", w.Code, w.Body)
	}
}

func TestAWebhookDeliversReads(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	hook := r.hook("key")
	hook.Actions = []domain.Action{listeners.Read}
	s := open(t, server.Config{}, hook)
	put(t, s, "/lists/a")
	send(t, s, "me", "GET /lists/a", "", http.StatusOK)
	d := r.want(t, "read /lists/a")[0]
	var got map[string]any
	if err := json.Unmarshal(d.body, &got); err != nil {
		t.Fatalf("%s: %v", d.body, err)
	}
	for name, want := range map[string]any{
		"specversion": "1.0", "id": d.header.Get(listeners.KeyHeader), "source": "kintolog:/lists", "type": "org.kintolog.list.read.v1",
		"subject": "/lists/a", "datacontenttype": "application/json", "userid": userID(t),
	} {
		if got[name] != want {
			t.Errorf("got %s: %v, want %v", name, got[name], want)
		}
	}
	if _, positioned := d.header[listeners.PositionHeader]; positioned || d.header.Get(listeners.SignatureHeader) == "" {
		t.Errorf("got %v, want a signature and no position", d.header)
	}
}

func TestReadsAreTriedAgainAndLost(t *testing.T) {
	t.Parallel()
	log := &logged{}
	logger := logrus.New()
	logger.SetOutput(log)
	got := make(chan listeners.Event, 100)
	var tries atomic.Int32
	s := open(t, server.Config{Logger: logger}, listeners.Listener{
		Name: "code", Retries: 2, Backoff: 1, Actions: []domain.Action{listeners.Read},
		Handle: func(ctx context.Context, e listeners.Event) error {
			if e.Object.URI == "/lists/bad" {
				tries.Add(1)
				return errors.New("too bad")
			}
			return record(got)(ctx, e)
		},
	})
	put(t, s, "/lists/bad", "/lists/good")
	send(t, s, "me", "GET /lists/bad", "", http.StatusOK)
	send(t, s, "me", "GET /lists/good", "", http.StatusOK)
	if e := <-got; e.Object.URI != "/lists/good" || tries.Load() != 3 {
		t.Errorf("got %s after %d tries, want /lists/good after 3", e.Object.URI, tries.Load())
	}
	if told := log.String(); !strings.Contains(told, "is lost") || !strings.Contains(told, "subject=/lists/bad") {
		t.Errorf("the log does not tell:\n%s", told)
	}
}

func TestReadsThatAListenerIsTooSlowForAreLostAndTold(t *testing.T) {
	t.Parallel()
	log := &logged{}
	logger := logrus.New()
	logger.SetOutput(log)
	taken, free := make(chan struct{}, 1), make(chan struct{})
	var told atomic.Int32
	s, err := try(t, server.Config{Logger: logger}, listeners.Listener{
		Name: "code", Actions: []domain.Action{listeners.Read},
		Handle: func(_ context.Context, e listeners.Event) error {
			if told.Add(1) == 1 {
				taken <- struct{}{}
				<-free
			}
			if e.Object.URI == "/lists/last" {
				select {
				case taken <- struct{}{}:
				default:
				}
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "/lists/a", "/lists/last")
	send(t, s, "me", "GET /lists/a", "", http.StatusOK)
	<-taken // the first one, which takes its time
	for range 1003 {
		send(t, s, "me", "GET /lists/a", "", http.StatusOK)
	}
	close(free)
	for len(taken) == 0 { // until there is room again
		send(t, s, "me", "GET /lists/last", "", http.StatusOK)
	}
	shut(t, s)
	for _, want := range []string{"too far behind", "not told of some reads"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not tell %q:\n%s", want, log)
		}
	}
	if n := told.Load(); n < 1002 {
		t.Errorf("got %d, want those that had room", n)
	}
}
