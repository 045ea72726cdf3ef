package cached_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/backendtest"
	"github.com/kintolog/kintolog/projections/cached"
	"github.com/kintolog/kintolog/projections/sqlite"
)

func open(t testing.TB) *cached.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "model.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return cached.New(store, catalog(t))
}

func catalog(t testing.TB) *domain.Catalog {
	t.Helper()
	c, err := domain.NewCatalog(domain.Policy{}, kinto.Resources()...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSuite(t *testing.T) {
	t.Parallel()
	backendtest.Run(t, func(t testing.TB) projections.Store { return open(t) })
}

// asked is a store of large permissions that counts what it is asked for.
type asked struct {
	projections.Store
	objects int
}

func (a *asked) Load(_ context.Context, needs domain.Needs) (domain.Snapshot, error) {
	a.objects += len(needs.Objects)
	found := domain.Snapshot{Objects: map[domain.URI]domain.Object{}}
	for _, u := range needs.Objects {
		found.Objects[u] = domain.Object{URI: u, Permissions: domain.Permissions{"read": {strings.Repeat("x", 1<<20)}}}
	}
	return found, nil
}

func TestItRemembersOnlySoManyBytesOfPermissions(t *testing.T) {
	t.Parallel()
	store := &asked{}
	s := cached.New(store, catalog(t))
	const objects = 100 // with 1 MiB each
	for range 2 {
		for i := range objects {
			needs := domain.Needs{Objects: []domain.URI{domain.URI(fmt.Sprint("/buckets/", i))}}
			if _, err := s.Load(t.Context(), needs); err != nil {
				t.Fatal(err)
			}
		}
	}
	if store.objects == objects {
		t.Errorf("all of %d MiB of permissions were remembered", objects)
	}
}

// Two memories over one store, as in two processes: whatever is committed, both answer as the store.
func TestItNeverAnswersFromAnotherState(t *testing.T) {
	t.Parallel()
	first, c := open(t), catalog(t)
	store := first.Store
	stores := []*cached.Store{first, cached.New(store, c)}
	tail := eventstore.Tail{}
	if checkpoint, err := store.Checkpoint(t.Context()); err != nil || checkpoint != tail {
		t.Fatalf("a new store is at %v, %v", checkpoint, err)
	}
	uris := []domain.URI{
		"/buckets/a", "/buckets/b", "/buckets/a/collections/c", "/buckets/a/groups/g", "/buckets/b/groups/g",
		"/buckets/a/collections/c/records/r",
	}
	members := []string{"x", "y"}
	live := map[domain.URI]bool{}
	at := domain.Timestamp(1000)
	rapid.Check(t, func(rt *rapid.T) {
		at++
		e := event(rt, c, uris, live, at)
		change, err := projections.Fold(c, tail, []eventstore.Entry{{Position: tail.Position + 1, Last: true, Events: []domain.Event{e}}})
		if err != nil {
			rt.Fatal(err)
		}
		if err := store.Apply(t.Context(), change); err != nil {
			rt.Fatal(err)
		}
		tail = change.To
		for range 3 {
			needs := domain.Needs{
				Objects: rapid.SliceOf(rapid.SampledFrom(uris)).Draw(rt, "objects"),
				Scopes:  []domain.Plural{"/buckets", ""},
				Members: rapid.SliceOf(rapid.SampledFrom(members)).Draw(rt, "members"),
			}
			want, err := store.Load(t.Context(), needs)
			if err != nil {
				rt.Fatal(err)
			}
			for i, s := range stores {
				got, err := s.Load(t.Context(), needs)
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					rt.Fatalf("memory %d after %s of %s: %v %s", i, e.Action, e.Object.URI, err, diff)
				}
			}
		}
	})
}

func event(t *rapid.T, c *domain.Catalog, uris []domain.URI, live map[domain.URI]bool, at domain.Timestamp) domain.Event {
	u := rapid.SampledFrom(uris).Draw(t, "uri")
	e := domain.Event{Action: domain.Created, Resource: c.Of(u).Name, Object: domain.Object{
		URI: u, LastModified: at, Created: at, Permissions: domain.Permissions{"read": {fmt.Sprint("p", at)}},
		Data: fmt.Appendf(nil, `{"id":"%s","last_modified":%d,"members":["%s"]}`, u.ID(), at, rapid.SampledFrom([]string{"x", "y"}).Draw(t, "member")),
	}}
	switch remove := rapid.Bool().Draw(t, "remove"); {
	case live[u] && remove:
		e.Action, e.Cascade = domain.Deleted, len(c.Of(u).Children()) > 0
		e.Object.Deleted, e.Object.Permissions, e.Object.Data = true, nil, domain.Tombstone(u.ID(), at)
		for other := range live {
			if u.Contains(other.Plural()) {
				delete(live, other)
			}
		}
		delete(live, u)
	case live[u]:
		e.Action = domain.Updated
	default:
		live[u] = true
	}
	return e
}
