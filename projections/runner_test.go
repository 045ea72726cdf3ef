package projections_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/memlog"
	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/postgres"
	"github.com/kintolog/kintolog/projections/sqlite"
)

func openSQLite(t testing.TB) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "model.db"))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	closeAtEnd(t, store)
	return store
}

func openPostgres(t testing.TB) *postgres.Store {
	t.Helper()
	return openURL(t, pgtest.New(t))
}

func openURL(t testing.TB, url string) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), postgres.Options{URL: url})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	closeAtEnd(t, store)
	return store
}

func closeAtEnd(t testing.TB, store projections.Store) {
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// things is a catalog of things.
func things(t testing.TB) *domain.Catalog {
	return declare(t, domain.Resource{Name: "thing", Path: "/l"})
}

func declare(t testing.TB, resources ...domain.Resource) *domain.Catalog {
	t.Helper()
	catalog, err := domain.NewCatalog(domain.Policy{}, resources...)
	if err != nil {
		t.Fatalf("NewCatalog: %v", err)
	}
	return catalog
}

func start(t testing.TB, log eventstore.Log, store projections.Store) *projections.Runner {
	t.Helper()
	return startWith(t, log, store, things(t), projections.RunnerOptions{})
}

func startWith(
	t testing.TB, log eventstore.Log, store projections.Store, catalog *domain.Catalog, options projections.RunnerOptions,
) *projections.Runner {
	t.Helper()
	r, err := projections.Start(t.Context(), log, store, catalog, options)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(r.Close)
	return r
}

// writer appends to a log.
type writer struct {
	t    testing.TB
	log  *memlog.Log
	tail eventstore.Tail
	n    int
}

func newWriter(t testing.TB) *writer { return &writer{t: t, log: memlog.New()} }

func (w *writer) append(events ...domain.Event) domain.Position {
	w.t.Helper()
	w.n++
	tail, err := w.log.Append(w.t.Context(), w.tail, eventstore.Commit{ID: fmt.Sprintf("c%d", w.n), Events: events})
	if err != nil {
		w.t.Fatalf("Append: %v", err)
	}
	w.tail = tail
	return tail.Position
}

func event(action domain.Action, u domain.URI, at int, value string) domain.Event {
	o := domain.Object{URI: u, LastModified: domain.Timestamp(at), Created: domain.Timestamp(at)}
	o.Data = fmt.Appendf(nil, `{"id":%q,"last_modified":%d,"v":%s}`, u.ID(), at, value)
	if action == domain.Deleted {
		o.Deleted, o.Created = true, 0
		o.Data = fmt.Appendf(nil, `{"id":%q,"last_modified":%d,"deleted":true}`, u.ID(), at)
	}
	return domain.Event{Action: action, Resource: "thing", Object: o}
}

func wait(t testing.TB, r interface {
	Wait(context.Context, domain.Position) error
}, position domain.Position,
) {
	t.Helper()
	if err := r.Wait(t.Context(), position); err != nil {
		t.Fatalf("Wait: %v", err)
	}
}

func dump(t testing.TB, store projections.Store) string {
	t.Helper()
	var lines []string
	err := store.Dump(t.Context(), func(line string) error {
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatalf("Dump: %v", err)
	}
	return strings.Join(lines, "\n")
}

func object(t testing.TB, store projections.Store, u domain.URI) domain.Object {
	t.Helper()
	snapshot, err := store.Load(t.Context(), domain.Needs{Objects: []domain.URI{u}})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return snapshot.Objects[u]
}

func TestRunnerMakesCommitsReadable(t *testing.T) {
	t.Parallel()
	w, store := newWriter(t), openSQLite(t)
	w.append(event(domain.Created, "/l/a", 1, "1"))
	r := start(t, w.log, store)
	wait(t, r, 1)
	for i := range 50 {
		wait(t, r, w.append(event(domain.Updated, "/l/a", i+2, "2")))
		if got := object(t, store, "/l/a").LastModified; got != domain.Timestamp(i+2) {
			t.Fatalf("after Wait the object has the timestamp %d, want %d", got, i+2)
		}
	}
	if r.Err() != nil || r.Lag() != 0 || r.Seen() != w.tail.Position || r.Position() != w.tail.Position {
		t.Errorf("Err, Lag, Seen, Position = %v, %d, %d, %d", r.Err(), r.Lag(), r.Seen(), r.Position())
	}
}

func TestRunnerGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	w, store := newWriter(t), openSQLite(t)
	for i := range 5 {
		r := start(t, w.log, store)
		wait(t, r, w.append(event(domain.Created, domain.URI(fmt.Sprintf("/l/%d", i)), i+1, "1")))
		r.Close()
		if err := r.Wait(t.Context(), w.tail.Position+1); err == nil {
			t.Error("Wait for more after Close succeeds")
		}
	}
}

func TestStartRefusesAnotherLog(t *testing.T) {
	t.Parallel()
	w, store := newWriter(t), openSQLite(t)
	w.append(event(domain.Created, "/l/a", 1, "1"))
	r := start(t, w.log, store)
	wait(t, r, 1)
	r.Close()
	other := newWriter(t)
	_, err := projections.Start(t.Context(), other.log, store, things(t), projections.RunnerOptions{})
	if !errors.Is(err, projections.ErrAhead) {
		t.Errorf("Start on an empty log = %v, want ErrAhead", err)
	}
	other.append(event(domain.Created, "/l/b", 1, "1"))
	_, err = projections.Start(t.Context(), other.log, store, things(t), projections.RunnerOptions{})
	if !errors.Is(err, projections.ErrDiverged) {
		t.Errorf("Start on another log = %v, want ErrDiverged", err)
	}
}

func TestRunnersStandByForEachOther(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]projections.Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWriter(t)
			runners := []*projections.Runner{start(t, w.log, store), start(t, w.log, store), start(t, w.log, store)}
			for i := range 100 {
				w.append(event(domain.Created, domain.URI(fmt.Sprintf("/l/%d", i)), i+1, "1"))
				if i == 50 {
					runners[0].Close()
				}
			}
			for _, r := range runners[1:] {
				wait(t, r, w.tail.Position)
				if err := r.Err(); err != nil {
					t.Errorf("Err = %v", err)
				}
			}
			snapshot, err := store.Load(t.Context(), domain.Needs{Scopes: []domain.Plural{"/l"}})
			if want := (domain.Scope{Timestamp: 100, Live: 100}); err != nil || snapshot.Scopes["/l"] != want {
				t.Errorf("scope = %v, %v, want %v", snapshot.Scopes["/l"], err, want)
			}
		})
	}
}

