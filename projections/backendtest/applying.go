package backendtest

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections"
)

func appliesWhatWasDecided(f *fixture) {
	u := domain.URI("/buckets/é/collections/c%_/records/ü\U0001F600")
	made := with(create(u, 5, `"a":"\u00e9"`), "write", "b", "a")
	f.commit(made)
	got := f.load(domain.Needs{Objects: []domain.URI{u}})
	if !reflect.DeepEqual(got.Objects[u], made.Object) {
		f.t.Errorf("object = %+v, want %+v", got.Objects[u], made.Object)
	}
	if got.Position != 1 {
		f.t.Errorf("position = %d, want 1", got.Position)
	}
	changed := with(update(u, 6, `"a":2`), "read", "c")
	changed.Object.Created = 5
	f.commit(changed)
	got = f.load(domain.Needs{Objects: []domain.URI{u}})
	if !reflect.DeepEqual(got.Objects[u], changed.Object) {
		f.t.Errorf("object after update = %+v, want %+v", got.Objects[u], changed.Object)
	}
	tail, err := f.store.Checkpoint(f.t.Context())
	if err != nil || tail != f.tail {
		f.t.Errorf("Checkpoint = %v, %v, want %v", tail, err, f.tail)
	}
}

func retainsTheNewestTombstones(f *fixture) {
	f.commit(
		create("/buckets/a", 1, ""), create("/buckets/b", 2, ""), create("/buckets/c", 3, ""), create("/buckets/d", 4, ""),
		remove("/buckets/c", 11), remove("/buckets/a", 12), remove("/buckets/b", 13),
		create("/buckets/d/groups/a", 1, ""), create("/buckets/d/groups/b", 2, ""),
		remove("/buckets/d/groups/a", 3), remove("/buckets/d/groups/b", 4))
	before := f.load(domain.Needs{Scopes: []domain.Plural{"", "/buckets"}}).Scopes
	purge := domain.Event{Action: domain.Purged, Resource: "bucket", Retain: 1}
	f.commit(purge, create("/buckets/b", 14, ""), remove("/buckets/b", 15), create("/buckets/e", 16, ""), remove("/buckets/e", 17))
	there := func(want ...domain.URI) {
		f.t.Helper()
		all := []domain.URI{
			"/buckets/a", "/buckets/b", "/buckets/c", "/buckets/d", "/buckets/e", "/buckets/d/groups/a", "/buckets/d/groups/b",
		}
		objects := f.load(domain.Needs{Objects: all}).Objects
		got := slices.Sorted(maps.Keys(objects))
		slices.Sort(want)
		equal(f.t, "objects and tombstones", got, want)
	}
	there("/buckets/b", "/buckets/d", "/buckets/e", "/buckets/d/groups/a", "/buckets/d/groups/b")
	f.commit(purge)
	there("/buckets/d", "/buckets/e", "/buckets/d/groups/a", "/buckets/d/groups/b")
	f.commit(domain.Event{Action: domain.Purged, Resource: "group"}, domain.Event{Action: domain.Purged, Resource: "bucket"})
	there("/buckets/d")
	after := f.load(domain.Needs{Scopes: []domain.Plural{"", "/buckets"}}).Scopes
	want := map[domain.Plural]domain.Scope{"/buckets": {Timestamp: 17, Live: 1}}
	if !reflect.DeepEqual(after, want) {
		f.t.Errorf("scopes = %v, want %v, were %v", after, want, before)
	}
}

func countsAndDatesItsScopes(f *fixture) {
	f.commit(domain.Event{Action: domain.Started, Object: domain.Object{LastModified: 3}})
	f.commit(create("/buckets/a", 10, ""), create("/buckets/b", 11, ""), create("/buckets/c", 7, ""))
	f.commit(remove("/buckets/a", 12))
	f.commit(create("/buckets/d", 13, ""), remove("/buckets/d", 14), create("/buckets/d", 15, ""))
	got := f.load(domain.Needs{Scopes: []domain.Plural{"", "/buckets", "/nothing"}}).Scopes
	want := map[domain.Plural]domain.Scope{"": {Timestamp: 3}, "/buckets": {Timestamp: 15, Live: 3}}
	if !reflect.DeepEqual(got, want) {
		f.t.Errorf("scopes = %v, want %v", got, want)
	}
}

