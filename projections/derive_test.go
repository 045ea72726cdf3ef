package projections_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/eventstore/memlog"
	"github.com/kintolog/kintolog/projections"
)

// changes is a resource with one object for each change in a bucket, which tells who could write the bucket then. Of
// each action the last three are kept, or two more.
func changes(path string) domain.Resource {
	return domain.Resource{Name: "change", Path: path, Derivation: &domain.Derivation{
		Bound: func(o domain.Object) (domain.Bound, bool) {
			action, _ := jsondoc.Lookup(o.Data, "action")
			same := domain.Filter{Field: domain.Field{"action"}, Op: domain.Equal, Values: [][]byte{action}}
			return domain.Bound{Filters: []domain.Filter{same}, Max: 3, Slack: 2}, true
		},
		Into: func(e domain.Event) domain.Plural {
			parts := strings.SplitN(string(e.Object.URI), "/", 4)
			if len(parts) < 3 || e.Cascade {
				return ""
			}
			return domain.Plural("/buckets/" + parts[2] + "/changes")
		},
		Derive: func(s *domain.State, e domain.Event, at domain.Timestamp) domain.Object {
			into := domain.Plural(strings.Join(strings.SplitN(string(e.Object.URI), "/", 4)[:3], "/") + "/changes")
			writers := s.Object(into.Parent()).Permissions["write"]
			id := fmt.Sprintf("c%d", at)
			return domain.Object{
				URI:         into.Object(id),
				Data:        fmt.Appendf(nil, `{"action":%q,"id":%q,"last_modified":%d,"uri":%q,"writers":"%s"}`, e.Action, id, at, e.Object.URI, writers),
				Permissions: domain.Permissions{}.With("read", writers...),
			}
		},
	}}
}

func withChanges(t testing.TB) *domain.Catalog {
	return declare(t, domain.Resource{Name: "bucket", Path: "/buckets"}, changes("/buckets/{bucket}/changes"))
}

// bucket is an event of bucket a, whose writer is named.
func bucket(action domain.Action, at int, writer string) domain.Event {
	e := event(action, "/buckets/a", at, "1")
	e.Resource, e.Origin.Time, e.Object.Created = "bucket", domain.Timestamp(at), domain.Timestamp(min(at, 10))
	if writer != "" {
		e.Object.Permissions = domain.Permissions{}.With("write", writer)
	}
	return e
}

func TestADerivationThatPanicsEndsTheRunnerAndNotTheProcess(t *testing.T) {
	t.Parallel()
	w, store := newWriter(t), openSQLite(t)
	w.append(bucket(domain.Created, 10, "ann"))
	resource := changes("/buckets/{bucket}/changes")
	resource.Derivation.Derive = func(*domain.State, domain.Event, domain.Timestamp) domain.Object { panic("a bug") }
	gaveUp := make(chan error, 1)
	r := startWith(t, w.log, store, declare(t, domain.Resource{Name: "bucket", Path: "/buckets"}, resource),
		projections.RunnerOptions{GivesUp: func(err error) { gaveUp <- err }})
	if err := <-gaveUp; !strings.Contains(err.Error(), "a bug") || r.Err() == nil {
		t.Errorf("got %v, %v", err, r.Err())
	}
	r.Close()
	wait(t, startWith(t, w.log, store, withChanges(t), projections.RunnerOptions{}), w.tail.Position)
	wants(t, store, "c11 create [ann]")
}