// halting is a log that stops in the middle of a commit until it is told to go on.
type halting struct {
	eventstore.Log
	halted, goOn chan struct{}
}

func (h halting) Follow(ctx context.Context, after domain.Position) iter.Seq2[eventstore.Entry, error] {
	return func(yield func(eventstore.Entry, error) bool) {
		for e, err := range h.Log.Follow(ctx, after) {
			if !yield(e, err) {
				return
			}
			if err == nil && !e.Last {
				close(h.halted)
				<-h.goOn
			}
		}
	}
}

func TestRunnerAppliesWholeCommits(t *testing.T) {
	t.Parallel()
	w, store := newWriter(t), openSQLite(t)
	log := halting{w.log, make(chan struct{}), make(chan struct{})}
	r := start(t, log, store)
	w.append(event(domain.Created, "/l/a", 1, "1"))
	end := w.append(event(domain.Created, "/l/b", 2, "1"), event(domain.Created, "/m/b", 1, "1"))
	<-log.halted
	wait(t, r, 1)
	if o := object(t, store, "/l/b"); o.Live() {
		t.Error("half a commit is applied")
	}
	close(log.goOn)
	wait(t, r, end)
	if o := object(t, store, "/m/b"); !o.Live() {
		t.Error("the commit is not applied")
	}
}

// picky is a store that refuses data with the word "bad" for a while, and may be unavailable.
type picky struct {
	projections.Store
	refusing atomic.Bool
	failures atomic.Int32
}

func (p *picky) Apply(ctx context.Context, change projections.Change) error {
	if p.failures.Add(-1) >= 0 {
		return fmt.Errorf("test: %w", projections.ErrUnavailable)
	}
	for _, step := range change.Steps {
		for _, row := range step.Objects {
			if row.Refused == "" && p.Check(ctx, row) != nil {
				return projections.ErrRefused
			}
		}
	}
	return p.Store.Apply(ctx, change)
}

