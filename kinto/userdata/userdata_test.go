package userdata_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/server"
)

const mayDelete = "user-data_delete: account:admin"

// object is what its owner sees of an object.
type object struct {
	Data struct {
		Members      []string `json:"members"`
		LastModified int64    `json:"last_modified"`
	} `json:"data"`
	Permissions map[string][]string `json:"permissions"`
}

func get(t testing.TB, s *server.Server, user, path string) (o object) {
	t.Helper()
	if err := json.Unmarshal(do(t, s, user, "GET "+path).Body.Bytes(), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func remove(t testing.TB, s *server.Server, principal string) {
	t.Helper()
	w := do(t, s, "admin", "DELETE /__user_data__/"+principal)
	if got, want := w.Body.String(), `{"data":{"principal":"`+principal+`"}}`; w.Code != 200 || got != want {
		t.Errorf("got %d %s, want %s", w.Code, got, want)
	}
}

func wantGone(t testing.TB, s *server.Server, user string, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if w := send(t, s, user, "GET "+path, ""); w.Code != 404 && w.Code != 403 {
			t.Errorf("GET %s: got %d %s, want it gone", path, w.Code, w.Body)
		}
	}
}

func TestWhatTheUserAloneWritesIsDeleted(t *testing.T) {
	t.Parallel()
	s := start(t, mayDelete)
	do(t, s, "", "PUT /accounts/bob", `{"data":{"password":"p"}}`)
	do(t, s, "bob", "PUT /buckets/b")
	do(t, s, "bob", "PUT /buckets/b/collections/c")
	do(t, s, "bob", "PUT /buckets/b/collections/c/records/r")
	do(t, s, "bob", "PUT /buckets/b/groups/g", `{"data":{"members":["account:bob"]}}`)
	do(t, s, "alice", "PUT /buckets/a", `{"permissions":{"collection:create":["account:bob"]}}`)
	do(t, s, "bob", "PUT /buckets/a/collections/mine")
	do(t, s, "alice", "PUT /buckets/a/collections/c", `{"permissions":{"record:create":["account:bob"]}}`)
	do(t, s, "bob", "PUT /buckets/a/collections/c/records/mine")
	do(t, s, "alice", "PUT /buckets/a/collections/c/records/hers")
	remove(t, s, "account:bob")
	wantGone(t, s, "bob", "/buckets/b", "/accounts/bob")
	wantGone(t, s, "alice", "/buckets/a/collections/mine", "/buckets/a/collections/c/records/mine")
	do(t, s, "alice", "GET /buckets/a/collections/c/records/hers")
	// Another owner of the same bucket finds nothing in it.
	do(t, s, "carol", "PUT /buckets/b")
	for _, path := range []string{"/buckets/b/collections", "/buckets/b/groups"} {
		if got := do(t, s, "carol", "GET "+path).Body.String(); got != `{"data":[]}` {
			t.Errorf("GET %s: got %s, want nothing", path, got)
		}
	}
	list := do(t, s, "alice", "GET /buckets/a/collections/c/records?_since=0").Body.String()
	if !strings.Contains(list, `"deleted":true,"id":"mine"`) && !strings.Contains(list, `"id":"mine","last_modified"`) {
		t.Errorf("got %s, want the tombstone of the record", list)
	}
}

func TestThePrincipalIsRemovedFromAllPermissions(t *testing.T) {
	t.Parallel()
	s := start(t, mayDelete)
	do(t, s, "alice", "PUT /buckets/a", `{"permissions":{"write":["account:bob"],"read":["account:bob","account:carol"],"group:create":["account:bob"]}}`)
	do(t, s, "alice", "PUT /buckets/a/collections/c", `{"permissions":{"read":["account:bobby"]}}`)
	do(t, s, "alice", "PUT /buckets/a/collections/d", `{"data":{"x":1},"permissions":{"read":["account:bob"]}}`)
	before := get(t, s, "alice", "/buckets/a")
	untouched := get(t, s, "alice", "/buckets/a/collections/c")
	list := do(t, s, "alice", "GET /buckets").Header().Get("ETag")
	remove(t, s, "account:bob")
	after := get(t, s, "alice", "/buckets/a")
	if got := after.Permissions; len(got) != 2 || !slices.Equal(got["write"], []string{"account:alice"}) || !slices.Equal(got["read"], []string{"account:carol"}) {
		t.Errorf("got permissions %v, want none of bob's", got)
	}
	if after.Data.LastModified <= before.Data.LastModified {
		t.Errorf("got last_modified %d, want it later than %d", after.Data.LastModified, before.Data.LastModified)
	}
	if got := do(t, s, "alice", "GET /buckets").Header().Get("ETag"); got <= list {
		t.Errorf("got ETag %s of the list, want it later than %s", got, list)
	}
	if got := get(t, s, "alice", "/buckets/a/collections/c"); got.Data.LastModified != untouched.Data.LastModified {
		t.Errorf("got %+v, want it untouched", got)
	}
	if got := get(t, s, "alice", "/buckets/a/collections/d").Permissions; len(got) != 1 {
		t.Errorf("got permissions %v, want those of alice alone", got)
	}
	wantGone(t, s, "bob", "/buckets/a", "/buckets/a/collections/d")
}

func TestMembershipsEnd(t *testing.T) {
	t.Parallel()
	s := start(t, mayDelete)
	do(t, s, "alice", "PUT /buckets/a", `{"permissions":{"read":["/buckets/a/groups/g"]}}`)
	do(t, s, "alice", "PUT /buckets/a/groups/g", `{"data":{"members":["account:carol","account:bob"],"x":1},"permissions":{"read":["account:bob"]}}`)
	do(t, s, "bob", "GET /buckets/a")
	before := tail(t, s)
	remove(t, s, "account:bob")
	if got := get(t, s, "alice", "/buckets/a/groups/g"); !slices.Equal(got.Data.Members, []string{"account:carol"}) || len(got.Permissions) != 1 {
		t.Errorf("got %+v, want carol as the only member, and no permission of bob's", got)
	}
	wantGone(t, s, "bob", "/buckets/a")
	do(t, s, "carol", "GET /buckets/a")
	if events := eventsAfter(t, s, before.Position); len(events) != 1 {
		t.Errorf("got events %+v, want one for the group", events)
	}
}

func TestAllOfItIsOneCommit(t *testing.T) {
	t.Parallel()
	s := start(t, mayDelete)
	do(t, s, "bob", "PUT /buckets/b")
	do(t, s, "bob", "PUT /buckets/b/collections/c")
	do(t, s, "alice", "PUT /buckets/a", `{"permissions":{"read":["account:bob"]}}`)
	do(t, s, "", "PUT /accounts/bob", `{"data":{"password":"p"}}`)
	before := tail(t, s)
	remove(t, s, "account:bob")
	var got []string
	commits := map[string]bool{}
	for entry, err := range s.Parts().Log.Read(t.Context(), before.Position) {
		if err != nil {
			t.Fatal(err)
		}
		commits[entry.Commit] = true
		for _, e := range entry.Events {
			got = append(got, string(e.Action)+" "+string(e.Object.URI))
			if e.Origin.UserID != "account:admin" || e.Secret != (e.Resource == "account") {
				t.Errorf("got %+v, want an event by the admin, secret for accounts", e)
			}
		}
	}
	slices.Sort(got)
	want := []string{"delete /accounts/bob", "delete /buckets/b", "update /buckets/a"}
	if len(commits) != 1 || !slices.Equal(got, want) {
		t.Errorf("got %d commits of %q, want one of %q", len(commits), got, want)
	}
}

func TestHistoryStays(t *testing.T) {
	t.Parallel()
	s := start(t, mayDelete)
	do(t, s, "alice", "PUT /buckets/a", `{"permissions":{"write":["account:bob"]}}`)
	do(t, s, "bob", "PUT /buckets/a/groups/g", `{"data":{"members":[]}}`)
	remove(t, s, "account:bob")
	history := do(t, s, "alice", "GET /buckets/a/history?_sort=last_modified&_fields=action,uri").Body.String()
	for _, want := range []string{`"action":"create"`, `"action":"update"`, `"action":"delete"`} {
		if !strings.Contains(history, want) {
			t.Errorf("got history %s, want %s in it", history, want)
		}
	}
}

func TestOnlyTheOperatorSaysWhoMayDelete(t *testing.T) {
	t.Parallel()
	nobody, somebody := start(t), start(t, "user-data_delete: account:admin /buckets/a/groups/g")
	do(t, somebody, "alice", "PUT /buckets/a")
	do(t, somebody, "alice", "PUT /buckets/a/groups/g", `{"data":{"members":["account:carol"]}}`)
	for _, c := range []struct {
		s      *server.Server
		user   string
		status int
	}{
		{nobody, "admin", 403},
		{nobody, "", 401},
		{nobody, "bob", 403},
		{somebody, "bob", 403},
		{somebody, "", 401},
		{somebody, "carol", 200},
		{somebody, "admin", 200},
	} {
		if w := send(t, c.s, c.user, "DELETE /__user_data__/account:bob", ""); w.Code != c.status {
			t.Errorf("by %q: got %d %s, want %d", c.user, w.Code, w.Body, c.status)
		}
	}
}

func TestNobodyHasNothing(t *testing.T) {
	t.Parallel()
	s := start(t, mayDelete)
	before := tail(t, s)
	remove(t, s, "account:nobody")
	if got := tail(t, s); got != before {
		t.Errorf("the log moved from %d to %d, want nothing to happen", before.Position, got.Position)
	}
}

func TestAPrincipalMayBeAnyText(t *testing.T) {
	t.Parallel()
	s := start(t, mayDelete)
	for _, principal := range []string{
		"github:n1k0", "natim", "system.Everyone", "é ü", "acme:https://acme.example.org/id/5", "acme:a/", "/buckets/a/groups/g",
	} {
		do(t, s, "alice", "PUT /buckets/a", `{"permissions":{"read":["`+principal+`"]}}`)
		do(t, s, "admin", "DELETE /__user_data__/"+strings.NewReplacer(" ", "%20", "é", "%C3%A9", "ü", "%C3%BC").Replace(principal))
		if got := get(t, s, "alice", "/buckets/a").Permissions; len(got) != 1 {
			t.Errorf("got permissions %v, want none of %s", got, principal)
		}
	}
}

func TestNobodyHasNoData(t *testing.T) {
	t.Parallel()
	if w := send(t, start(t, mayDelete), "admin", "DELETE /__user_data__/", ""); w.Code != http.StatusNotFound {
		t.Errorf("got %d %s, want 404", w.Code, w.Body)
	}
}

func TestOtherMethodsAreNotAllowed(t *testing.T) {
	t.Parallel()
	s := start(t, mayDelete)
	for _, request := range []string{
		"GET /__user_data__/account:bob", "PUT /__user_data__/account:bob", "PATCH /__user_data__/account:bob",
		"POST /__user_data__/account:bob", "GET /__user_data__", "POST /__user_data__", "DELETE /__user_data__",
	} {
		if w := send(t, s, "admin", request, "{}"); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d, want 405", request, w.Code)
		}
	}
}

