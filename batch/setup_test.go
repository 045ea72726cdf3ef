package batch_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"

	"github.com/kintolog/kintolog/batch"
	"github.com/kintolog/kintolog/cache/memory"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/memlog"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/sqlite"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// world is a log with a read model that follows it, and any number of services on both.
type world struct {
	t       testing.TB
	catalog *domain.Catalog
	log     eventstore.Log
	model   *sqlite.Store
	runner  *projections.Runner
	logger  *logrus.Logger
	logged  *test.Hook   // of errors
	asked   atomic.Int64 // how often somebody was asked who calls
	loads   atomic.Int64 // of state by writers
}

// service is one server of the world, with a writer of its own.
type service struct {
	*world
	loop *writeapi.Loop
	http.Handler
}

// setup makes a world with the resources of Kinto and more.
func setup(t testing.TB, log eventstore.Log, more ...domain.Resource) *world {
	t.Helper()
	grants := map[string][]string{"bucket_create": {domain.Authenticated}, "secret_create": {domain.Authenticated}}
	catalog, err := domain.NewCatalog(domain.Policy{Grants: grants}, append(kinto.Resources(), more...)...)
	if err != nil {
		t.Fatal(err)
	}
	model, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "read.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = model.Close() })
	runner, err := projections.Start(t.Context(), log, model, catalog, projections.RunnerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(runner.Close)
	logger, logged := test.NewNullLogger()
	logger.SetLevel(logrus.ErrorLevel)
	return &world{t: t, catalog: catalog, log: log, model: model, runner: runner, logger: logger, logged: logged}
}

// start is a world of one service.
func start(t testing.TB) *service {
	t.Helper()
	return setup(t, memlog.New()).serve(nil, nil)
}

// serve starts a service.
func (w *world) serve(changeLoop func(*writeapi.Config), change func(*batch.Config)) *service {
	w.t.Helper()
	log := w.logger
	loopConfig := writeapi.Config{
		Catalog: w.catalog, Log: w.log, Model: countingModel{w.model, &w.loads}, Progress: w.runner, Readable: 20 * time.Second, Logger: log,
	}
	if changeLoop != nil {
		changeLoop(&loopConfig)
	}
	s := &service{world: w, loop: writeapi.NewLoop(loopConfig)}
	w.t.Cleanup(s.loop.Close)
	var frame *web.Frame
	config := batch.Config{
		Catalog: w.catalog, Loop: s.loop,
		Serve:    func(outer *web.Request, r *http.Request) web.Answer { return frame.Serve(outer, r) },
		Identify: func(r *http.Request) (domain.Caller, error) { return frame.Identify(r) },
		Find:     func(u *url.URL) *web.Endpoint { return frame.Find(u) },
	}
	if change != nil {
		change(&config)
	}
	var err error
	frame, err = web.New(web.Config{Authenticators: []web.Authenticator{who{&w.asked}}, Log: log},
		append(s.endpoints(), batch.Endpoint(config)))
	if err != nil {
		w.t.Fatal(err)
	}
	s.Handler = frame
	return s
}

func (s *service) endpoints() []web.Endpoint {
	read := readapi.New(s.catalog, s.model, readapi.Options{Waiter: s.runner})
	write := writeapi.New(s.loop, writeapi.Options{Cache: memory.New(memory.Config{})})
	var all []web.Endpoint
	for _, r := range s.catalog.Resources() {
		all = append(all,
			web.PluralOf(r, append(read.PluralMethods(), write.PluralMethods()...)...),
			web.ObjectOf(r, append(read.ObjectMethods(), write.ObjectMethods()...)...))
	}
	utility := func(path string, handle web.Handler) web.Endpoint {
		return web.Endpoint{Name: path, Path: path, Methods: []web.Method{
			{Name: http.MethodGet, Handle: handle}, {Name: http.MethodPost, Handle: handle},
		}}
	}
	return append(all,
		utility("/fails", func(http.ResponseWriter, *web.Request) error { return errors.New("out of order") }),
		utility("/busy", func(http.ResponseWriter, *web.Request) error { return &domain.Error{Code: domain.Unavailable} }),
		utility("/panics", func(http.ResponseWriter, *web.Request) error { panic("out of order") }),
		utility("/text", func(w http.ResponseWriter, r *web.Request) error {
			w.Header().Set("Content-Type", "text/plain")
			_, err := io.WriteString(w, "say \"hi\"\n"+r.URL.RawQuery)
			return err
		}),
		utility("/writes", func(w http.ResponseWriter, r *web.Request) error {
			// With a context of its own, it would wait for the transaction that it is in.
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			_, err := s.loop.Do(ctx, domain.Needs{}, func(*writeapi.Tx) error { return nil })
			return err
		}),
	)
}

// who takes the Authorization header for a user id.
type who struct{ asked *atomic.Int64 }

func (a who) Authenticate(r *http.Request) (string, error) {
	a.asked.Add(1)
	switch user := r.Header.Get("Authorization"); user {
	case "":
		return "", nil
	case "broken":
		return "", errors.New("the store of users is away")
	default:
		return "account:" + user, nil
	}
}

func (who) Challenge() string { return `Basic realm="Realm"` }

type countingModel struct {
	writeapi.Model
	loads *atomic.Int64
}

func (m countingModel) Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
	m.loads.Add(1)
	return m.Model.Load(ctx, needs)
}

// send sends a request as the user alice, unless a header says otherwise.
func (s *service) send(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "alice")
	r.Header.Set("Content-Type", "application/json")
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// answer is what one request of a batch was answered.
type answer struct {
	Status  int               `json:"status"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// batch sends a batch and returns the answers.
func (s *service) batch(status int, body string, headers ...string) []answer {
	s.t.Helper()
	text := s.body(status, body, headers...)
	var got struct {
		Responses []answer `json:"responses"`
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil || got.Responses == nil {
		s.t.Fatalf("batch %s: got %s, %v, want responses", body, text, err)
	}
	return got.Responses
}

// body sends a batch and returns the body of its answer.
func (s *service) body(status int, body string, headers ...string) string {
	s.t.Helper()
	resp := s.send("POST", "/v1/batch", body, headers...)
	if resp.Code != status {
		s.t.Fatalf("batch %s: got %d %s, want %d", body, resp.Code, resp.Body, status)
	}
	return resp.Body.String()
}

// wantStatuses compares the statuses of the answers.
func wantStatuses(t testing.TB, got []answer, want ...int) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d answers, want %d", len(got), len(want))
	}
	for i, a := range got {
		if a.Status != want[i] {
			t.Errorf("answer %d: got %d %s, want %d", i, a.Status, a.Body, want[i])
		}
	}
}

// commits are the events of the log, commit by commit, without the start of the log.
func (w *world) commits() [][]domain.Event {
	w.t.Helper()
	var all [][]domain.Event
	var events []domain.Event
	for entry, err := range w.log.Read(context.Background(), 0) {
		if err != nil {
			w.t.Fatal(err)
		}
		if events = append(events, entry.Events...); entry.Last {
			all = append(all, events)
			events = nil
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[1:]
}
