package projections_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/postgres"
	"github.com/kintolog/kintolog/projections/sqlite"
)

// backend is a read model that can be opened, and a successor be made for it.
type backend struct {
	open func() projections.Store
	next func() (projections.Successor, error)
}

func backends(t *testing.T) map[string]backend {
	t.Helper()
	path, url := filepath.Join(t.TempDir(), "model.db"), pgtest.New(t)
	opened := func(s projections.Store, err error) projections.Store {
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		return s
	}
	ctx := t.Context()
	return map[string]backend{
		"sqlite": {
			func() projections.Store { return opened(sqlite.Open(ctx, path)) },
			func() (projections.Successor, error) { return sqlite.NewGeneration(ctx, path) },
		},
		"postgres": {
			func() projections.Store { return opened(postgres.Open(ctx, postgres.Options{URL: url})) },
			func() (projections.Successor, error) {
				return postgres.NewGeneration(ctx, postgres.Options{URL: url})
			},
		},
	}
}

func renew(t *testing.T, log eventstore.Log, b backend, catalog *domain.Catalog) error {
	t.Helper()
	next, err := b.next()
	if err != nil {
		t.Fatalf("make a successor: %v", err)
	}
	closeAtEnd := sync.OnceFunc(func() {
		if err := next.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	defer closeAtEnd()
	return projections.Renew(t.Context(), log, next, catalog, nil)
}

func TestRenewedEqualsLive(t *testing.T) {
	t.Parallel()
	catalog := declare(t,
		domain.Resource{Name: "bucket", Path: "/buckets"}, domain.Resource{Name: "group", Path: "/buckets/{bucket}/groups"})
	for name, b := range backends(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWriter(t)
			live := b.open()
			r := startWith(t, w.log, live, catalog, projections.RunnerOptions{MaxEvents: 5})
			randomCommits(w, 200)
			wait(t, r, w.tail.Position)
			r.Close()
			want := dump(t, live)
			if err := live.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			for range 2 {
				if err := renew(t, w.log, b, catalog); err != nil {
					t.Fatalf("Renew: %v", err)
				}
				renewed := b.open()
				if got := dump(t, renewed); got != want {
					t.Errorf("renewed\n%s\nlive\n%s", got, want)
				}
				if err := renewed.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}
		})
	}
}

// failing is a log whose entries cannot be read to the end.
type failing struct{ eventstore.Log }

func (f failing) Tail(ctx context.Context) (eventstore.Tail, error) {
	tail, err := f.Log.Tail(ctx)
	if tail.Position > 0 {
		err = errors.Join(err, errors.New("test: the log is away"))
	}
	return tail, err
}

func TestARenewalThatFailsLeavesTheLiveOne(t *testing.T) {
	t.Parallel()
	for name, b := range backends(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, live := newWriter(t), b.open()
			r := start(t, w.log, live)
			wait(t, r, w.append(event(domain.Created, "/l/a", 1, "1")))
			r.Close()
			want := dump(t, live)
			if err := live.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if err := renew(t, failing{w.log}, b, things(t)); err == nil {
				t.Error("a renewal from a log that is away succeeds")
			}
			again := b.open()
			closeAtEnd(t, again)
			if got := dump(t, again); got != want {
				t.Errorf("after it\n%s\nbefore\n%s", got, want)
			}
		})
	}
}

func TestARenewalOfAReadModelAheadOfItsLog(t *testing.T) {
	t.Parallel()
	for name, b := range backends(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old, w := newWriter(t), newWriter(t)
			live := b.open()
			r := start(t, old.log, live)
			old.append(event(domain.Created, "/l/a", 1, "1"))
			wait(t, r, old.append(event(domain.Created, "/l/b", 2, "1")))
			r.Close()
			if err := live.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			w.append(event(domain.Created, "/l/c", 1, "1"))
			if err := renew(t, w.log, b, things(t)); err != nil {
				t.Fatalf("Renew: %v", err)
			}
			renewed := b.open()
			closeAtEnd(t, renewed)
			start(t, w.log, renewed)
			if object(t, renewed, "/l/a").Live() || !object(t, renewed, "/l/c").Live() {
				t.Error("the renewed one is not made from the log")
			}
		})
	}
}

func TestSQLiteInUseIsNotRenewed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "model.db")
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, store)
	if _, err := sqlite.NewGeneration(t.Context(), path); !errors.Is(err, sqlite.ErrInUse) {
		t.Errorf("NewGeneration = %v, want ErrInUse", err)
	}
	w := newWriter(t)
	wait(t, start(t, w.log, store), w.append(event(domain.Created, "/l/a", 1, "1")))
}