func (p *picky) Check(_ context.Context, row projections.Row) error {
	if p.refusing.Load() && strings.Contains(string(row.Data), "bad") {
		return projections.ErrRefused
	}
	return nil
}

func TestRunnerTriesAgain(t *testing.T) {
	t.Parallel()
	w, store := newWriter(t), &picky{Store: openSQLite(t)}
	store.failures.Store(3)
	r := start(t, w.log, store)
	wait(t, r, w.append(event(domain.Created, "/l/a", 1, "1")))
	if err := r.Err(); err != nil {
		t.Errorf("Err after recovery = %v", err)
	}
	if n := store.failures.Load(); n >= 0 {
		t.Errorf("%d failures are left", n+1)
	}
}

// crashing is a store that is another one after a crash.
type crashing struct {
	projections.Store
	left atomic.Pointer[sqlite.Store]
}

func (c *crashing) now() projections.Store {
	if left := c.left.Load(); left != nil {
		return left
	}
	return c.Store
}

func (c *crashing) Checkpoint(ctx context.Context) (eventstore.Tail, error) {
	return c.now().Checkpoint(ctx)
}

func (c *crashing) Apply(ctx context.Context, change projections.Change) error {
	return c.now().Apply(ctx, change)
}

func (c *crashing) Quarantined(ctx context.Context) ([]projections.Row, error) {
	return c.now().Quarantined(ctx)
}

// A database that has crashed may have lost the last changes, of which it had said that they were made.
func TestRunnerAppliesAgainWhatTheStoreHasLost(t *testing.T) {
	t.Parallel()
	for _, written := range []bool{true, false} {
		t.Run(fmt.Sprintf("written afterwards: %v", written), func(t *testing.T) {
			t.Parallel()
			w, left, store := newWriter(t), openSQLite(t), &crashing{Store: openSQLite(t)}
			early := start(t, w.log, left)
			wait(t, early, w.append(event(domain.Created, "/l/a", 1, "1")))
			early.Close()
			options := projections.RunnerOptions{CheckEvery: time.Millisecond}
			if written {
				options.CheckEvery = time.Hour
			}
			r := startWith(t, w.log, store, things(t), options)
			wait(t, r, w.append(event(domain.Created, "/l/b", 2, "1")))
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			positions, err := left.Watch(ctx)
			if err != nil {
				t.Fatalf("Watch: %v", err)
			}
			store.left.Store(left)
			if written {
				w.append(event(domain.Updated, "/l/a", 3, "2"))
			}
			for at := domain.Position(0); at < w.tail.Position; {
				p, more := <-positions
				if !more {
					t.Fatalf("the store stays at %d: %v", at, r.Err())
				}
				at = p
			}
			wait(t, r, w.tail.Position)
			all := openSQLite(t)
			wait(t, start(t, w.log, all), w.tail.Position)
			if got, want := dump(t, left), dump(t, all); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if err := r.Err(); err != nil {
				t.Errorf("Err = %v", err)
			}
		})
	}
}

func TestQuarantineStopsAnObjectNotTheLog(t *testing.T) {
	t.Parallel()
	w, store := newWriter(t), &picky{Store: openSQLite(t)}
	store.refusing.Store(true)
	r := start(t, w.log, store)
	for _, commit := range [][]domain.Event{
		{event(domain.Created, "/l/a", 1, `"bad"`), event(domain.Created, "/l/b", 2, "1"), event(domain.Created, "/l/c", 3, "1")},
		{event(domain.Created, "/l/d", 4, `"bad"`)},
		{event(domain.Updated, "/l/c", 5, `"bad"`)},
		{event(domain.Updated, "/l/a", 6, `"good"`), event(domain.Updated, "/l/b", 7, "2")},
		{event(domain.Deleted, "/l/c", 8, "")},
	} {
		wait(t, r, w.append(commit...)) // one by one: several states of an object in one change are its last
	}
	if got := object(t, store, "/l/b").LastModified; got != 7 {
		t.Errorf("the object beside has the timestamp %d, want 7", got)
	}
	steps := []struct {
		refusing bool
		want     []string
	}{
		{true, []string{"/l/d@4"}}, // the last state of the others is one that the store takes
		{false, nil},
	}
	want := []string{"/l/a@1", "/l/d@4", "/l/c@5", "/l/a@6", "/l/c@8"}
	for i, step := range steps {
		if got := quarantined(t, store); !slices.Equal(got, want) {
			t.Errorf("quarantine before start %d = %v, want %v", i, got, want)
		}
		r.Close()
		store.refusing.Store(step.refusing)
		r, want = start(t, w.log, store), step.want
		wait(t, r, w.append(event(domain.Updated, "/l/a", 9+i, "3")))
	}
	if got := quarantined(t, store); !slices.Equal(got, want) {
		t.Errorf("quarantine in the end = %v, want %v", got, want)
	}
	rebuilt := openSQLite(t)
	if err := projections.Rebuild(t.Context(), w.log, rebuilt, things(t), nil); err != nil {
		t.Fatalf("Rebuild: %v", err)
	}
	if got, want := dump(t, store), dump(t, rebuilt); got != want {
		t.Errorf("after the replay\n%s\nrebuilt\n%s", got, want)
	}
}

