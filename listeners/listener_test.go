package listeners_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

func TestAListenerHearsWhatItAsksFor(t *testing.T) {
	t.Parallel()
	got := make(chan listeners.Event, 100)
	s := open(t, server.Config{}, listeners.Listener{
		Name: "code", Handle: record(got),
		Resources: []string{"item"}, Actions: []domain.Action{domain.Updated, domain.Deleted},
	})
	put(t, s, "/lists/a", "/lists/a/items/1", "/lists/a/items/2", "/lists/a/items/1", "/lists/a")
	send(t, s, "me", "DELETE /lists/a/items/2", "", http.StatusOK)
	for _, want := range []string{"update /lists/a/items/1", "delete /lists/a/items/2"} {
		e := <-got
		if heard := string(e.Action) + " " + string(e.Object.URI); heard != want || e.ID == "" || e.Resource != "item" {
			t.Errorf("got %s (%s), want %s", heard, e.ID, want)
		}
	}
}

func TestSecretEventsAreHeardByNobody(t *testing.T) {
	t.Parallel()
	got := make(chan listeners.Event, 100)
	s := open(t, server.Config{}, listeners.Listener{Name: "code", Handle: record(got)})
	put(t, s, "/tokens/a", "/lists/a", "/tokens/b", "/lists/b")
	for _, want := range []domain.URI{"/lists/a", "/lists/b"} {
		if e := <-got; e.Object.URI != want {
			t.Errorf("got %s, want %s", e.Object.URI, want)
		}
	}
}

func TestAListenerCanHearOfAFlush(t *testing.T) {
	t.Parallel()
	got := make(chan listeners.Event, 100)
	s := open(t, server.Config{}, listeners.Listener{
		Name: "code", Handle: record(got), Actions: []domain.Action{domain.Flushed},
	})
	flush(t, s)
	if e := <-got; e.Action != domain.Flushed {
		t.Errorf("got %s, want flush", e.Action)
	}
}

func TestWhatIsNotTakenIsSetAside(t *testing.T) {
	t.Parallel()
	got := make(chan listeners.Event, 100)
	log := &logged{}
	logger := logrus.New()
	logger.SetOutput(log)
	s := open(t, server.Config{Logger: logger}, listeners.Listener{
		Name: "code", Retries: -1, Operators: []string{userID(t)},
		Handle: func(ctx context.Context, e listeners.Event) error {
			switch e.Object.URI {
			case "/lists/bad":
				return errors.New("too bad\x00")
			case "/lists/panic":
				panic("oh")
			}
			return record(got)(ctx, e)
		},
	})
	put(t, s, "/lists/a", "/lists/bad", "/lists/panic", "/lists/z")
	for _, want := range []domain.URI{"/lists/a", "/lists/z"} {
		if e := <-got; e.Object.URI != want {
			t.Errorf("got %s, want %s", e.Object.URI, want)
		}
	}
	send(t, s, "stranger", "GET /__listeners__/code/undelivered", "", http.StatusForbidden)
	var page struct {
		Data []struct{ ID, Event, Subject, Action, Reason string }
	}
	body := send(t, s, "me", "GET /__listeners__/code/undelivered?_sort=last_modified", "", http.StatusOK)
	if err := json.Unmarshal(body, &page, json.MatchCaseInsensitiveNames(true)); err != nil || len(page.Data) != 2 {
		t.Fatalf("got %s, %v, want two", body, err)
	}
	bad, panicked := page.Data[0], page.Data[1]
	if bad.Subject != "/lists/bad" || bad.Action != "create" || bad.Reason != "too bad" || bad.Event == "" {
		t.Errorf("got %+v", bad)
	}
	if panicked.Subject != "/lists/panic" || !strings.Contains(panicked.Reason, "oh") {
		t.Errorf("got %+v", panicked)
	}
	if !strings.Contains(log.String(), bad.Event) {
		t.Errorf("the log does not tell of %s:\n%s", bad.Event, log)
	}
	send(t, s, "me", "DELETE /__listeners__/code/undelivered/"+bad.ID, "", http.StatusOK)
	send(t, s, "me", "DELETE /__listeners__/code", "", http.StatusMethodNotAllowed)
	send(t, s, "me", "GET /__listeners__/code", "", http.StatusOK)
}

func TestTheReasonDoesNotTellTheURL(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	hook := r.hook("")
	r.die()
	log := &logged{}
	logger := logrus.New()
	logger.SetOutput(log)
	logger.SetLevel(logrus.TraceLevel)
	got := make(chan listeners.Event, 1)
	hook.Retries, hook.Operators = 1, []string{domain.Everyone}
	s := open(t, server.Config{Logger: logger}, hook,
		listeners.Listener{Name: "code", Handle: record(got), Resources: []string{"item"}})
	put(t, s, "/lists/a")
	awaitCount(t, s, "undelivered", 1)
	body := send(t, s, "me", "GET /__listeners__/hook/undelivered", "", http.StatusOK)
	if !strings.Contains(string(body), "connect") {
		t.Errorf("got %s, want the reason", body)
	}
	if all := string(body) + log.String(); strings.Contains(all, "hush") {
		t.Errorf("the URL is told:\n%s", all)
	}
}

