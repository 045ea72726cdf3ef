package writeapi_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/memlog"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/sqlite"
	"github.com/kintolog/kintolog/writeapi"
)

var user = domain.Caller{UserID: "basicauth:user"}

// bench is a log with a read model that follows it, and any number of writers on both.
type bench struct {
	t       *testing.T
	catalog *domain.Catalog
	log     eventstore.Log
	model   *sqlite.Store
	runner  *projections.Runner
}

func setup(t *testing.T, log eventstore.Log) *bench {
	t.Helper()
	catalog, err := domain.NewCatalog(domain.Policy{Grants: map[string][]string{"bucket_create": {domain.Authenticated}}},
		kinto.Resources()...)
	if err != nil {
		t.Fatal(err)
	}
	model, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "model.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = model.Close() })
	runner, err := projections.Start(t.Context(), log, model, catalog, projections.RunnerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(runner.Close)
	return &bench{t: t, catalog: catalog, log: log, model: model, runner: runner}
}

func (b *bench) loop(change func(*writeapi.Config)) *writeapi.Loop {
	c := writeapi.Config{Catalog: b.catalog, Log: b.log, Model: b.model, Progress: b.runner, Readable: 20 * time.Second}
	if change != nil {
		change(&c)
	}
	l := writeapi.NewLoop(c)
	b.t.Cleanup(l.Close)
	return l
}

func (b *bench) command(verb domain.Verb, uri domain.URI, data string) *domain.Command {
	return &domain.Command{Verb: verb, URI: uri, Resource: b.catalog.Of(uri), Caller: user, Data: []byte(data)}
}

// do carries out a command in a transaction of its own.
func (b *bench) do(l *writeapi.Loop, c *domain.Command) (result domain.Result, outcome writeapi.Outcome, err error) {
	outcome, err = l.Do(b.t.Context(), c.Needs(), func(tx *writeapi.Tx) (err error) {
		result, err = tx.Execute(c)
		return err
	})
	return result, outcome, err
}

func (b *bench) must(l *writeapi.Loop, uris ...domain.URI) {
	b.t.Helper()
	for _, uri := range uris {
		if _, _, err := b.do(l, b.command(domain.Put, uri, "{}")); err != nil {
			b.t.Fatalf("put %s: %v", uri, err)
		}
	}
}

// facts are the events of the log by object, in order.
func (b *bench) facts() map[domain.URI][]domain.Event {
	all := map[domain.URI][]domain.Event{}
	for entry, err := range b.log.Read(b.t.Context(), 0) {
		if err != nil {
			b.t.Fatal(err)
		}
		for _, e := range entry.Events {
			all[e.Object.URI] = append(all[e.Object.URI], e)
		}
	}
	return all
}

func TestAWriteIsReadableWhenItIsAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	l := b.loop(nil)
	for i := range 50 {
		uri := domain.URI(fmt.Sprintf("/buckets/b%d", i))
		result, outcome, err := b.do(l, b.command(domain.Put, uri, `{"n":1}`))
		if err != nil || !outcome.Readable {
			t.Fatalf("put: %+v, %v", outcome, err)
		}
		loaded, err := b.model.Load(t.Context(), domain.Needs{Objects: []domain.URI{uri}})
		if err != nil || string(loaded.Objects[uri].Data) != string(result.Object.Data) {
			t.Fatalf("read %s, %v after it was answered, want %s", loaded.Objects[uri].Data, err, result.Object.Data)
		}
	}
}

func TestWhatARefusalRestsOnIsReadableWhenItIsAnswered(t *testing.T) {
	t.Parallel()
	log := &refusingLog{Log: memlog.New()}
	b := setup(t, log)
	waits := &waits{}
	l := b.loop(func(c *writeapi.Config) { c.Progress = waits })
	_, written, err := b.do(l, b.command(domain.Put, "/buckets/a", "{}"))
	if err != nil {
		t.Fatal(err)
	}
	again := b.command(domain.Put, "/buckets/a", "{}")
	again.Precondition.IfNoneMatch = domain.MatchAny
	_, refused, err := b.do(l, again)
	if domain.CodeOf(err) != domain.PreconditionFails || !refused.Readable {
		t.Errorf("got %+v, %v, want a refusal", refused, err)
	}
	if want := []domain.Position{written.Position, written.Position}; !slices.Equal(waits.all, want) {
		t.Errorf("waited for %v, want %v: for the write, and for what the refusal tells of it", waits.all, want)
	}
	log.full.Store(true)
	if _, _, err := b.do(l, b.command(domain.Put, "/buckets/b", "{}")); !errors.Is(err, errFull) || len(waits.all) != 2 {
		t.Errorf("without a log: got %v, and waited for %v, want that nobody waits", err, waits.all)
	}
}