func refusesAnotherCheckpoint(f *fixture) {
	f.commit(create("/buckets/a", 1, ""))
	before := f.dump()
	stale := f.fold(create("/buckets/b", 2, ""))
	stale.From.Position = 0
	if err := f.store.Apply(f.t.Context(), stale); !errors.Is(err, projections.ErrMoved) {
		f.t.Errorf("Apply on position 0 = %v, want ErrMoved", err)
	}
	forked := f.fold(create("/buckets/b", 2, ""))
	forked.From.Hash[0] ^= 1
	if err := f.store.Apply(f.t.Context(), forked); !errors.Is(err, projections.ErrMoved) {
		f.t.Errorf("Apply on another hash = %v, want ErrMoved", err)
	}
	equal(f.t, "content after refusals", f.dump(), before)
	f.commit(create("/buckets/b", 2, ""))
}

func loadsWhatIsNeeded(f *fixture) {
	f.commit(
		create("/buckets/a", 10, ""), create("/buckets/a/collections/c", 20, ""),
		create("/buckets/a/groups/g", 30, `"members":["basicauth:x"]`),
		create("/buckets/a/groups/h", 31, `"members":["basicauth:x","basicauth:y"]`))
	got := f.load(domain.Needs{
		Objects: []domain.URI{"/buckets/a", "/buckets/missing", "/buckets/a/collections/c", "/buckets/a"},
		Scopes:  []domain.Plural{"/buckets/a/groups", "/buckets/a/groups"},
		Members: []string{"basicauth:x", "nobody", "basicauth:x"},
		Moments: []domain.Moment{{Plural: "/buckets/a/groups", Timestamp: 31}, {Plural: "/buckets/a/groups", Timestamp: 32}},
	})
	if len(got.Objects) != 2 || !got.Objects["/buckets/a"].Live() || !got.Objects["/buckets/a/collections/c"].Live() {
		f.t.Errorf("objects = %v, want the two that exist", got.Objects)
	}
	if want := (domain.Scope{Timestamp: 31, Live: 2}); got.Scopes["/buckets/a/groups"] != want {
		f.t.Errorf("scope = %v, want %v", got.Scopes, want)
	}
	equal(f.t, "groups", got.Groups["basicauth:x"], []domain.URI{"/buckets/a/groups/g", "/buckets/a/groups/h"})
	taken := map[domain.Moment]domain.URI{{Plural: "/buckets/a/groups", Timestamp: 31}: "/buckets/a/groups/h"}
	if !reflect.DeepEqual(got.Taken, taken) {
		f.t.Errorf("taken = %v, want %v", got.Taken, taken)
	}
}

func loadsManyObjectsAtOnce(f *fixture) {
	var events []domain.Event
	var needs domain.Needs
	for i := range 3_000 {
		u := domain.URI(fmt.Sprintf("/buckets/b%d", i))
		events = append(events, create(u, domain.Timestamp(i+1), ""))
		needs.Objects = append(needs.Objects, u)
		needs.Scopes = append(needs.Scopes, domain.Plural(u.Below()+"groups"))
		needs.Members = append(needs.Members, string(u))
		needs.Moments = append(needs.Moments, domain.Moment{Plural: "/buckets", Timestamp: domain.Timestamp(i + 1)})
	}
	f.commit(events...)
	got := f.load(needs)
	if len(got.Objects) != 3_000 || len(got.Taken) != 3_000 {
		f.t.Errorf("loaded %d objects and %d moments, want 3000 of each", len(got.Objects), len(got.Taken))
	}
}

func keepsTombstones(f *fixture) {
	u := domain.URI("/buckets/a")
	f.commit(with(create(u, 1, `"x":1`), "write", "me"))
	gone := remove(u, 2)
	f.commit(gone)
	if got := f.load(domain.Needs{Objects: []domain.URI{u}}).Objects[u]; !reflect.DeepEqual(got, gone.Object) {
		f.t.Errorf("after deletion = %+v, want %+v", got, gone.Object)
	}
	if aces := f.lines("aces"); len(aces) > 0 {
		f.t.Errorf("permissions after deletion = %v, want none", aces)
	}
	again := create(u, 3, "")
	f.commit(again)
	if got := f.load(domain.Needs{Objects: []domain.URI{u}}).Objects[u]; !reflect.DeepEqual(got, again.Object) {
		f.t.Errorf("created again = %+v, want %+v", got, again.Object)
	}
}

// lines are the dumped rows of one table.
func (f *fixture) lines(table string) []string {
	var lines []string
	for _, line := range f.dump() {
		if strings.HasPrefix(line, table+"\t") {
			lines = append(lines, line)
		}
	}
	return lines
}