func TestDerivedObjectsComeWithTheirEvents(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) projections.Store{
		"sqlite": func(t testing.TB) projections.Store { return openSQLite(t) }, "postgres": func(t testing.TB) projections.Store { return openPostgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, store := newWriter(t), open(t)
			w.append(bucket(domain.Created, 10, "ann"), bucket(domain.Updated, 10, "bob"), bucket(domain.Updated, 20, "bob"))
			r := startWith(t, w.log, store, withChanges(t), projections.RunnerOptions{})
			wait(t, r, w.tail.Position)
			wants(t, store, "c20 update [bob]", "c12 update [bob]", "c11 create [ann]")
			wait(t, r, w.append(bucket(domain.Updated, 21, "cat")))
			wants(t, store, "c21 update [cat]", "c20 update [bob]", "c12 update [bob]", "c11 create [ann]")
			purge := event(domain.Deleted, "/buckets/a/changes/c12", 30, "")
			purge.Resource = "change"
			wait(t, r, w.append(purge))
			wants(t, store, "c21 update [cat]", "c20 update [bob]", "c11 create [ann]")
			wait(t, r, w.append(bucket(domain.Updated, 22, "cat")))
			wants(t, store, "c31 update [cat]", "c21 update [cat]", "c20 update [bob]", "c11 create [ann]")
			never := event(domain.Deleted, "/buckets/a/changes/never", 40, "")
			never.Resource = "change"
			wait(t, r, w.append(never))
			wants(t, store, "c31 update [cat]", "c21 update [cat]", "c20 update [bob]", "c11 create [ann]")
			for i := range 2 {
				wait(t, r, w.append(bucket(domain.Updated, 41+i, "dog")))
			}
			wants(t, store, "c42 update [dog]", "c41 update [dog]", "c31 update [cat]", "c21 update [cat]", "c20 update [bob]", "c11 create [ann]")
			wait(t, r, w.append(bucket(domain.Updated, 43, "dog"), purge))
			wants(t, store, "c43 update [dog]", "c42 update [dog]", "c41 update [dog]", "c11 create [ann]")
			late := event(domain.Deleted, "/buckets/a/changes/c21", 44, "")
			late.Resource = "change"
			wait(t, r, w.append(late))
			wants(t, store, "c43 update [dog]", "c42 update [dog]", "c41 update [dog]", "c11 create [ann]")
			gone := bucket(domain.Deleted, 50, "")
			gone.Cascade = true
			wait(t, r, w.append(gone))
			wants(t, store)
		})
	}
}

// wants checks the changes of bucket a, newest first, and their number.
func wants(t *testing.T, store projections.Store, want ...string) {
	t.Helper()
	const plural = domain.Plural("/buckets/a/changes")
	snapshot, page, err := store.List(t.Context(), domain.Needs{Scopes: []domain.Plural{plural}}, domain.Query{Plural: plural, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range page.Objects {
		action, _ := jsondoc.Lookup(o.Data, "action")
		writers, _ := jsondoc.Lookup(o.Data, "writers")
		got = append(got, strings.ReplaceAll(fmt.Sprintf("%s %s %s", o.URI.ID(), action, writers), `"`, ""))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || snapshot.Scopes[plural].Live != int64(len(want)) {
		t.Errorf("changes: got %q, %d counted, want %q", got, snapshot.Scopes[plural].Live, want)
	}
}

func TestCompetingRunnersDeriveTheSame(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]projections.Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, rebuilt := newWriter(t), openSQLite(t)
			var runners []*projections.Runner
			for range 3 {
				runners = append(runners, startWith(t, w.log, store, withChanges(t), projections.RunnerOptions{MaxEvents: 3}))
			}
			w.append(bucket(domain.Created, 1, "ann"))
			for i := range 200 {
				w.append(bucket(domain.Updated, i/2+2, fmt.Sprint("u", i%7)))
			}
			for _, r := range runners {
				wait(t, r, w.tail.Position)
			}
			if err := projections.Rebuild(t.Context(), w.log, rebuilt, withChanges(t), nil); err != nil {
				t.Fatal(err)
			}
			if got, want := dump(t, store), dump(t, rebuilt); got != want {
				t.Errorf("live\n%s\nrebuilt\n%s", got, want)
			}
		})
	}
}

func TestRebuildDerivesFromManyBuckets(t *testing.T) {
	t.Parallel()
	w, store := &writer{t: t, log: memlog.New()}, openSQLite(t)
	for range 3 {
		var events []domain.Event
		for range 4_000 {
			e := bucket(domain.Created, 5, "ann")
			e.Object.URI = domain.URI(fmt.Sprintf("/buckets/b%d", w.n*4_000+len(events)))
			events = append(events, e)
		}
		w.append(events...)
	}
	if err := projections.Rebuild(t.Context(), w.log, store, withChanges(t), nil); err != nil {
		t.Fatal(err)
	}
	counts, err := store.Counts(t.Context())
	if err != nil || counts.Live["change"] != 12_000 {
		t.Errorf("counts = %v, %v, want 12000 changes", counts.Live, err)
	}
}
