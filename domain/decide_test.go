package domain_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

var alice = domain.Caller{UserID: "basicauth:alice"}

// world is a catalog of shelves that hold books, and everything that happened in it.
type world struct {
	catalog *domain.Catalog
	state   *domain.State
	log     []domain.Event
	now     domain.Timestamp
}

func newWorld(t interface{ Fatal(...any) }) *world {
	catalog, err := domain.NewCatalog(
		domain.Policy{Grants: map[string][]string{"shelf_create": {domain.Authenticated}}},
		domain.Resource{Name: "shelf", Path: "/shelves"},
		domain.Resource{Name: "book", Path: "/shelves/{shelf}/books", NeedsParent: true, IDs: domain.RelaxedUUIDs},
		domain.Resource{Name: "club", Path: "/shelves/{shelf}/clubs", Members: members},
	)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{catalog: catalog, now: 1000}
	w.log = []domain.Event{{Action: domain.Started, Object: domain.Object{LastModified: w.now}}}
	w.state = w.replay()
	return w
}

func members(data []byte) (all []string) {
	list, _ := jsondoc.Lookup(data, "members")
	for value := range jsondoc.Elements(list) {
		member, _ := jsondoc.String(value)
		all = append(all, member)
	}
	return all
}

// replay is a state folded from the whole log, with nothing loaded from elsewhere.
func (w *world) replay() *domain.State {
	s := domain.NewState(w.catalog, w.log, positions(len(w.log)))
	s.Add(w.universe(), domain.Snapshot{})
	return s
}

// universe names everything that the tests touch.
func (w *world) universe() domain.Needs {
	n := domain.Needs{Scopes: []domain.Plural{"", "/shelves"}, Members: append(alice.Members(), "bob")}
	for _, shelf := range []domain.URI{"/shelves/a", "/shelves/ab"} {
		n.Objects = append(n.Objects, shelf)
		for _, kind := range []string{"books", "clubs"} {
			plural := domain.Plural(shelf.Below() + kind)
			n.Scopes = append(n.Scopes, plural)
			for _, id := range []string{"x", "y"} {
				n.Objects = append(n.Objects, plural.Object(id))
			}
		}
	}
	return n
}

func positions(n int) []domain.Position {
	at := make([]domain.Position, n)
	for i := range at {
		at[i] = domain.Position(i + 1)
	}
	return at
}

func (w *world) command(verb domain.Verb, uri domain.URI, data string) *domain.Command {
	c := &domain.Command{Verb: verb, URI: uri, Resource: w.catalog.Of(uri), Caller: alice}
	if data != "" {
		c.Data = []byte(data)
	}
	return c
}

// do decides a command, as a transaction would, and evolves the state.
func (w *world) do(c *domain.Command) (domain.Result, error) {
	for {
		events, result, err := domain.Decide(w.state, c, w.now)
		if missing, any := w.state.Missing(); any {
			w.state.Add(missing, domain.Snapshot{})
			continue
		}
		if err == nil {
			w.log = append(w.log, events...)
			w.state.Evolve(events...)
		}
		return result, err
	}
}

func (w *world) must(t *testing.T, c *domain.Command) domain.Result {
	t.Helper()
	result, err := w.do(c)
	if err != nil {
		t.Fatalf("decide %v %s: %v", c.Verb, c.URI, err)
	}
	return result
}

func wantCode(t *testing.T, err error, want domain.Code) *domain.Error {
	t.Helper()
	if got := domain.CodeOf(err); got != want {
		t.Fatalf("got code %q (%v), want %q", got, err, want)
	}
	var e *domain.Error
	errors.As(err, &e)
	return e
}

func TestPutCreatesAndThenReplaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created := w.must(t, w.command(domain.Put, "/shelves/a", `{"n":1,"m":2}`))
	if !created.Created || string(created.Object.Data) != `{"n":1,"m":2,"id":"a","last_modified":1001}` {
		t.Errorf("created %v with %s", created.Created, created.Object.Data)
	}
	if want := (domain.Permissions{"write": {"basicauth:alice"}}); !cmp.Equal(created.Shown, want) {
		t.Errorf("got permissions %v, want %v", created.Shown, want)
	}
	w.now = 5000
	replaced := w.must(t, w.command(domain.Put, "/shelves/a", `{"n":3}`))
	if replaced.Created || string(replaced.Object.Data) != `{"n":3,"id":"a","last_modified":5000}` {
		t.Errorf("created %v with %s", replaced.Created, replaced.Object.Data)
	}
	if replaced.Object.Created != 1001 {
		t.Errorf("got creation time %d after an update, want the first one", replaced.Object.Created)
	}
	kept := w.must(t, w.command(domain.Put, "/shelves/a", ""))
	if string(kept.Object.Data) != `{"n":3,"id":"a","last_modified":5001}` {
		t.Errorf("a put without data left %s", kept.Object.Data)
	}
}

func TestPostFindsAnExistingObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.must(t, w.command(domain.Post, "/shelves/a", `{"n":1}`))
	again := w.must(t, w.command(domain.Post, "/shelves/a", `{"n":2}`))
	if !again.Unchanged || again.Created || string(again.Object.Data) != string(first.Object.Data) {
		t.Errorf("got %+v, want the first object unchanged", again)
	}
}

func TestAFreshIDIsNotLookedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(t, w.command(domain.Put, "/shelves/a", ""))
	c := w.command(domain.Post, "/shelves/a/books/fresh", `{"n":1}`)
	c.Fresh = true
	if needs := c.Needs(); slices.Contains(needs.Objects, c.URI) {
		t.Errorf("the command needs %v, its own URI among them", needs.Objects)
	}
	events, _, err := domain.Decide(w.state, c, w.now)
	if missing, any := w.state.Missing(); err != nil || any {
		t.Fatalf("got %v, and missed %v", err, missing)
	}
	w.state.Evolve(events...)
	if o := w.state.Object(c.URI); !o.Live() {
		t.Errorf("got %+v for what was created, want it", o)
	}
}

func TestAFreshIDThatIsTakenIsAConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(t, w.command(domain.Put, "/shelves/a", ""))
	c := w.command(domain.Post, "/shelves/a", "")
	c.Fresh = true
	if _, _, err := domain.Decide(w.state, c, w.now); domain.CodeOf(err) != domain.Conflict {
		t.Errorf("got %v, want a conflict", err)
	}
}

func TestDeleteLeavesATombstoneAndACreationFollows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(t, w.command(domain.Put, "/shelves/a", ""))
	gone := w.must(t, w.command(domain.Delete, "/shelves/a", ""))
	if got, want := string(gone.Object.Data), `{"id":"a","last_modified":1002,"deleted":true}`; got != want {
		t.Errorf("got tombstone %s, want %s", got, want)
	}
	// The one who could write is a stranger now: there is no permission left to learn whether it exists.
	_, err := w.do(w.command(domain.Delete, "/shelves/a", ""))
	wantCode(t, err, domain.Forbidden)
	back := w.must(t, w.command(domain.Put, "/shelves/a", ""))
	if !back.Created || back.Object.Created != 1002 {
		t.Errorf("got %+v, want a creation", back)
	}
}

func TestADeletedParentTakesEverythingBelowAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, uri := range []domain.URI{"/shelves/a", "/shelves/ab", "/shelves/a/books/x", "/shelves/ab/books/x"} {
		w.must(t, w.command(domain.Put, uri, ""))
	}
	before := w.state.Scope("/shelves/a/books")
	w.must(t, w.command(domain.Delete, "/shelves/a", ""))
	if w.state.Object("/shelves/a/books/x").URI != "" {
		t.Error("the book outlived its shelf")
	}
	if !w.state.Object("/shelves/ab/books/x").Live() {
		t.Error("the book of another shelf with a longer name is gone")
	}
	_, err := w.do(w.command(domain.Put, "/shelves/a/books/x", ""))
	if e := wantCode(t, err, domain.MissingResource); e.Resource != "shelf" || e.ID != "a" {
		t.Errorf("got %s %s missing, want shelf a", e.Resource, e.ID)
	}
	w.must(t, w.command(domain.Put, "/shelves/a", ""))
	if after := w.state.Scope("/shelves/a/books"); after.Timestamp <= before.Timestamp || after.Live != 0 {
		t.Errorf("the new shelf's books stand at %+v, want none and later than %d", after, before.Timestamp)
	}
}