func purgesBelowAndNothingElse(f *fixture) {
	for _, bucket := range []domain.URI{"/buckets/a", "/buckets/ab", "/buckets/a_", "/buckets/a%", "/buckets/_", "/buckets/a!"} {
		f.commit(create(bucket, 10, ""))
		below := bucket.Below()
		f.commit(
			with(create(domain.URI(below+"collections/c"), 20, ""), "write", "me"),
			create(domain.URI(below+"groups/g"), 30, `"members":["me"]`),
			with(create(domain.URI(below+"collections/c/records/r"), 40, ""), "read", "me", "you"),
			create(domain.URI(below+"collections/c/records/s"), 41, ""),
			remove(domain.URI(below+"collections/c/records/s"), 42))
	}
	var keep []string
	for _, line := range f.dump() {
		if !strings.Contains(line, "/buckets/a/") && !strings.HasPrefix(line, "checkpoint") &&
			!strings.HasPrefix(line, "scopes\t/buckets\t") && !strings.HasPrefix(line, "scopes\t*\t") && !strings.HasPrefix(line, "objects\t/buckets\ta\t") {
			keep = append(keep, line)
		}
	}
	f.commit(with(create("/buckets/z", 49, ""), "write", "me"), cascade("/buckets/a", 50))
	got := strings.Join(f.dump(), "\n")
	for _, line := range keep {
		if !strings.Contains(got, line) {
			f.t.Errorf("the purge of /buckets/a took %q", line)
		}
	}
	scopes := f.load(domain.Needs{
		Scopes:  []domain.Plural{"/buckets/a/collections", "/buckets/a/collections/c/records"},
		Members: []string{"me"},
	})
	if want := (domain.Scope{Timestamp: 50, Cleared: true}); scopes.Scopes["/buckets/a/collections/c/records"] != want {
		f.t.Errorf("scope below = %v, want %v", scopes.Scopes, want)
	}
	if n := len(scopes.Groups["me"]); n != 5 {
		f.t.Errorf("groups = %v, want those of the 5 other buckets", scopes.Groups)
	}
	for _, table := range []string{"objects", "aces", "members"} {
		for _, line := range f.lines(table) {
			if strings.Contains(line, "/buckets/a/") {
				f.t.Errorf("the purge of /buckets/a left %q", line)
			}
		}
	}
}

func clearsScopesOnce(f *fixture) {
	const records = "/buckets/a/collections/c/records"
	want := func(what string, want domain.Scope) {
		f.t.Helper()
		if got := f.load(domain.Needs{Scopes: []domain.Plural{records}}).Scopes[records]; got != want {
			f.t.Errorf("%s = %+v, want %+v", what, got, want)
		}
	}
	f.commit(create("/buckets/a", 1, ""), create(records+"/r", 20, ""), cascade("/buckets/a", 30))
	want("cleared", domain.Scope{Timestamp: 30, Cleared: true})
	f.commit(create("/buckets/a", 31, ""), create("/buckets/a/collections/c", 32, ""))
	f.commit(cascade("/buckets/a", 40))
	want("cleared again", domain.Scope{Timestamp: 30, Cleared: true})
	f.commit(create("/buckets/a", 41, ""), create(records+"/r", 42, ""))
	want("written to", domain.Scope{Timestamp: 42, Live: 1})
	f.commit(cascade("/buckets/a", 50), create("/buckets/a", 51, ""), cascade("/buckets/a", 52))
	want("cleared twice at once", domain.Scope{Timestamp: 50, Cleared: true})
	far := domain.Timestamp(1000).Horizon()
	f.commit(create("/buckets/a", 53, ""), create(records+"/r", far-1, ""), cascade("/buckets/a", 1000))
	want("cleared when it was ahead", domain.Scope{Timestamp: far, Cleared: true})
	f.commit(create("/buckets/a", 1001, ""), create(records+"/r", domain.Timestamp(1002).Horizon(), ""), cascade("/buckets/a", 1002))
	want("cleared when it was too far ahead", domain.Scope{Timestamp: 1002, Cleared: true})
}