func TestAGroupOutOfQuarantineChangesWhatIsAboveOthers(t *testing.T) {
	t.Parallel()
	w, store := newWriter(t), &picky{Store: openSQLite(t)}
	catalog := declare(t, domain.Resource{Name: "thing", Path: "/l"}, domain.Resource{
		Name: "group", Path: "/groups", Members: func([]byte) []string { return []string{"alice"} },
	})
	needs := domain.Needs{Scopes: []domain.Plural{projections.Structure}, Members: []string{"alice"}}
	load := func() domain.Snapshot {
		snapshot, err := store.Load(t.Context(), needs)
		if err != nil {
			t.Fatalf("Load: %v", err)
		}
		return snapshot
	}
	store.refusing.Store(true)
	r := startWith(t, w.log, store, catalog, projections.RunnerOptions{})
	group := event(domain.Created, "/groups/g", 1, `"bad"`)
	group.Resource = "group"
	wait(t, r, w.append(group))
	r.Close()
	before := load()
	store.refusing.Store(false)
	r = startWith(t, w.log, store, catalog, projections.RunnerOptions{})
	wait(t, r, w.append(event(domain.Created, "/l/a", 2, "1")))
	after := load()
	if was, is := before.Scopes[projections.Structure], after.Scopes[projections.Structure]; is.Timestamp <= was.Timestamp {
		t.Errorf("the structure has the timestamp %d, and had %d", is.Timestamp, was.Timestamp)
	}
	if len(before.Groups["alice"]) != 0 || len(after.Groups["alice"]) != 1 {
		t.Errorf("the groups of a member are %v, and were %v", after.Groups, before.Groups)
	}
}

func TestQuarantineOfPostgres(t *testing.T) {
	t.Parallel()
	w, store := newWriter(t), openPostgres(t)
	r := start(t, w.log, store)
	wait(t, r, w.append(event(domain.Created, "/l/a", 1, `"\u0000"`), event(domain.Created, "/l/b", 2, "1")))
	wait(t, r, w.append(event(domain.Updated, "/l/a", 3, "1")))
	if o := object(t, store, "/l/b"); !o.Live() {
		t.Error("the object beside is not applied")
	}
	if got, want := quarantined(t, store), []string{"/l/a@1", "/l/a@3"}; !slices.Equal(got, want) {
		t.Errorf("quarantine = %v, want %v", got, want)
	}
}

// quarantined are the states of objects that a store has set aside.
func quarantined(t *testing.T, store projections.Store) (states []string) {
	t.Helper()
	rows, err := store.Quarantined(t.Context())
	if err != nil {
		t.Fatalf("Quarantined: %v", err)
	}
	for _, row := range rows {
		states = append(states, fmt.Sprintf("%s@%d", row.URI, row.LastModified))
	}
	return states
}