func TestClientTimestamps(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		uri    domain.URI
		wanted string
		want   domain.Timestamp // 0: a conflict
		scope  domain.Timestamp
	}{
		{"create in the future", "/shelves/new", "9000", 9000, 9000},
		{"create in the past", "/shelves/new", "500", 500, 2000},
		{"create at the scope's", "/shelves/new", "2000", 2001, 2001},
		{"create at another's", "/shelves/new", "1001", 0, 2000},
		{"create with a string", "/shelves/new", `"9000"`, 2001, 2001},
		{"create with a boolean", "/shelves/new", "true", 2001, 2001},
		{"update back", "/shelves/a", "1000", 2001, 2001},
		{"update to the same", "/shelves/a", "1001", 2001, 2001},
		{"update between", "/shelves/a", "1500", 1500, 2000},
		{"update at the scope's", "/shelves/a", "2000", 2001, 2001},
		{"update ahead", "/shelves/a", "3000", 3000, 3000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.must(t, w.command(domain.Put, "/shelves/a", ""))                       // 1001
			w.must(t, w.command(domain.Put, "/shelves/b", `{"last_modified":2000}`)) // 2000
			w.state.Add(domain.Needs{Moments: []domain.Moment{{Plural: "/shelves", Timestamp: 1001}}},
				domain.Snapshot{Position: domain.Position(len(w.log)), Taken: map[domain.Moment]domain.URI{{Plural: "/shelves", Timestamp: 1001}: "/shelves/a"}})
			result, err := w.do(w.command(domain.Put, tt.uri, `{"last_modified":`+tt.wanted+`}`))
			if tt.want == 0 {
				wantCode(t, err, domain.Conflict)
			} else if err != nil || result.Object.LastModified != tt.want {
				t.Errorf("got %d, %v, want %d", result.Object.LastModified, err, tt.want)
			}
			if got := w.state.Scope("/shelves").Timestamp; got != tt.scope {
				t.Errorf("the scope stands at %d, want %d", got, tt.scope)
			}
		})
	}
}

func TestClientTimestampsOfTombstones(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		wanted, want domain.Timestamp // want 0: a conflict
	}{
		{"before its own", 1000, 2001},
		{"its own", 1001, 2001},
		{"between", 1500, 1500},
		{"another's", 1002, 0},
		{"the scope's", 2000, 2001},
		{"ahead", 3000, 3000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.must(t, w.command(domain.Put, "/shelves/a", ""))                       // 1001
			w.must(t, w.command(domain.Put, "/shelves/b", ""))                       // 1002
			w.must(t, w.command(domain.Put, "/shelves/c", `{"last_modified":2000}`)) // 2000
			taken := map[domain.Moment]domain.URI{
				{Plural: "/shelves", Timestamp: 1002}: "/shelves/b", {Plural: "/shelves", Timestamp: 2000}: "/shelves/c",
			}
			w.state.Add(domain.Needs{Moments: slices.Collect(maps.Keys(taken))}, domain.Snapshot{Position: domain.Position(len(w.log)), Taken: taken})
			c := w.command(domain.Delete, "/shelves/a", "")
			c.LastModified = &tt.wanted
			result, err := w.do(c)
			if tt.want == 0 {
				wantCode(t, err, domain.Conflict)
			} else if err != nil || result.Object.LastModified != tt.want {
				t.Errorf("got %d, %v, want %d", result.Object.LastModified, err, tt.want)
			}
		})
	}
}

func TestWhatIsBelowDatesFromTheClock(t *testing.T) {
	t.Parallel()
	for _, wanted := range []string{"500", "9000"} {
		w := newWorld(t)
		w.must(t, w.command(domain.Put, "/shelves/a", `{"last_modified":`+wanted+`}`))
		w.must(t, w.command(domain.Put, "/shelves/ab", ""))
		for _, endpoint := range []domain.Plural{"/shelves/a/books", "/shelves/ab/books"} {
			if got := w.state.Scope(endpoint).Timestamp; got != 1001 {
				t.Errorf("a shelf of %s: %s dates from %d, want 1001", wanted, endpoint, got)
			}
		}
	}
}

func TestTimestampAtTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.do(w.command(domain.Put, "/shelves/a", `{"last_modified":253402300800000}`))
	wantCode(t, err, domain.Invalid)
	w.must(t, w.command(domain.Put, "/shelves/a", `{"last_modified":253402300799999}`))
	created := w.must(t, w.command(domain.Put, "/shelves/b", `{}`))
	if at := created.Object.LastModified; at != domain.MaxTimestamp+1 {
		t.Errorf("the server assigned %d, want the one after the greatest of a client", at)
	}
	for _, data := range []string{"", `{"last_modified":253402300800000}`} {
		w.must(t, w.command(domain.Put, "/shelves/b", data))
	}
	w.must(t, w.command(domain.Patch, "/shelves/b", `{}`))
}