func TestAFlushForgetsNoPosition(t *testing.T) {
	t.Parallel()
	config := server.Config{DataDir: t.TempDir()}
	got, refuse := make(chan listeners.Event, 100), make(chan struct{})
	first, err := try(t, config, listeners.Listener{
		Name: "code", Handle: func(ctx context.Context, e listeners.Event) error { // it never gets to the flush
			refuse <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, first, "/lists/a")
	<-refuse
	flush(t, first)
	shut(t, first)
	s := open(t, config, listeners.Listener{Name: "code", Handle: record(got)})
	put(t, s, "/lists/b")
	for _, want := range []domain.URI{"/lists/a", "/lists/b"} {
		if e := <-got; e.Object.URI != want {
			t.Errorf("got %s, want %s", e.Object.URI, want)
		}
	}
}

func TestANewListenerIsNotToldOfThePastWhileTheReadModelIsMadeAgain(t *testing.T) {
	t.Parallel()
	config := server.Config{DataDir: t.TempDir()}
	before, err := try(t, config)
	if err != nil {
		t.Fatal(err)
	}
	put(t, before, "/lists/a", "/lists/b")
	shut(t, before)
	for _, file := range []string{"readmodel.db", "readmodel.db-wal", "readmodel.db-shm"} {
		if err := os.Remove(filepath.Join(config.DataDir, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}

	free := make(chan struct{})
	config.Readable = time.Millisecond // the service does not wait for the read model when it starts
	got := make(chan listeners.Event, 100)
	plugin, err := listeners.New(listeners.Options{Listeners: []listeners.Listener{{Name: "code", Handle: record(got)}}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := serve(t, config, plugin, server.Plugin{Name: "slow", Wrap: server.Wrappers{
		Model: func(m projections.Store) projections.Store { return held{m, free} },
	}})
	close(free)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s) })
	put(t, s, "/lists/c")
	if e := <-got; e.Object.URI != "/lists/c" {
		t.Errorf("got %s first, want /lists/c", e.Object.URI)
	}
}

// held is a read model that gets no further until it is free to.
type held struct {
	projections.Store
	free <-chan struct{}
}

func (h held) Apply(ctx context.Context, c projections.Change) error {
	select {
	case <-h.free:
		return h.Store.Apply(ctx, c)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestListenersThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	handle := record(nil)
	for want, all := range map[string][]listeners.Listener{
		"must be letters":          {{Name: "a.b", Handle: handle}},
		"nothing to handle":        {{Name: "a"}},
		"must be positive":         {{Name: "a", Handle: handle, Timeout: -time.Second}},
		`unknown action "made"`:    {{Name: "a", Handle: handle, Actions: []domain.Action{listeners.Read, "made"}}},
		"two of this name":         {{Name: "a", Handle: handle}, {Name: "a", Handle: handle}},
		`there is no resource "x"`: {{Name: "a", Handle: handle, Resources: []string{"x"}}},
		`"token" are secret`:       {{Name: "a", Handle: handle, Resources: []string{"list", "token"}}},
	} {
		if s, err := try(t, server.Config{}, all...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
			if err == nil {
				shut(t, s)
			}
		}
	}
}

func TestOneOfThoseWhoShareACacheListens(t *testing.T) {
	t.Parallel()
	got := make(chan listeners.Event, 100)
	s := open(t, server.Config{Cache: server.CacheConfig{Shared: true}}, listeners.Listener{Name: "code", Handle: record(got)})
	put(t, s, "/lists/a")
	if e := <-got; e.Object.URI != "/lists/a" {
		t.Errorf("got %s, want /lists/a", e.Object.URI)
	}
}

// userID is that of the user who puts.
func userID(tb testing.TB) string {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodGet, "/", nil)
	r.SetBasicAuth("me", "secret")
	id, err := web.BasicAuth{Secret: "s"}.Authenticate(r)
	if err != nil || id == "" {
		tb.Fatalf("got user %q, %v", id, err)
	}
	return id
}

// observed is a Handle whose failures are told.
func observed(handle func(context.Context, listeners.Event) error, failed chan<- struct{}) func(context.Context, listeners.Event) error {
	return func(ctx context.Context, e listeners.Event) error {
		err := handle(ctx, e)
		if err != nil {
			select {
			case failed <- struct{}{}:
			default:
			}
		}
		return err
	}
}

// flush empties the service.
func flush(tb testing.TB, s *server.Server) {
	tb.Helper()
	parts := s.Parts()
	tail, err := parts.Log.Tail(tb.Context())
	for err == nil {
		_, err = parts.Log.Append(tb.Context(), tail, eventstore.Commit{ID: "flush", Events: []domain.Event{{
			Action: domain.Flushed, Object: domain.Object{LastModified: domain.TimestampOf(time.Now()) + 1000},
		}}})
		if !errors.Is(err, eventstore.ErrConflict) {
			break
		}
		tail, err = parts.Log.Tail(tb.Context())
	}
	if err != nil {
		tb.Fatalf("flush: %v", err)
	}
}

// awaitCount returns when the read model has so many objects of a resource.
func awaitCount(tb testing.TB, s *server.Server, resource string, want int64) {
	tb.Helper()
	parts := s.Parts()
	for {
		position := parts.Progress.Position()
		counts, err := parts.Model.Counts(tb.Context())
		if err != nil {
			tb.Fatalf("count: %v", err)
		}
		if counts.Live[resource] >= want {
			return
		}
		if err := parts.Progress.Wait(tb.Context(), position+1); err != nil {
			tb.Fatalf("wait: %v", err)
		}
	}
}