// randomCommits appends commits that create, update, delete, take trees along, purge tombstones, and once flush.
func randomCommits(w *writer, n int) {
	seed := rand.Uint64()
	w.t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	live := map[domain.URI]bool{}
	at := 1
	w.append(domain.Event{Action: domain.Started, Object: domain.Object{LastModified: 1}})
	for i := range n {
		var events []domain.Event
		for range 1 + r.IntN(6) {
			at++
			top := domain.URI(fmt.Sprintf("/buckets/b%d", r.IntN(4)))
			u := top
			if r.IntN(4) > 0 {
				u = domain.URI(fmt.Sprintf("%s/groups/g%d", top, r.IntN(6)))
			}
			last := len(events)
			switch {
			case !live[u]:
				events = append(events, event(domain.Created, u, at, fmt.Sprint(at)))
				live[u] = true
			case r.IntN(3) > 0:
				events = append(events, event(domain.Updated, u, at, fmt.Sprint(at)))
			default:
				e := event(domain.Deleted, u, at, "")
				e.Cascade = u == top
				events = append(events, e)
				for below := range live {
					if below == u || e.Cascade && u.Contains(below.Plural()) {
						delete(live, below)
					}
				}
			}
			e := &events[last]
			e.Resource = map[bool]string{true: "bucket", false: "group"}[u == top]
			if e.Action != domain.Deleted {
				e.Object.Permissions = domain.Permissions{}.With("write", fmt.Sprintf("user%d", r.IntN(5)))
			}
			if r.IntN(20) == 0 {
				events = append(events, domain.Event{
					Action: domain.Purged, Resource: e.Resource, Retain: int64(r.IntN(4)), Ordered: true,
				})
			}
		}
		if i == n/2 {
			events = append(events, domain.Event{Action: domain.Flushed, Object: domain.Object{LastModified: domain.Timestamp(at)}})
			clear(live)
		}
		w.append(events...)
	}
}

func TestLiveEqualsRebuilt(t *testing.T) {
	t.Parallel()
	catalog := declare(t,
		domain.Resource{Name: "bucket", Path: "/buckets"},
		domain.Resource{Name: "group", Path: "/buckets/{bucket}/groups", Members: func(data []byte) []string {
			return []string{"user1", jsondoc.LookupString(data, "id")}
		}},
		changes("/buckets/{bucket}/changes"))
	w := newWriter(t)
	stores := map[string]projections.Store{
		"live sqlite": openSQLite(t), "live postgres": openPostgres(t),
		"rebuilt sqlite": openSQLite(t), "rebuilt postgres": openPostgres(t),
	}
	var runners []*projections.Runner
	for _, name := range []string{"live sqlite", "live postgres"} {
		runners = append(runners, startWith(t, w.log, stores[name], catalog, projections.RunnerOptions{MaxEvents: 7}))
	}
	randomCommits(w, 300)
	for _, r := range runners {
		wait(t, r, w.tail.Position)
	}
	for _, name := range []string{"rebuilt sqlite", "rebuilt postgres"} {
		var done domain.Position
		progress := func(now, total domain.Position) {
			if now <= done || now > total {
				t.Errorf("progress from %d to %d of %d", done, now, total)
			}
			done = now
		}
		if err := projections.Rebuild(t.Context(), w.log, stores[name], catalog, progress); err != nil {
			t.Fatalf("Rebuild: %v", err)
		}
		if done != w.tail.Position {
			t.Errorf("progress ended at %d of %d", done, w.tail.Position)
		}
	}
	want := dump(t, stores["live sqlite"])
	for name, store := range stores {
		if got := dump(t, store); got != want {
			t.Errorf("%s\n%s\nlive sqlite\n%s", name, got, want)
		}
	}
}

func TestWaiterHearsOfAnotherProcess(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	w := newWriter(t)
	waiter, err := projections.NewWaiter(t.Context(), openURL(t, url))
	if err != nil {
		t.Fatalf("NewWaiter: %v", err)
	}
	t.Cleanup(waiter.Close)
	start(t, w.log, openURL(t, url))
	var waiting sync.WaitGroup
	for i := range 10 {
		waiting.Go(func() {
			if err := waiter.Wait(t.Context(), domain.Position(i+1)); err != nil {
				t.Errorf("Wait: %v", err)
			}
		})
	}
	for i := range 10 {
		w.append(event(domain.Created, domain.URI(fmt.Sprintf("/l/%d", i)), i+1, "1"))
	}
	waiting.Wait()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := waiter.Wait(ctx, 100); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait with an ended context = %v", err)
	}
}