// waits is a read model of which it is not known how far it is, and what it was waited for.
type waits struct{ all []domain.Position }

func (w *waits) Position() domain.Position { return 0 }

func (w *waits) Wait(_ context.Context, p domain.Position) error {
	w.all = append(w.all, p)
	return nil
}

func TestManyWritersIncrementOneCounter(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	loops := []*writeapi.Loop{b.loop(nil), b.loop(nil), b.loop(nil)}
	b.must(loops[0], "/buckets/b")
	const each = 40
	var accepted atomic.Int64
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			l := loops[i%len(loops)]
			for range each {
				// Read, then write on the condition that nothing has changed.
				current, err := b.model.Load(t.Context(), domain.Needs{Objects: []domain.URI{"/buckets/b"}})
				if err != nil {
					t.Error(err)
					return
				}
				c := b.command(domain.Put, "/buckets/b", "{}")
				c.Precondition.IfMatch = domain.MatchTimestamp(current.Objects["/buckets/b"].LastModified)
				_, _, err = b.do(l, c)
				switch domain.CodeOf(err) {
				case "":
					accepted.Add(1)
				case domain.PreconditionFails:
				default:
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got, want := int64(len(b.facts()["/buckets/b"])), 1+accepted.Load(); got != want || want < 2 {
		t.Errorf("the log holds %d changes, %d were acknowledged", got, want)
	}
}

func TestWaitingWritesShareACommit(t *testing.T) {
	t.Parallel()
	gate := &gatedLog{Log: memlog.New(), gate: make(chan struct{})}
	b := setup(t, gate)
	l := b.loop(nil)
	go close(gate.gate)
	b.must(l, "/buckets/b", "/buckets/b/collections/c")
	gate.shut()
	const n = 30
	var wg sync.WaitGroup
	put := func(i int) {
		wg.Go(func() { b.must(l, domain.URI(fmt.Sprintf("/buckets/b/collections/c/records/r%d", i))) })
	}
	put(0)
	<-gate.entered
	for i := range n - 1 {
		put(i + 1)
	}
	for l.Waiting() < n-1 {
		runtime.Gosched()
	}
	gate.open(n) // at most one append each
	wg.Wait()
	entries := 0
	for entry, err := range b.log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if entry.Plural == "/buckets/b/collections/c/records" {
			entries++
		}
	}
	if entries != 2 {
		t.Errorf("one write, and %d that waited for it, made %d entries, want 2", n-1, entries)
	}
}

// gatedLog lets appends pass only while its gate is open.
type gatedLog struct {
	eventstore.Log
	mu      sync.Mutex
	gate    chan struct{}
	entered chan struct{} // receives when an append stands before the gate, once it was shut
}

func (g *gatedLog) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gate, g.entered = make(chan struct{}, 1000), make(chan struct{}, 1000)
}

func (g *gatedLog) open(n int) {
	for range n {
		g.gate <- struct{}{}
	}
}

func (g *gatedLog) Append(ctx context.Context, after eventstore.Tail, c eventstore.Commit) (eventstore.Tail, error) {
	g.mu.Lock()
	gate, entered := g.gate, g.entered
	g.mu.Unlock()
	if entered != nil {
		entered <- struct{}{}
	}
	select {
	case <-gate:
		return g.Log.Append(ctx, after, c)
	case <-ctx.Done():
		return eventstore.Tail{}, ctx.Err()
	}
}

func TestAFailedCommandLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	l := b.loop(nil)
	first := b.command(domain.Put, "/buckets/one", "{}")
	veto := errors.New("changed my mind")
	_, err := l.Do(t.Context(), domain.Needs{}, func(tx *writeapi.Tx) error {
		if _, err := tx.Execute(first); err != nil {
			return err
		}
		return veto
	})
	if !errors.Is(err, veto) {
		t.Errorf("got %v, want the transaction's own error", err)
	}
	_, err = l.Do(t.Context(), domain.Needs{}, func(*writeapi.Tx) error { panic("a bug") })
	if domain.CodeOf(err) != domain.Internal {
		t.Errorf("got %v from a panic, want an internal error", err)
	}
	b.must(l, "/buckets/two")
	if facts := b.facts(); len(facts["/buckets/one"]) != 0 || len(facts["/buckets/two"]) != 1 {
		t.Errorf("the log holds %v", facts)
	}
}

func TestATransactionReadsItsOwnWrites(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	l := b.loop(nil)
	b.must(l, "/buckets/b", "/buckets/b/collections/c")
	for _, id := range []string{"a", "b", "c"} {
		b.must(l, domain.URI("/buckets/b/collections/c/records/"+id))
	}
	plural := domain.Plural("/buckets/b/collections/c/records")
	_, err := l.Do(t.Context(), domain.Needs{}, func(tx *writeapi.Tx) error {
		for _, c := range []*domain.Command{
			b.command(domain.Put, plural.Object("d"), "{}"),
			b.command(domain.Delete, plural.Object("b"), ""),
			b.command(domain.Put, plural.Object("a"), "{}"),
		} {
			if _, err := tx.Execute(c); err != nil {
				return err
			}
		}
		s, page, err := tx.List(t.Context(), domain.Needs{}, domain.Query{Plural: plural, Limit: 3, Total: true})
		if err != nil {
			return err
		}
		var ids string
		for _, o := range page.Objects {
			ids += o.URI.ID()
		}
		if ids != "adc" || s.Scopes[plural].Live != 3 {
			t.Errorf("listed %q of %d, want adc of 3", ids, s.Scopes[plural].Live)
		}
		many := b.command(domain.DeleteMany, plural.Object(""), "")
		result, last, more, err := tx.ExecuteMany(many, domain.Query{Plural: plural, Limit: 2})
		if err != nil || len(result.Tombstones) != 2 || !more || last.URI.ID() != "d" {
			t.Errorf("deleted %+v, last %s, more %v, %v", result.Tombstones, last.URI, more, err)
		}
		_, page, err = tx.List(t.Context(), domain.Needs{}, domain.Query{Plural: plural, Limit: 9, Tombstones: true})
		if err != nil || len(page.Objects) != 4 {
			t.Errorf("got %d objects and tombstones, %v, want 4", len(page.Objects), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPagesBoundedInBytesHaveEverythingOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	l := b.loop(nil)
	b.must(l, "/buckets/b", "/buckets/b/collections/c")
	plural := domain.Plural("/buckets/b/collections/c/records")
	for i := range 9 {
		b.must(l, plural.Object(fmt.Sprintf("r%d", i)))
	}
	_, err := l.Do(t.Context(), domain.Needs{}, func(tx *writeapi.Tx) error {
		for _, id := range []string{"r1", "r25", "r4", "r8", "s"} {
			if _, err := tx.Execute(b.command(domain.Put, plural.Object(id), `{"a":"`+strings.Repeat("x", 100)+`"}`)); err != nil {
				return err
			}
		}
		for _, bytes := range []int{1, 100, 200, 1000} {
			q := domain.Query{Plural: plural, Limit: 4, Bytes: bytes, Sort: []domain.Sort{{Field: domain.Field{"id"}}}}
			var ids []string
			for more := true; more; {
				_, page, err := tx.List(t.Context(), domain.Needs{}, q)
				if err != nil {
					return err
				}
				size := 0
				for i, o := range page.Objects {
					if size >= bytes {
						t.Errorf("object %d of a page comes after %d bytes, where %d end it", i, size, bytes)
					}
					size += len(o.Data)
					ids = append(ids, o.URI.ID())
				}
				if more = page.More; more {
					q = q.Following(page)
				}
			}
			if got := strings.Join(ids, " "); got != "r0 r1 r2 r25 r3 r4 r5 r6 r7 r8 s" {
				t.Errorf("pages of %d bytes have %s", bytes, got)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheServiceItselfDeletesWhatNobodyMayWrite(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	l := b.loop(nil)
	b.must(l, "/buckets/a", "/buckets/b")
	plural := domain.Plural("/buckets")
	many := &domain.Command{Verb: domain.DeleteMany, URI: plural.Object(""), Resource: b.catalog.OfPlural(plural)}
	for _, trusted := range []bool{false, true} {
		many.Trusted = trusted
		var deleted int
		_, err := l.Do(t.Context(), domain.Needs{}, func(tx *writeapi.Tx) error {
			result, _, _, err := tx.ExecuteMany(many, domain.Query{Limit: 10})
			deleted = len(result.Tombstones)
			return err
		})
		if permitted := err == nil && deleted == 2; permitted != trusted {
			t.Errorf("trusted %t: deleted %d, %v", trusted, deleted, err)
		}
	}
}

func TestPrincipalsThatNoReadModelHoldsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	l := b.loop(nil)
	for principal, want := range map[string]domain.Code{
		strings.Repeat("p", domain.MaxPrincipalLength):   "",
		strings.Repeat("p", domain.MaxPrincipalLength+1): domain.Invalid,
		"a\x00": domain.Invalid,
		"a\xff": domain.Invalid,
		"":      domain.Invalid,
	} {
		c := b.command(domain.Put, "/buckets/a", "{}")
		c.Permissions = map[string][]string{"read": {"alice", principal}}
		if _, _, err := b.do(l, c); domain.CodeOf(err) != want {
			t.Errorf("%.10q of %d bytes: got %v, want %q", principal, len(principal), err, want)
		}
	}
}

func TestPermissionsThatTheResourceDoesNotHaveAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	l := b.loop(nil)
	for name, want := range map[string]domain.Code{"read": "", "group:create": "", "raed": domain.Invalid, "bucket_read": domain.Invalid} {
		for _, verb := range []domain.Verb{domain.Put, domain.Patch} {
			c := b.command(verb, "/buckets/a", "{}")
			c.Permissions = map[string][]string{name: {"alice"}}
			if _, _, err := b.do(l, c); domain.CodeOf(err) != want {
				t.Errorf("%s, verb %d: got %v, want %q", name, verb, err, want)
			}
			b.must(l, "/buckets/a") // for the patch
		}
	}
}

func TestAVerbIsOfOneObjectOrOfMany(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	l := b.loop(nil)
	b.must(l, "/buckets/a")
	one := func(tx *writeapi.Tx, c *domain.Command) error { _, err := tx.Execute(c); return err }
	many := func(tx *writeapi.Tx, c *domain.Command) error {
		_, _, _, err := tx.ExecuteMany(c, domain.Query{Limit: 10})
		return err
	}
	for want, c := range map[string]struct {
		execute func(*writeapi.Tx, *domain.Command) error
		verb    domain.Verb
		uri     domain.URI
	}{
		"use ExecuteMany":      {one, domain.DeleteMany, "/buckets/"},
		"there is no verb 5":   {one, domain.DeleteMany + 1, "/buckets/a"},
		"there is no verb -1":  {one, domain.Post - 1, "/buckets/a"},
		"use Execute for a co": {many, domain.Delete, "/buckets/"},
	} {
		_, err := l.Do(t.Context(), domain.Needs{}, func(tx *writeapi.Tx) error { return c.execute(tx, b.command(c.verb, c.uri, "")) })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if facts := b.facts()["/buckets/a"]; len(facts) != 1 {
		t.Errorf("the log holds %v", facts)
	}
}

func TestADeletionOfManyIsOfTheResourceOfItsURI(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	l := b.loop(nil)
	b.must(l, "/buckets/a")
	for _, c := range []domain.Command{
		{URI: "/buckets/", Resource: b.catalog.Resource("collection")},
		{URI: "/buckets/"},
		{URI: "/nothing/"},
	} {
		c.Verb, c.Trusted = domain.DeleteMany, true
		_, err := l.Do(t.Context(), domain.Needs{}, func(tx *writeapi.Tx) error {
			_, _, _, err := tx.ExecuteMany(&c, domain.Query{Limit: 10})
			return err
		})
		if domain.CodeOf(err) != domain.MissingResource {
			t.Errorf("%s: got %v, want a missing resource", c.URI, err)
		}
	}
}

func TestALostReadModelIsMadeUpForFromTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	b.runner.Close() // the read model stands still
	l := b.loop(func(c *writeapi.Config) { c.Readable, c.Progress = time.Millisecond, stuck{} })
	c := b.command(domain.Put, "/buckets/b", "{}")
	c.Precondition.IfNoneMatch = domain.MatchAny
	_, outcome, err := b.do(l, c)
	if err != nil || outcome.Readable || outcome.Position == 0 {
		t.Fatalf("got %+v, %v, want an answer with a position", outcome, err)
	}
	_, _, err = b.do(l, c)
	if domain.CodeOf(err) != domain.PreconditionFails {
		t.Errorf("got %v, want the first write seen", err)
	}
	// A new writer knows nothing but the log.
	other := b.loop(func(c *writeapi.Config) { c.Readable, c.Progress = time.Millisecond, stuck{} })
	_, _, err = b.do(other, c)
	if domain.CodeOf(err) != domain.PreconditionFails {
		t.Errorf("got %v from another writer, want the first write seen", err)
	}
}

func TestNothingIsRefusedForWantOfWhatAnotherWriterWasAcknowledged(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	b.runner.Close() // the read model stands still
	lagging := func(c *writeapi.Config) { c.Readable, c.Progress = time.Millisecond, stuck{} }
	one, other := b.loop(lagging), b.loop(lagging)
	b.must(one, "/buckets/a")
	b.must(other, "/buckets/b")
	b.must(one, "/buckets/a/collections/c", "/buckets/b/collections/c")
	b.must(other, "/buckets/a/collections/c/records/r")
	c := b.command(domain.Post, "/buckets/b/collections/c", "{}")
	if result, _, err := b.do(other, c); err != nil || !result.Unchanged {
		t.Errorf("got %+v, %v, want the collection that is there", result, err)
	}
}

// stuck is a read model that never moves.
type stuck struct{}

func (stuck) Position() domain.Position { return 0 }

func (stuck) Wait(ctx context.Context, _ domain.Position) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestLagRefusesWritesBeforeTheyAreAppended(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	b.runner.Close()
	l := b.loop(func(c *writeapi.Config) { c.Readable, c.Progress, c.MaxLag = time.Millisecond, stuck{}, 3 })
	b.must(l, "/buckets/a", "/buckets/b", "/buckets/c") // with the start, 4 entries
	_, _, err := b.do(l, b.command(domain.Put, "/buckets/d", "{}"))
	if domain.CodeOf(err) != domain.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
	if _, stored := b.facts()["/buckets/d"]; stored {
		t.Error("a refused write was stored")
	}
}

// reads counts how often a log is read.
type reads struct {
	eventstore.Log
	n atomic.Int64
}

func (r *reads) Read(ctx context.Context, after domain.Position, of ...domain.Plural) iter.Seq2[eventstore.Entry, error] {
	r.n.Add(1)
	return r.Log.Read(ctx, after, of...)
}

func TestLagRefusesWritesByTheBytesThatWouldBeKept(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	b.runner.Close()
	put := func(l *writeapi.Loop, uri domain.URI) error {
		_, _, err := b.do(l, b.command(domain.Put, uri, fmt.Sprintf(`{"text":%q}`, strings.Repeat("x", 60_000))))
		return err
	}
	behind := func(c *writeapi.Config) { c.Readable, c.Progress, c.MaxLagBytes = time.Millisecond, stuck{}, 100_000 }
	l := b.loop(behind)
	for _, uri := range []domain.URI{"/buckets/a", "/buckets/b"} {
		if err := put(l, uri); err != nil {
			t.Fatal(err)
		}
	}
	log := &reads{Log: b.log}
	other := b.loop(func(c *writeapi.Config) { behind(c); c.Log = log })
	for name, l := range map[string]*writeapi.Loop{"who wrote it": l, "who reads it": other, "who has read it": other} {
		if err := put(l, "/buckets/c"); domain.CodeOf(err) != domain.Unavailable || !errors.Is(err, writeapi.ErrBehind) {
			t.Errorf("%s: got %v, want ErrBehind", name, err)
		}
	}
	if n := log.n.Load(); n != 1 {
		t.Errorf("what is too much was read %d times", n)
	}
	if _, stored := b.facts()["/buckets/c"]; stored {
		t.Error("a refused write was stored")
	}
	runner, err := projections.Start(t.Context(), b.log, b.model, b.catalog, projections.RunnerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer runner.Close()
	for _, l := range []*writeapi.Loop{l, other} {
		end, err := b.log.Tail(t.Context())
		if err == nil {
			err = runner.Wait(t.Context(), end.Position)
		}
		if err == nil {
			err = put(l, "/buckets/c")
		}
		if err != nil {
			t.Errorf("with a read model that has it: %v", err)
		}
	}
}

func TestAWriterThatWasIdleKeepsNothingOfWhatTheReadModelHas(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	little := func(c *writeapi.Config) { c.MaxLagBytes = 100_000 }
	one, other := b.loop(little), b.loop(little)
	b.must(one, "/buckets/a")
	for i := range 5 {
		uri := domain.URI(fmt.Sprintf("/buckets/b%d", i))
		if _, _, err := b.do(other, b.command(domain.Put, uri, fmt.Sprintf(`{"text":%q}`, strings.Repeat("x", 60_000)))); err != nil {
			t.Fatal(err)
		}
	}
	b.must(one, "/buckets/a/collections/c", "/buckets/b4/collections/c")
}

func TestAReadModelAheadOfTheLogRefusesWritesAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	b.must(b.loop(nil), "/buckets/a", "/buckets/b")
	lost := memlog.New() // what a log that has lost its end is like
	loads := &countingModel{Model: b.model}
	l := b.loop(func(c *writeapi.Config) { c.Log, c.Model, c.Timeout = lost, loads, time.Second })
	_, _, err := b.do(l, b.command(domain.Put, "/buckets/c", "{}"))
	if domain.CodeOf(err) != domain.Unavailable || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want unavailable, and why", err)
	}
	if n := loads.n.Load(); n > 10 {
		t.Errorf("the state was loaded %d times", n)
	}
	for entry, err := range lost.Read(t.Context(), 1) {
		t.Errorf("the log holds %+v, %v, want nothing but its start", entry, err)
	}
}

type countingModel struct {
	writeapi.Model
	n atomic.Int64
}

func (m *countingModel) Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
	m.n.Add(1)
	return m.Model.Load(ctx, needs)
}

func TestClosingAnswersWhatWaits(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	l := b.loop(nil)
	b.must(l, "/buckets/b")
	const n = 50
	var stored, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			_, _, err := b.do(l, b.command(domain.Put, domain.URI(fmt.Sprintf("/buckets/b%d", i)), "{}"))
			switch domain.CodeOf(err) {
			case "":
				stored.Add(1)
			case domain.Unavailable:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	l.Close()
	wg.Wait()
	if got := int64(len(b.facts()) - 2); got != stored.Load() || stored.Load()+refused.Load() != n {
		t.Errorf("%d stored, %d acknowledged, %d refused of %d", got, stored.Load(), refused.Load(), n)
	}
}

func TestACancelledRequestIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	l := b.loop(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := l.Do(ctx, domain.Needs{}, func(*writeapi.Tx) error {
		t.Error("it ran")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestWhoWaitsInVainCanGiveUp(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	var seconds atomic.Int64
	l := b.loop(func(c *writeapi.Config) {
		c.Now = func() time.Time { return time.Unix(1_800_000_000+seconds.Load(), 0) }
	})
	_, err := l.Do(t.Context(), domain.Needs{}, func(*writeapi.Tx) error {
		if err := l.Err(); err != nil {
			t.Errorf("at the beginning: got %v", err)
		}
		seconds.Add(31)
		if err := l.Err(); err == nil || !strings.Contains(err.Error(), "2027-01-15T08:00:00Z") {
			t.Errorf("half a minute later: got %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // that the loop is busy is all that keeps it from looking
		_, err := l.Do(ctx, domain.Needs{}, func(*writeapi.Tx) error {
			t.Error("what was given up ran")
			return nil
		})
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	b.must(l, "/buckets/a")
	if err := l.Err(); err != nil {
		t.Errorf("in the end: got %v", err)
	}
}

func TestWhoseTurnDoesNotComeIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, memlog.New())
	l := b.loop(func(c *writeapi.Config) { c.Timeout = 100 * time.Millisecond })
	var refused error
	_, _ = l.Do(t.Context(), domain.Needs{}, func(*writeapi.Tx) error {
		_, refused = l.Do(t.Context(), domain.Needs{}, func(*writeapi.Tx) error {
			t.Error("what was refused ran")
			return nil
		})
		return nil
	})
	if domain.CodeOf(refused) != domain.Unavailable || !strings.Contains(refused.Error(), "those before it have not ended") {
		t.Errorf("got %v, want unavailable, and why", refused)
	}
	b.must(l, "/buckets/a")
}

// flakyLog loses the answers to some appends, some of which were stored.
type flakyLog struct {
	eventstore.Log
	n atomic.Int64
}

func (f *flakyLog) Append(ctx context.Context, after eventstore.Tail, c eventstore.Commit) (eventstore.Tail, error) {
	switch f.n.Add(1) % 5 {
	case 2:
		_, _ = f.Log.Append(ctx, after, c)
		return eventstore.Tail{}, eventstore.ErrUnresolved
	case 4:
		return eventstore.Tail{}, eventstore.ErrUnresolved
	}
	return f.Log.Append(ctx, after, c)
}

func TestUnresolvedAppendsLeaveTheWriterSound(t *testing.T) {
	t.Parallel()
	b := setup(t, &flakyLog{Log: memlog.New()})
	l := b.loop(nil)
	acknowledged := map[domain.URI]int{}
	for i := range 60 {
		uri := domain.URI(fmt.Sprintf("/buckets/b%d", i%7))
		_, _, err := b.do(l, b.command(domain.Put, uri, "{}"))
		switch {
		case err == nil:
			acknowledged[uri]++
		case !errors.Is(err, eventstore.ErrUnresolved):
			t.Fatal(err)
		}
	}
	for uri, n := range acknowledged {
		events := b.facts()[uri]
		if len(events) < n {
			t.Errorf("%s: %d events for %d acknowledged writes", uri, len(events), n)
		}
		for i, e := range events[1:] {
			if e.Action != domain.Updated || e.Object.LastModified <= events[i].Object.LastModified {
				t.Errorf("%s: event %d is %s at %d after %d", uri, i+1, e.Action, e.Object.LastModified, events[i].Object.LastModified)
			}
		}
	}
}

func TestErrTellsThatTheLogTakesNothing(t *testing.T) {
	t.Parallel()
	log := &refusingLog{Log: memlog.New()}
	b := setup(t, log)
	var seconds atomic.Int64
	l := b.loop(func(c *writeapi.Config) {
		c.Now = func() time.Time { return time.Unix(1_800_000_000+seconds.Load(), 0) }
	})
	b.must(l, "/buckets/a")
	if err := l.Err(); err != nil {
		t.Errorf("after a commit: got %v", err)
	}
	log.full.Store(true)
	for _, late := range []bool{false, true} {
		if _, _, err := b.do(l, b.command(domain.Put, "/buckets/b", "{}")); err == nil {
			t.Fatal("the write is acknowledged")
		}
		if err := l.Err(); !errors.Is(err, errFull) {
			t.Errorf("after a refusal: got %v, want %v", err, errFull)
		}
		if late {
			seconds.Add(31)
			if err := l.Err(); err != nil {
				t.Errorf("half a minute later: got %v", err)
			}
		}
	}
	log.full.Store(false)
	b.must(l, "/buckets/c")
	if err := l.Err(); err != nil {
		t.Errorf("after a commit: got %v", err)
	}
}

var errFull = errors.New("no space left on device")

// refusingLog takes nothing while it is full.
type refusingLog struct {
	eventstore.Log
	full atomic.Bool
}

func (r *refusingLog) Append(ctx context.Context, after eventstore.Tail, c eventstore.Commit) (eventstore.Tail, error) {
	if r.full.Load() {
		return eventstore.Tail{}, errFull
	}
	return r.Log.Append(ctx, after, c)
}