func flushesEverything(f *fixture) {
	f.commit(with(create("/buckets/a", 10, ""), "write", "me"), create("/buckets/a/groups/g", 11, `"members":["me"]`))
	f.commit(
		create("/buckets/b", 12, ""),
		domain.Event{Action: domain.Flushed, Object: domain.Object{LastModified: 20}},
		create("/buckets/c", 5, ""))
	got := f.load(domain.Needs{
		Objects: []domain.URI{"/buckets/a", "/buckets/b", "/buckets/c"},
		Scopes:  []domain.Plural{"", "/buckets", "/buckets/a/groups"},
		Members: []string{"me"},
	})
	want := map[domain.Plural]domain.Scope{"": {Timestamp: 20}, "/buckets": {Timestamp: 5, Live: 1}}
	if !reflect.DeepEqual(got.Scopes, want) {
		f.t.Errorf("scopes = %v, want %v", got.Scopes, want)
	}
	if len(got.Objects) != 1 || len(got.Groups) != 0 || len(f.lines("aces")) != 0 {
		f.t.Errorf("after the flush: %v", f.dump())
	}
}

func forgetsWithoutATrace(f *fixture) {
	f.commit(
		with(create("/buckets/a", 10, ""), "write", "me", "you"), create("/buckets/b", 11, ""),
		with(create("/buckets/c", 12, ""), "read", "me"))
	forget := func(id string) domain.Event {
		return domain.Event{Action: domain.Forgotten, Object: domain.Object{URI: domain.URI("/buckets/" + id)}}
	}
	f.apply(f.fold(forget("a"), create("/buckets/d", 13, ""), forget("d"), forget("never")))
	got := f.load(domain.Needs{Objects: []domain.URI{"/buckets/a", "/buckets/b", "/buckets/d"}, Scopes: []domain.Plural{"/buckets"}})
	if want := (domain.Scope{Timestamp: 13, Live: 2}); got.Scopes["/buckets"] != want || len(got.Objects) != 1 {
		f.t.Errorf("scope = %v, objects = %v, want %v and b alone", got.Scopes, got.Objects, want)
	}
	all := domain.Query{Plural: "/buckets", Limit: 9, Tombstones: true}
	equal(f.t, "ids, tombstones included", f.ids(all), []string{"c", "b"})
	if aces := f.lines("aces"); len(aces) != 1 {
		f.t.Errorf("permissions = %q, want the one of c", aces)
	}
}

// letsTimestampsMove: within one change an object may take the timestamp that another gives up.
func letsTimestampsMove(f *fixture) {
	f.commit(create("/buckets/a", 5, ""))
	f.commit(update("/buckets/a", 7, ""), create("/buckets/b", 5, ""), update("/buckets/a", 9, ""))
	equal(f.t, "ids by time", f.ids(domain.Query{Plural: "/buckets"}), []string{"a", "b"})
}

func replacesMembersOfGroups(f *fixture) {
	g := domain.URI("/buckets/a/groups/g")
	members := func() []string {
		var names []string
		for _, line := range f.lines("members") {
			names = append(names, strings.Split(line, "\t")[1])
		}
		return names
	}
	f.commit(create(g, 1, `"members":["a","b","a"]`))
	equal(f.t, "members", members(), []string{"a", "b"})
	f.commit(update(g, 2, `"members":["b","c"]`))
	equal(f.t, "members after update", members(), []string{"b", "c"})
	f.commit(remove(g, 3))
	equal(f.t, "members after deletion", members(), nil)
}

func setsRefusedRowsAside(f *fixture) {
	u := domain.URI("/buckets/a")
	f.commit(create(u, 1, `"v":1`), create("/buckets/b", 2, ""))
	change := f.fold(update(u, 3, `"v":2`))
	change.Steps[0].Objects[0].Refused = "as a trial"
	f.apply(change)
	rows, err := f.store.Quarantined(f.t.Context())
	if err != nil || len(rows) != 1 {
		f.t.Fatalf("Quarantined = %v, %v, want one row", rows, err)
	}
	if !reflect.DeepEqual(rows[0], change.Steps[0].Objects[0]) {
		f.t.Errorf("quarantined = %+v, want %+v", rows[0], change.Steps[0].Objects[0])
	}
	if got := f.load(domain.Needs{Objects: []domain.URI{u}}).Objects[u]; got.LastModified != 1 {
		f.t.Errorf("object in quarantine = %s, want as before", got.Data)
	}
	before := f.dump()
	if err := f.store.Check(f.t.Context(), rows[0]); err != nil {
		f.t.Errorf("Check of good data = %v", err)
	}
	equal(f.t, "content after Check", f.dump(), before)
	change = f.fold(create("/buckets/c", 4, ""))
	change.Steps[0].Release = []domain.URI{u}
	f.apply(change)
	if rows, err := f.store.Quarantined(f.t.Context()); err != nil || len(rows) > 0 {
		f.t.Errorf("Quarantined after release = %v, %v, want none", rows, err)
	}
}