func TestMembersAreAsLongAsPrincipals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(t, w.command(domain.Put, "/shelves/a", ""))
	for _, verb := range []domain.Verb{domain.Put, domain.Patch} {
		longest := strings.Repeat("m", domain.MaxPrincipalLength)
		w.must(t, w.command(verb, "/shelves/a/clubs/x", `{"members":["bob","`+longest+`"]}`))
		_, err := w.do(w.command(verb, "/shelves/a/clubs/x", `{"members":["bob","`+longest+`m"]}`))
		wantCode(t, err, domain.Invalid)
	}
}

func TestPreconditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put := w.command(domain.Put, "/shelves/a", "")
	put.Precondition.IfNoneMatch = domain.MatchAny
	created := w.must(t, put)
	_, err := w.do(put)
	if e := wantCode(t, err, domain.PreconditionFails); string(e.Existing) != string(created.Object.Data) {
		t.Errorf("got existing %s, want %s", e.Existing, created.Object.Data)
	}
	del := w.command(domain.Delete, "/shelves/a", "")
	del.Precondition.IfMatch = domain.MatchTimestamp(7)
	_, err = w.do(del)
	wantCode(t, err, domain.PreconditionFails)
	del.Precondition.IfMatch = domain.MatchTimestamp(created.Timestamp)
	w.must(t, del)
}

func TestPreconditionsTellNothingToThoseWhoMayNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(t, w.command(domain.Put, "/shelves/a", ""))
	put := w.command(domain.Put, "/shelves/a", "")
	put.Caller = domain.Caller{UserID: "stranger"}
	put.Precondition.IfNoneMatch = domain.MatchAny
	_, err := w.do(put)
	if e := wantCode(t, err, domain.PreconditionFails); e.Existing != nil || !e.Unseen {
		t.Errorf("got existing %s, unseen %t, want nothing to be told", e.Existing, e.Unseen)
	}
}

func TestPatches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		patch domain.Command
		data  string
		perms domain.Permissions
	}{
		{
			"attributes",
			domain.Command{Data: []byte(`{"o":{"b":2},"n":null}`)},
			`{"o":{"b":2},"n":null,"id":"x","last_modified":1003}`, nil,
		},
		{
			"merge",
			domain.Command{PatchKind: domain.MergePatch, Data: []byte(`{"o":{"b":2},"n":null}`)},
			`{"o":{"a":1,"b":2},"id":"x","last_modified":1003}`, nil,
		},
		{
			"operations",
			domain.Command{PatchKind: domain.JSONPatch, Operations: []byte(
				`[{"op":"remove","path":"/data/n"},{"op":"add","path":"/permissions/read/bob","value":"bob"}]`)},
			`{"o":{"a":1},"id":"x","last_modified":1003}`,
			domain.Permissions{"read": {"bob"}},
		},
		{
			"permissions",
			domain.Command{Permissions: map[string][]string{"read": {"bob", "ann", "bob"}}},
			`{"o":{"a":1},"n":1,"id":"x","last_modified":1003}`,
			domain.Permissions{"read": {"ann", "bob"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.must(t, w.command(domain.Put, "/shelves/a", ""))
			w.must(t, w.command(domain.Put, "/shelves/a/books/x", `{"o":{"a":1},"n":1}`))
			w.now = 1003
			c := tt.patch
			c.Verb, c.URI, c.Resource, c.Caller = domain.Patch, "/shelves/a/books/x", w.catalog.Resource("book"), alice
			got := w.must(t, &c).Object
			want := domain.Permissions{"write": {alice.UserID}}
			maps.Copy(want, tt.perms)
			if !sameJSON(t, got.Data, tt.data) || !cmp.Equal(got.Permissions, want) {
				t.Errorf("got %s %v, want %s %v", got.Data, got.Permissions, tt.data, want)
			}
		})
	}
}