func TestOneRenewalOfPostgresAtATime(t *testing.T) {
	t.Parallel()
	b := backends(t)["postgres"]
	first, err := b.next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.next(); !errors.Is(err, postgres.ErrRebuilding) {
		t.Errorf("a second one = %v, want ErrRebuilding", err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := renew(t, newWriter(t).log, b, things(t)); err != nil {
		t.Errorf("after the first one: %v", err)
	}
}

func TestRenewalOfPostgresCleansUp(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	b := backend{next: func() (projections.Successor, error) {
		return postgres.NewGeneration(t.Context(), postgres.Options{URL: url})
	}}
	if err := renew(t, newWriter(t).log, b, things(t)); err != nil {
		t.Fatalf("Renew: %v", err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var left []string
	row := conn.QueryRow(t.Context(), "SELECT coalesce(array_agg(nspname::text), '{}') FROM pg_namespace WHERE nspname LIKE '%kintolog%'")
	if err := row.Scan(&left); err != nil || len(left) > 0 {
		t.Errorf("left are the schemas %v, %v", left, err)
	}
}

// TestPostgresSwitchesUnderReadersAndWriters renews a read model several times while projectors move it, and readers
// check that what they see never goes back, is complete, and belongs together.
func TestPostgresSwitchesUnderReadersAndWriters(t *testing.T) {
	t.Parallel()
	b := backends(t)["postgres"]
	w := newWriter(t)
	w.append(domain.Event{Action: domain.Started, Object: domain.Object{LastModified: 1}})
	stores := []projections.Store{b.open(), b.open()}
	var runners []*projections.Runner
	for _, store := range stores {
		closeAtEnd(t, store)
		r := start(t, w.log, store)
		wait(t, r, 1)
		runners = append(runners, r)
	}
	ctx, stop := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	var known, reads atomic.Int64 // known is what a client was told to be readable
	busy.Go(func() {
		for i := 1; ctx.Err() == nil; i++ {
			position := w.append(event(domain.Created, domain.URI(fmt.Sprintf("/l/%d", i)), i+1, "1"))
			if err := runners[i%2].Wait(t.Context(), position); err != nil {
				t.Errorf("write %d is not readable: %v", i, err)
				return
			}
			known.Store(int64(i))
		}
	})
	for i := range 4 {
		busy.Go(func() {
			for ctx.Err() == nil {
				if err := readBack(t.Context(), stores[i%2], &known); err != nil {
					t.Error(err)
					return
				}
				reads.Add(1)
			}
		})
	}
	const renewals = 5
	for i := range renewals {
		before := reads.Load()
		if err := renew(t, w.log, b, things(t)); err != nil {
			t.Errorf("Renew %d: %v", i, err)
		}
		if reads.Load() == before {
			t.Errorf("nothing was read during renewal %d", i)
		}
	}
	stop()
	busy.Wait()
	t.Logf("%d writes, %d reads", known.Load(), reads.Load())
	fresh := b.open()
	closeAtEnd(t, fresh)
	got := strings.Count(dump(t, fresh), "objects\t")
	if want := int(known.Load()); got < want || want < renewals {
		t.Errorf("%d objects are there, %d were written", got, want)
	}
}

// readBack reads what was readable before, in one go.
func readBack(ctx context.Context, store projections.Store, known *atomic.Int64) error {
	want := known.Load()
	u := domain.URI(fmt.Sprintf("/l/%d", want))
	snapshot, page, err := store.List(ctx,
		domain.Needs{Objects: []domain.URI{u}, Scopes: []domain.Plural{"/l"}}, domain.Query{Plural: "/l", Limit: 3})
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	scope := snapshot.Scopes["/l"]
	if scope.Live < want || want > 0 && !snapshot.Objects[u].Live() {
		return fmt.Errorf("%d objects at position %d, %d were readable before", scope.Live, snapshot.Position, want)
	}
	if want > 2 && len(page.Objects) != 3 || snapshot.Position != domain.Position(scope.Live+1) {
		return fmt.Errorf("a page of %d at position %d with %d objects", len(page.Objects), snapshot.Position, scope.Live)
	}
	return nil
}

// counting is a log that tells when its tail was asked for the nth time.
type counting struct {
	eventstore.Log
	left    atomic.Int32
	reached chan struct{}
}

func (c *counting) Tail(ctx context.Context) (eventstore.Tail, error) {
	if c.left.Add(-1) == 0 {
		close(c.reached)
	}
	return c.Log.Tail(ctx)
}

// A transaction of a reader that began before the new read model was complete would find that as it was then.
func TestPostgresSwitchWaitsForReadersOfThePast(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	w, live := newWriter(t), openURL(t, url)
	wait(t, start(t, w.log, live), w.append(event(domain.Created, "/l/a", 1, "1")))
	next, err := postgres.NewGeneration(t.Context(), postgres.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, next)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	reader, err := conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err == nil {
		_, err = reader.Exec(t.Context(), "SELECT FROM pg_class") // the view of the database is that of now
	}
	if err != nil {
		t.Fatal(err)
	}
	// To rebuild, to catch up, and for the first attempt to switch; then comes the second one.
	log := &counting{Log: w.log, reached: make(chan struct{})}
	log.left.Store(4)
	renewed := make(chan error, 1)
	go func() { renewed <- projections.Renew(t.Context(), log, next, things(t), nil) }()
	select {
	case <-log.reached:
	case err := <-renewed:
		t.Errorf("it did not wait: %v", err)
		renewed <- err
	}
	var position int
	if err := reader.QueryRow(t.Context(), "SELECT position FROM checkpoint").Scan(&position); err != nil || position != 1 {
		t.Errorf("the reader is at %d, %v, want 1", position, err)
	}
	if err := reader.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-renewed; err != nil {
		t.Errorf("Renew = %v", err)
	}
	wait(t, start(t, w.log, live), w.append(event(domain.Created, "/l/b", 2, "1")))
	if !object(t, live, "/l/a").Live() || !object(t, live, "/l/b").Live() {
		t.Error("the new read model does not go on")
	}
}
