package backendtest

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/kintolog/kintolog/domain"
)

// library has objects of several resources with permissions of bob, of his group and of others.
func (f *fixture) library() {
	f.commit(
		with(with(create("/buckets/a", 1, ""), "write", "alice"), "read", "bob", "alice"),
		with(create("/buckets/b", 2, ""), "group:create", "/buckets/a/groups/g"),
		create("/buckets/c", 3, ""),
		with(create("/buckets/d", 4, ""), "write", "bob"),
		with(create("/buckets/a/groups/g", 5, `"members":["bob","system.Authenticated"]`), "write", "alice"),
		with(create("/buckets/a/groups/empty", 6, `"members":[]`), "read", "/buckets/a/groups/g", "bob"),
		with(create("/buckets/a/collections/é_%", 7, ""), "write", "bob"),
		with(create("/buckets/d/collections/c", 8, ""), "write", "bob"))
	f.commit(cascade("/buckets/d", 9), with(update("/buckets/a/collections/é_%", 10, ""), "read", "bob", "carol"))
	f.commit(remove("/buckets/c", 11), create("/buckets/e", 12, ""))
}

// accessible is the answer to an access query, an object a line, with its resource and permissions.
func (f *fixture) accessible(q domain.AccessQuery) []string {
	f.t.Helper()
	held, err := f.store.Accessible(f.t.Context(), q)
	if err != nil {
		f.t.Fatalf("Accessible %+v: %v", q, err)
	}
	lines := []string{}
	for _, a := range held {
		lines = append(lines, strings.TrimSpace(fmt.Sprint(a.Resource, " ", a.URI, " ", strings.Join(a.Permissions, " "))))
	}
	return lines
}

func listsWhatIsAccessible(f *fixture) {
	f.library()
	for _, c := range []struct {
		query domain.AccessQuery
		want  []string
	}{
		{domain.AccessQuery{}, []string{}},
		{domain.AccessQuery{Principals: []string{"nobody"}, Members: []string{"nobody"}}, []string{}},
		{domain.AccessQuery{Principals: []string{"bob"}}, []string{
			"bucket /buckets/a read", "collection /buckets/a/collections/é_% read", "group /buckets/a/groups/empty read",
		}},
		{domain.AccessQuery{Principals: []string{"alice", "carol"}}, []string{
			"bucket /buckets/a read write", "collection /buckets/a/collections/é_% read", "group /buckets/a/groups/g write",
		}},
		{domain.AccessQuery{Members: []string{"bob", "system.Authenticated"}}, []string{
			"bucket /buckets/b group:create", "group /buckets/a/groups/empty read",
		}},
		{domain.AccessQuery{Principals: []string{"bob", "/buckets/a/groups/g"}, Members: []string{"bob"}, Resources: []string{"bucket", "record"}}, []string{
			"bucket /buckets/a read", "bucket /buckets/b group:create",
		}},
		{domain.AccessQuery{Principals: []string{"bob"}, Resources: []string{}}, []string{}},
		{domain.AccessQuery{Principals: []string{"bob"}, Granted: []string{"bucket"}}, []string{
			"bucket /buckets/a read", "bucket /buckets/b", "bucket /buckets/e",
			"collection /buckets/a/collections/é_% read", "group /buckets/a/groups/empty read",
		}},
		{domain.AccessQuery{Resources: []string{"group"}, Granted: []string{"group", "nothing"}}, []string{
			"group /buckets/a/groups/empty", "group /buckets/a/groups/g",
		}},
	} {
		equal(f.t, fmt.Sprintf("accessible to %+v", c.query), f.accessible(c.query), c.want)
	}
}

func (f *fixture) counts() domain.Counts {
	f.t.Helper()
	got, err := f.store.Counts(f.t.Context())
	if err != nil {
		f.t.Fatalf("Counts: %v", err)
	}
	return got
}

func countsObjectsAndTombstones(f *fixture) {
	if got := f.counts(); len(got.Live)+len(got.Tombstones) > 0 {
		f.t.Errorf("counts of nothing = %v, want none", got)
	}
	f.library()
	want := domain.Counts{
		Live:       map[string]int64{"bucket": 3, "collection": 1, "group": 2},
		Tombstones: map[string]int64{"bucket": 2},
	}
	if got := f.counts(); !reflect.DeepEqual(got, want) {
		f.t.Errorf("counts = %v, want %v", got, want)
	}
}

func knowsWhichResourcesItHas(f *fixture) {
	written := func() map[string]domain.Plural {
		f.t.Helper()
		got, err := f.store.Written(f.t.Context())
		if err != nil {
			f.t.Fatalf("Written: %v", err)
		}
		return got
	}
	if got := written(); len(got) > 0 {
		f.t.Errorf("written of nothing = %v, want none", got)
	}
	f.library()
	got := written()
	if p := got["group"]; p != "/buckets/a/groups" {
		f.t.Errorf("groups were written in %q", p)
	}
	if len(got) != 3 || got["bucket"] != "/buckets" || got["collection"] != "/buckets/a/collections" {
		f.t.Errorf("written = %v, want buckets, groups and collections", got)
	}
}