func TestAMergeThatSaysNothingIsRefusedLast(t *testing.T) {
	t.Parallel()
	for _, kind := range []domain.PatchKind{domain.MergeAttributes, domain.MergePatch} {
		w := newWorld(t)
		patch := w.command(domain.Patch, "/shelves/a", "")
		patch.PatchKind = kind
		patch.Caller = domain.Caller{UserID: "basicauth:bob"}
		_, err := w.do(patch)
		wantCode(t, err, domain.Forbidden)
		w.must(t, w.command(domain.Put, "/shelves/a", ""))
		patch.Caller = alice
		patch.Precondition.IfMatch = domain.MatchTimestamp(7)
		_, err = w.do(patch)
		wantCode(t, err, domain.PreconditionFails)
		patch.Precondition = domain.Precondition{}
		_, err = w.do(patch)
		if got := wantCode(t, err, domain.Invalid); got.Details[0].Description != "Provide at least one of data or permissions" {
			t.Errorf("got %v", err)
		}
		patch.Permissions = map[string][]string{}
		w.must(t, patch)
	}
}

func TestOperationsOnPermissionsAreChecked(t *testing.T) {
	t.Parallel()
	for operations, ok := range map[string]bool{
		`[{"op":"add","path":"/permissions/book:create/bob","value":"bob"}]`:        true,
		`[{"op":"add","path":"/permissions/read","value":["bob","ann"]}]`:           true,
		`[{"op":"add","path":"/permissions/fly","value":["bob"]}]`:                  false,
		`[{"op":"replace","path":"/permissions","value":{"fly":["bob"]}}]`:          false,
		`[{"op":"add","path":"/permissions/read","value":[""]}]`:                    false,
		`[{"op":"add","path":"/permissions/read","value":[1]}]`:                     false,
		`[{"op":"add","path":"/permissions/read","value":"bob"}]`:                   false,
		`[{"op":"replace","path":"/data","value":[]}]`:                              false,
		`[{"op":"replace","path":"/data/id","value":"other"}]`:                      false,
		`[{"op":"test","path":"/data/n","value":2}]`:                                false,
		`[{"op":"test","path":"/data/n","value":1},{"op":"remove","path":"/data"}]`: false,
	} {
		w := newWorld(t)
		w.must(t, w.command(domain.Put, "/shelves/a", `{"n":1}`))
		c := w.command(domain.Patch, "/shelves/a", "")
		c.PatchKind, c.Operations = domain.JSONPatch, []byte(operations)
		_, err := w.do(c)
		if got := domain.CodeOf(err); ok && err != nil || !ok && got != domain.Invalid {
			t.Errorf("%s: got %v, want it accepted: %v", operations, err, ok)
		}
	}
}

func sameJSON(t *testing.T, got []byte, want string) bool {
	t.Helper()
	normal, err := jsondoc.Normalize([]byte(want), jsondoc.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return jsondoc.Equal(got, normal)
}

func TestRightsComeFromAncestorsGroupsAndGrants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := domain.Caller{UserID: "bob"}
	w.must(t, w.command(domain.Put, "/shelves/a", ""))
	asBob := func(verb domain.Verb, uri domain.URI) error {
		c := w.command(verb, uri, "")
		c.Caller = bob
		_, err := w.do(c)
		return err
	}
	wantCode(t, asBob(domain.Put, "/shelves/a/books/x"), domain.Forbidden)
	anonymous := w.command(domain.Put, "/shelves/a/books/x", "")
	anonymous.Caller = domain.Caller{}
	_, err := w.do(anonymous)
	wantCode(t, err, domain.Unauthenticated)

	w.must(t, w.command(domain.Put, "/shelves/a/clubs/x", `{"members":["bob"]}`))
	share := w.command(domain.Patch, "/shelves/a", "")
	share.Permissions = map[string][]string{"book:create": {"/shelves/a/clubs/x"}}
	w.must(t, share)
	if err := asBob(domain.Put, "/shelves/a/books/x"); err != nil {
		t.Errorf("a member of a club that may create books: %v", err)
	}
	wantCode(t, asBob(domain.Delete, "/shelves/a/books/y"), domain.Forbidden)

	w.must(t, w.command(domain.Delete, "/shelves/a/clubs/x", ""))
	wantCode(t, asBob(domain.Put, "/shelves/a/books/y"), domain.Forbidden)
}

func TestLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt)
		uris := w.universe().Objects
		used := map[domain.Moment]domain.URI{}
		for i := range rapid.IntRange(1, 40).Draw(rt, "commands") {
			w.now += domain.Timestamp(rapid.IntRange(-3, 3).Draw(rt, "clock"))
			c := w.command(rapid.SampledFrom([]domain.Verb{domain.Post, domain.Put, domain.Patch, domain.Delete}).Draw(rt, "verb"),
				rapid.SampledFrom(uris).Draw(rt, "uri"), fmt.Sprintf(`{"members":["bob"],"n":%d}`, i))
			tail, before := len(w.log), w.state.Scope(c.Plural())
			result, err := w.do(c)
			if err != nil || result.Unchanged {
				if len(w.log) != tail {
					rt.Fatalf("%v left events", err)
				}
				continue
			}
			if got := w.state.Object(c.URI); !cmp.Equal(got, result.Object) {
				rt.Fatalf("decided %+v, evolved %+v", result.Object, got)
			}
			if result.Timestamp <= before.Timestamp || w.state.Scope(c.Plural()).Timestamp != result.Timestamp {
				rt.Fatalf("timestamp %d after %d", result.Timestamp, before.Timestamp)
			}
			moment := domain.Moment{Plural: c.Plural(), Timestamp: result.Timestamp}
			if by, taken := used[moment]; taken {
				rt.Fatalf("%s has the timestamp of %s", c.URI, by)
			}
			used[moment] = c.URI
		}
		folded, cut := w.replay(), rapid.IntRange(0, len(w.log)-1).Draw(rt, "cut")
		want := w.state.Snapshot(w.universe())
		if diff := cmp.Diff(want, folded.Snapshot(w.universe())); diff != "" {
			rt.Fatalf("folding the log gives another state: %s", diff)
		}
		w.state.Truncate(cut)
		w.state.Evolve(w.log[1+cut:]...)
		if diff := cmp.Diff(want, w.state.Snapshot(w.universe())); diff != "" {
			rt.Fatalf("truncated to %d and evolved again: %s", cut, diff)
		}
		// Whatever prefix a read model holds, the state on top of it is the same.
		prefix := slices.Clone(w.log[:cut+1])
		partial := domain.NewState(w.catalog, prefix, positions(len(prefix)))
		partial.Add(w.universe(), domain.Snapshot{})
		loaded := partial.Snapshot(w.universe())
		loaded.Position = domain.Position(len(prefix))
		onTop := domain.NewState(w.catalog, w.log, positions(len(w.log)))
		onTop.Add(w.universe(), loaded)
		if diff := cmp.Diff(want, onTop.Snapshot(w.universe())); diff != "" {
			rt.Fatalf("loaded at %d and evolved: %s", len(prefix), diff)
		}
	})
}

func TestAListIsClearedOnceWithWhatIsAbove(t *testing.T) {
	t.Parallel()
	const books domain.Plural = "/shelves/a/books"
	w := newWorld(t)
	w.must(t, w.command(domain.Put, "/shelves/a", ""))
	w.must(t, w.command(domain.Put, "/shelves/a/books/x", ""))
	known := w.state.Scope(books).Timestamp
	var cleared domain.Scope
	for n := range 3 {
		w.must(t, w.command(domain.Delete, "/shelves/a", ""))
		w.must(t, w.command(domain.Put, "/shelves/a", ""))
		got := w.state.Scope(books)
		if n == 0 {
			cleared = got
		}
		if got != cleared || got.Timestamp <= known || !got.Cleared || got.Live != 0 {
			t.Errorf("deleted %d times: got %+v, want it cleared after %d, and as it was then", n+1, got, known)
		}
	}
	w.must(t, w.command(domain.Put, "/shelves/a/books/y", ""))
	if got := w.state.Scope(books); got.Cleared || got.Live != 1 || got.Timestamp <= cleared.Timestamp {
		t.Errorf("written to: got %+v", got)
	}
	w.must(t, w.command(domain.Put, "/shelves/a/books/x", fmt.Sprintf(`{"last_modified":%d}`, (w.now+100).Horizon())))
	w.must(t, w.command(domain.Delete, "/shelves/a", ""))
	w.must(t, w.command(domain.Put, "/shelves/a", ""))
	if got := w.state.Scope(books).Timestamp; got > w.now+100 {
		t.Errorf("cleared of what was too far ahead: got %d, want the moment of the deletion", got)
	}
}
