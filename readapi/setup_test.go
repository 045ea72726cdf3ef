package readapi_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/sqlite"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/web"
)

// begin is when the log of every test begins; each write is a second after the one before.
const begin domain.Timestamp = 1795393680000

// world is a service that reads a real read model, into which a test writes through real decisions.
type world struct {
	t       testing.TB
	catalog *domain.Catalog
	store   projections.Store
	reads   *countingReader
	tail    eventstore.Tail
	clock   domain.Timestamp
	handler http.Handler
}

// countingReader counts the calls to a reader.
type countingReader struct {
	readapi.Reader
	loads, lists atomic.Int64
}

func (r *countingReader) Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
	r.loads.Add(1)
	return r.Reader.Load(ctx, needs)
}

func (r *countingReader) List(ctx context.Context, needs domain.Needs, q domain.Query) (domain.Snapshot, domain.Page, error) {
	r.lists.Add(1)
	return r.Reader.List(ctx, needs, q)
}

// calls are those since the last time they were asked for.
func (r *countingReader) calls() string {
	return fmt.Sprintf("%d loads, %d lists", r.loads.Swap(0), r.lists.Swap(0))
}

// who takes the Authorization header for a user id.
type who struct{}

func (who) Authenticate(r *http.Request) (string, error) {
	if user := r.Header.Get("Authorization"); user != "" {
		return "account:" + user, nil
	}
	return "", nil
}

func (who) Challenge() string { return `Basic realm="Realm"` }

var everyoneAuthenticatedCreatesBuckets = map[string][]string{"bucket_create": {domain.Authenticated}}

// setup serves the resources of Kinto.
func setup(t testing.TB, options readapi.Options, grants map[string][]string) *world {
	t.Helper()
	if grants == nil {
		grants = everyoneAuthenticatedCreatesBuckets
	}
	return setupWith(t, options, domain.Policy{Grants: grants}, kinto.Resources())
}

func setupWith(t testing.TB, options readapi.Options, policy domain.Policy, resources []domain.Resource) *world {
	t.Helper()
	catalog, err := domain.NewCatalog(policy, resources...)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "read.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	w := &world{t: t, catalog: catalog, store: store, reads: &countingReader{Reader: store}, clock: begin}
	w.serve(options)
	w.apply(domain.Event{Action: domain.Started, Object: domain.Object{LastModified: begin}})
	return w
}

func (w *world) serve(options readapi.Options) {
	w.t.Helper()
	if options.Now == nil {
		options.Now = func() time.Time { return w.clock.Time() }
	}
	api := readapi.New(w.catalog, w.reads, options)
	var endpoints []web.Endpoint
	for _, r := range w.catalog.Resources() {
		endpoints = append(endpoints, web.PluralOf(r, api.PluralMethods()...), web.ObjectOf(r, api.ObjectMethods()...))
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	frame, err := web.New(web.Config{Authenticators: []web.Authenticator{who{}}, Log: log}, endpoints)
	if err != nil {
		w.t.Fatal(err)
	}
	w.handler = frame
}

// apply takes events into the read model as one commit.
func (w *world) apply(events ...domain.Event) {
	w.t.Helper()
	entry := eventstore.Entry{
		Position: w.tail.Position + 1, Last: true, Events: events,
		Hash: sha256.Sum256(w.tail.Hash[:]),
	}
	change, err := projections.Fold(w.catalog, w.tail, []eventstore.Entry{entry})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Apply(w.t.Context(), change); err != nil {
		w.t.Fatal(err)
	}
	w.tail = change.To
}

// put creates or replaces an object as a user; the body is that of a PUT.
func (w *world) put(user string, uri domain.URI, body string) domain.Object {
	w.t.Helper()
	var envelope struct {
		Data        json.RawMessage
		Permissions map[string][]string
	}
	if err := json.Unmarshal([]byte(body), &envelope); err != nil {
		w.t.Fatal(err)
	}
	c := &domain.Command{Verb: domain.Put, URI: uri, Permissions: envelope.Permissions}
	if envelope.Data != nil {
		data, err := jsondoc.Normalize(envelope.Data, jsondoc.DefaultLimits)
		if err != nil {
			w.t.Fatal(err)
		}
		c.Data = data
	}
	return w.decide(user, c)
}

func (w *world) delete(user string, uri domain.URI) domain.Object {
	w.t.Helper()
	return w.decide(user, &domain.Command{Verb: domain.Delete, URI: uri})
}

func (w *world) decide(user string, c *domain.Command) domain.Object {
	w.t.Helper()
	c.Resource = w.catalog.Of(c.URI)
	c.Caller.UserID = "account:" + user
	state := domain.NewState(w.catalog, nil, nil)
	needs := c.Needs()
	snapshot, err := w.store.Load(w.t.Context(), needs)
	if err != nil {
		w.t.Fatal(err)
	}
	state.Add(needs, snapshot)
	w.clock += 1000
	events, result, err := domain.Decide(state, c, w.clock)
	if err != nil {
		w.t.Fatalf("decide on %s: %v", c.URI, err)
	}
	w.apply(events...)
	return result.Object
}

// answer is what a client gets.
type answer struct {
	status int
	http.Header
	body string
}

// send makes a request "METHOD path" as a user, "" for nobody, with headers as "Name: value".
func (w *world) send(user, request string, headers ...string) answer {
	w.t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, nil)
	r.Host = "localhost"
	if user != "" {
		r.Header.Set("Authorization", user)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if method == http.MethodHead {
		rec.Body.Reset() // as net/http does
	}
	return answer{rec.Code, rec.Header(), rec.Body.String()}
}

// wants checks an answer; headers are "Name: value", with an empty value for one that must not be there.
func (w *world) wants(request string, got answer, status int, body string, headers ...string) {
	w.t.Helper()
	if got.status != status || got.body != body {
		w.t.Errorf("%s: got %d %s, want %d %s", request, got.status, got.body, status, body)
	}
	for _, line := range headers {
		name, want, _ := strings.Cut(line, ": ")
		if have := got.Get(name); have != want {
			w.t.Errorf("%s: got %s %q, want %q", request, name, have, want)
		}
	}
}