func tail(t testing.TB, s *server.Server) eventstore.Tail {
	t.Helper()
	end, err := s.Parts().Log.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return end
}

func eventsAfter(t testing.TB, s *server.Server, position domain.Position) (events []domain.Event) {
	t.Helper()
	for entry, err := range s.Parts().Log.Read(t.Context(), position) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, entry.Events...)
	}
	return events
}

func TestABatchRemovesWhatItMade(t *testing.T) {
	t.Parallel()
	s := start(t, mayDelete)
	as := func(user string) string {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.SetBasicAuth(user, "password")
		return `"headers":{"Authorization":"` + r.Header.Get("Authorization") + `"},`
	}
	do(t, s, "alice", "PUT /buckets/a")
	do(t, s, "admin", "POST /batch", `{"defaults":{"method":"PUT"},"requests":[
		{`+as("bob")+`"path":"/buckets/b"},
		{`+as("bob")+`"path":"/buckets/b/collections/c"},
		{`+as("alice")+`"path":"/buckets/a","body":{"permissions":{"read":["account:bob","account:carol"]}}},
		{`+as("alice")+`"path":"/buckets/a/groups/g","body":{"data":{"members":["account:bob","account:carol"]}}},
		{"method":"DELETE","path":"/__user_data__/account:bob"}]}`)
	wantGone(t, s, "bob", "/buckets/b", "/buckets/b/collections/c")
	if read := get(t, s, "alice", "/buckets/a").Permissions["read"]; !slices.Equal(read, []string{"account:carol"}) {
		t.Errorf("may read: %v, want carol alone", read)
	}
	if members := get(t, s, "alice", "/buckets/a/groups/g").Data.Members; !slices.Equal(members, []string{"account:carol"}) {
		t.Errorf("members: %v, want carol alone", members)
	}
}

func TestARemovalThatIsSentAgainHasOneEffect(t *testing.T) {
	t.Parallel()
	s := start(t, mayDelete)
	const request, key = "DELETE /__user_data__/account:bob", "Idempotency-Key: once"
	do(t, s, "bob", "PUT /buckets/before")
	if w := send(t, s, "admin", request, "", key); w.Code != 200 {
		t.Fatalf("got %d %s, want 200", w.Code, w.Body)
	}
	wantGone(t, s, "bob", "/buckets/before")
	do(t, s, "bob", "PUT /buckets/after")
	w := send(t, s, "admin", request, "", key)
	if w.Code != 200 || w.Header().Get("Idempotency-Replayed") != "true" || w.Body.String() != `{"data":{"principal":"account:bob"}}` {
		t.Errorf("got %d %v %s, want the first answer", w.Code, w.Header(), w.Body)
	}
	do(t, s, "bob", "GET /buckets/after")
	if w := send(t, s, "bob", request, "", key); w.Code != 403 {
		t.Errorf("who may not: got %d %s, want 403", w.Code, w.Body)
	}
}
