package backendtest

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/projections"
)

// fixture is a store with a log of its own, and what the store should hold.
type fixture struct {
	t       testing.TB
	store   projections.Store
	tail    eventstore.Tail
	objects map[domain.URI]domain.Object
}

func setup(t testing.TB, open func(testing.TB) projections.Store) *fixture {
	return &fixture{t: t, store: open(t), objects: map[domain.URI]domain.Object{}}
}

// shape is that of buckets with groups and collections of records.
type shape struct{}

func (shape) Structural(resource string) bool { return resource != "record" }

// Members makes the objects of the resource "group" groups, by their attribute "members".
func (shape) Members(resource string, o domain.Object) ([]string, bool) {
	if resource != "group" {
		return nil, false
	}
	var members []string
	value, _ := jsondoc.Lookup(o.Data, "members")
	for m := range jsondoc.Elements(value) {
		name, _ := jsondoc.String(m)
		members = append(members, name)
	}
	return members, true
}

// fold makes a change of one commit that the log holds next.
func (f *fixture) fold(events ...domain.Event) projections.Change {
	f.t.Helper()
	entry := eventstore.Entry{
		Position: f.tail.Position + 1,
		Hash:     sha256.Sum256(fmt.Append(f.tail.Hash[:], len(events))),
		Last:     true,
		Events:   events,
	}
	change, err := projections.Fold(shape{}, f.tail, []eventstore.Entry{entry})
	if err != nil {
		f.t.Fatalf("Fold: %v", err)
	}
	return change
}

// commit applies one commit.
func (f *fixture) commit(events ...domain.Event) {
	f.t.Helper()
	f.apply(f.fold(events...))
	for _, e := range events {
		f.objects[e.Object.URI] = e.Object
	}
}

func (f *fixture) apply(change projections.Change) {
	f.t.Helper()
	if err := f.store.Apply(f.t.Context(), change); err != nil {
		f.t.Fatalf("Apply up to %d: %v", change.To.Position, err)
	}
	f.tail = change.To
}

func (f *fixture) load(needs domain.Needs) domain.Snapshot {
	f.t.Helper()
	snapshot, err := f.store.Load(f.t.Context(), needs)
	if err != nil {
		f.t.Fatalf("Load: %v", err)
	}
	return snapshot
}

func (f *fixture) list(q domain.Query) domain.Page {
	f.t.Helper()
	_, page, err := f.store.List(f.t.Context(), domain.Needs{}, q)
	if err != nil {
		f.t.Fatalf("List %s: %v", describe(q), err)
	}
	return page
}

// ids are those of the query's page, with a limit if it has none.
func (f *fixture) ids(q domain.Query) []string {
	f.t.Helper()
	if q.Limit == 0 {
		q.Limit = 10_001
	}
	ids := []string{}
	for _, o := range f.list(q).Objects {
		ids = append(ids, o.URI.ID())
	}
	return ids
}

func (f *fixture) dump() []string {
	f.t.Helper()
	var lines []string
	err := f.store.Dump(f.t.Context(), func(line string) error {
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		f.t.Fatalf("Dump: %v", err)
	}
	return lines
}

func equal[S ~[]E, E comparable](t testing.TB, what string, got, want S) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// create, update and remove are events; attributes is the inside of a JSON object, without id
// and last_modified.
func create(u domain.URI, at domain.Timestamp, attributes string) domain.Event {
	return event(domain.Created, u, at, attributes)
}

func update(u domain.URI, at domain.Timestamp, attributes string) domain.Event {
	return event(domain.Updated, u, at, attributes)
}

func event(action domain.Action, u domain.URI, at domain.Timestamp, attributes string) domain.Event {
	data := fmt.Sprintf(`{"id":%s,"last_modified":%d`, jsondoc.Quote(u.ID()), at)
	if attributes != "" {
		data += "," + attributes
	}
	normal, err := jsondoc.Normalize([]byte(data+"}"), jsondoc.DefaultLimits)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", data, err)) // a mistake in a test
	}
	return domain.Event{
		Action: action, Resource: resource(u),
		Object: domain.Object{URI: u, LastModified: at, Created: at, Data: normal},
	}
}

func remove(u domain.URI, at domain.Timestamp) domain.Event {
	data := fmt.Appendf(nil, `{"id":%s,"last_modified":%d,"deleted":true}`, jsondoc.Quote(u.ID()), at)
	return domain.Event{
		Action: domain.Deleted, Resource: resource(u),
		Object: domain.Object{URI: u, LastModified: at, Deleted: true, Data: data},
	}
}

func cascade(u domain.URI, at domain.Timestamp) domain.Event {
	e := remove(u, at)
	e.Cascade = true
	return e
}

// resource is the last word of the plural endpoint without its last letter.
func resource(u domain.URI) string {
	name := path.Base(string(u.Plural()))
	return name[:max(0, len(name)-1)]
}

func with(e domain.Event, permission string, principals ...string) domain.Event {
	e.Object.Permissions = e.Object.Permissions.With(permission, principals...)
	return e
}
