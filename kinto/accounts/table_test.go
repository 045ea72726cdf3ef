package accounts_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
)

// TestRequests holds the rows of protocol 5.3. Each case runs on accounts of its own: admin, alice, bob and reader.
func TestRequests(t *testing.T) {
	t.Parallel()
	const admin, alice, bob, nobody = "admin:admin-pw", "alice:alice-pw", "bob:bob-pw", ""
	const (
		unauthenticated = "Please authenticate yourself to use this endpoint."
		forbidden       = "This user cannot access this resource."
		mismatch        = `"name":"data.id","description":"Username and account ID do not match."`
		required        = `"message":"data.password in body: Required"`
		jsonPatch       = "application/json-patch+json"
		// Of another cost it could take days to compare a password with.
		ownHash = "$2b$04$lKlEmG7V0LNFGSbSPemW3.hk0aNbQZKiOo5qbN4WJhHc5EAE56ERu"
	)
	s := start(t, open, server.Config{})
	register(t, s, "admin", "alice", "bob", "reader", "gone", "gone2")
	for _, c := range []struct {
		who, request, body string
		kind               string // Content-Type
		status             int
		holds              string // in the answer
	}{
		{nobody, "POST /accounts", `{"data":{"id":"carol","password":"x"}}`, "", 201, `"permissions":{"write":["account:carol"]}`},
		{nobody, "POST /accounts", `{"data":{"id":"a+b@example.com","password":"x"}}`, "", 201, `"id":"a+b@example.com"`},
		{nobody, "POST /accounts", `{"data":{"id":"alice","password":"x"}}`, "", 401, unauthenticated},
		{nobody, "PUT /accounts/alice", `{"data":{"password":"x"}}`, "", 401, unauthenticated},
		{alice, "POST /accounts", `{"data":{"id":"alice","password":"other"}}`, "", 200, `"permissions":{"write":["account:alice"]}`},
		{nobody, "POST /accounts", `{"data":{"password":"x"}}`, "", 400, `"message":"data.id in body: Required"`},
		{nobody, "POST /accounts", `{"data":{"password":"x"}}`, "", 400, `"name":"data.id","description":"Required"`},
		{nobody, "POST /accounts", ``, "", 400, `data.id in body: Required`},
		{nobody, "POST /accounts", `{"data":{"id":"dan"}}`, "", 400, required},
		{nobody, "POST /accounts", `{"data":{"id":"dan","password":"x"},"permissions":{"fly":[]}}`, "", 400, `"fly\" is not one of read, write`},
		{nobody, "POST /accounts", `{"data":{"id":"dan","password":"x"},"datta":1}`, "", 400, "Unrecognized keys in mapping"},
		{nobody, "PUT /accounts/dan", `{"data":{}}`, "", 400, required},
		{nobody, "PUT /accounts/dan", ``, "", 400, required},
		{nobody, "PUT /accounts/dan", `{"data":{"password":""}}`, "", 400, required},
		{nobody, "PUT /accounts/dan", `{"data":{"password":null}}`, "", 400, required},
		{nobody, "PUT /accounts/dan", `{"data":{"password":3}}`, "", 400, `"description":"3 is not a string: {'password': ''}"`},
		{nobody, "PUT /accounts/dan", `{"data":{"password":"` + strings.Repeat("é", 37) + `"}}`, "", 400, "Longer than maximum length 72"},
		{nobody, "POST /accounts", `{"data":{"id":"no spaces","password":"x"}}`, "", 400, `"message":"path: Invalid object id"`},
		{nobody, "PUT /accounts/@dan", `{"data":{"password":"x"}}`, "", 400, `"message":"path: Invalid object id"`},
		{nobody, "GET /accounts", "", "", 401, `{"code":401,"errno":999,"error":"Cannot read accounts."}`},
		{nobody, "DELETE /accounts", "", "", 401, `{"code":401,"errno":999,"error":"Cannot read accounts."}`},
		{nobody, "GET /accounts/alice", "", "", 401, unauthenticated},
		{bob, "GET /accounts/alice", "", "", 403, forbidden},
		{bob, "GET /accounts/nope", "", "", 403, forbidden},
		{"reader:reader-pw", "GET /accounts/alice", "", "", 403, forbidden},
		{alice, "GET /accounts/alice", "", "", 200, `"permissions":{"write":["account:alice"]}`},
		{admin, "GET /accounts/alice", "", "", 200, `"permissions":{"write":["account:alice"]}`},
		{admin, "GET /accounts/nope", "", "", 404, `"resource_name":"account"`},
		{alice, "PUT /accounts/alice", `{"data":{"nickname":"x"}}`, "", 400, required},
		{alice, "PATCH /accounts/alice", `{"data":{"password":null}}`, "application/merge-patch+json", 400, `"name":"password","description":"Required"`},
		{alice, "PATCH /accounts/alice", `[{"op":"remove","path":"/data/password"}]`, jsonPatch, 400, "Required"},
		{
			alice, "PATCH /accounts/alice",
			`[{"op":"add","path":"/data/x","value":"clear"},{"op":"move","from":"/data/x","path":"/data/password"}]`,
			jsonPatch, 400, "The password cannot be taken from another attribute.",
		},
		{
			alice, "PATCH /accounts/alice",
			`[{"op":"add","path":"/data/x","value":"` + ownHash + `"},{"op":"copy","from":"/data/x","path":"/data/password"}]`,
			jsonPatch, 400, "The password cannot be taken from another attribute.",
		},
		{
			alice, "PATCH /accounts/alice",
			`[{"op":"add","path":"/data/x","value":{"password":"` + ownHash + `"}},{"op":"move","from":"/data/x","path":"/data"}]`,
			jsonPatch, 400, "The password cannot be taken from another attribute.",
		},
		{
			alice, "PATCH /accounts/alice",
			`[{"op":"add","path":"/data/password","value":"a"},{"op":"replace","path":"/data","value":{"password":"b"}}]`,
			jsonPatch, 400, "Given more than once",
		},
		{alice, "PATCH /accounts/alice", `{"data":{"nickname":"x"}}`, "", 200, `"nickname":"x"`},
		{bob, "PATCH /accounts/alice", `{"data":{"nickname":"y"}}`, "", 403, forbidden},
		{bob, "DELETE /accounts/alice", "", "", 403, forbidden},
		{bob, "POST /accounts", `{"data":{"id":"dan","password":"x"}}`, "", 400, mismatch},
		{bob, "PUT /accounts/dan", `{"data":{"password":"x"}}`, "", 400, mismatch},
		{"any:body", "PUT /accounts/any", `{"data":{"password":"x"}}`, "", 400, mismatch}, // a user of basicauth
		{admin, "PUT /accounts/eve", `{"data":{"password":"x"}}`, "", 201, `"id":"eve"`},
		{"gone:gone-pw", "DELETE /accounts/gone", "", "", 200, `"deleted":true`},
		{admin, "DELETE /accounts/gone2", "", "", 200, `"deleted":true`},
	} {
		headers := []string{"X-Request-Id: test"}
		if c.kind != "" {
			headers = append(headers, "Content-Type: "+c.kind)
		}
		got := send(t, s, c.who, c.request, c.body, headers...)
		if got.status != c.status || !strings.Contains(got.body, c.holds) {
			t.Errorf("%q %s %s: got %v, want %d with %s", c.who, c.request, c.body, got, c.status, c.holds)
		}
	}
}

func TestListsHaveTheOwnAccountOnlyButForReadersWhoMayWrite(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "admin", "alice", "bob", "reader")
	writer := map[string][]string{"account_create": {domain.Everyone}, "account_write": {"account:admin"}}
	w := start(t, writer, server.Config{})
	register(t, w, "admin", "alice")
	for _, c := range []struct {
		server *server.Server
		who    string
		want   []string
	}{
		{s, "alice:alice-pw", []string{"alice"}},
		{s, "reader:reader-pw", []string{"reader"}},
		{s, "admin:admin-pw", []string{"admin", "alice", "bob", "reader"}},
		{s, "some:body", nil},
		{w, "admin:admin-pw", []string{"admin"}},
	} {
		got := send(t, c.server, c.who, "GET /accounts?_sort=id&_fields=id", "")
		var ids []string
		list, _ := got.attribute(t, "data").([]any)
		for _, account := range list {
			ids = append(ids, account.(map[string]any)["id"].(string))
		}
		if got.status != http.StatusOK || !slices.Equal(ids, c.want) {
			t.Errorf("%s: got %v, want %v", c.who, got, c.want)
		}
	}
}

func TestDeletionOfAllTakesOnesOwnOrForAdministratorsAll(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "admin", "alice", "bob")
	if got := send(t, s, "alice:alice-pw", "DELETE /accounts", ""); got.status != 200 || !strings.HasPrefix(got.body, `{"data":[{"id":"alice"`) {
		t.Errorf("alice: got %v, want her account deleted", got)
	}
	if got := whoami(t, s, "bob:bob-pw"); got != "account:bob" {
		t.Errorf("bob is %q, want account:bob", got)
	}
	got := send(t, s, "admin:admin-pw", "DELETE /accounts", "")
	if deleted, _ := got.attribute(t, "data").([]any); len(deleted) != 2 {
		t.Errorf("admin: got %v, want two accounts deleted", got)
	}
}

func TestNobodyRegistersWhereItIsNotOpen(t *testing.T) {
	t.Parallel()
	s := start(t, map[string][]string{"account_write": {"account:admin"}}, server.Config{})
	if got := send(t, s, "", "POST /accounts", `{"data":{"id":"alice","password":"x"}}`); got.status != 401 {
		t.Errorf("got %v, want 401", got)
	}
	if got := send(t, s, "", "GET /accounts", ""); got.header.Get("WWW-Authenticate") == "" {
		t.Error("got no challenge with a list that was refused")
	}
}

func TestTheOwnerIsTheAccountWhoeverCreatesIt(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "admin")
	for _, who := range []string{"", "admin:admin-pw"} {
		name := "new" + strings.TrimSuffix(who, ":admin-pw")
		want := `"permissions":{"write":["account:` + name + `"]}`
		if got := send(t, s, who, "PUT /accounts/"+name, `{"data":{"password":"x"}}`); !strings.Contains(got.body, want) {
			t.Errorf("%q, who creates it: got %v, want %s", who, got, want)
		}
		if got := send(t, s, name+":x", "GET /accounts/"+name, ""); !strings.Contains(got.body, want) {
			t.Errorf("%q: got %v, want %s", who, got, want)
		}
	}
}

func TestTheRootTellsOfAccounts(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	got := send(t, s, "", "GET /", "").attribute(t, "capabilities", "accounts", "validation_enabled")
	if got != false {
		t.Errorf("got validation_enabled %v, want false", got)
	}
}

// What a patch makes of an account comes after the precondition, whoever finds out that it is no good.
func TestAStalePatchIsToldSoBeforeItsPasswordIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "alice")
	for body, kind := range map[string]string{
		`{"data":{"password":5}}`:                          "application/json",
		`{"data":{"password":""}}`:                         "application/merge-patch+json",
		`[{"op":"add","path":"/data/password","value":5}]`: "application/json-patch+json",
	} {
		for precondition, status := range map[string]int{`If-Match: "1"`: 412, "If-Match: *": 400, "If-Match: 1": 400} {
			got := send(t, s, "alice:alice-pw", "PATCH /accounts/alice", body, "Content-Type: "+kind, precondition)
			if got.status != status {
				t.Errorf("%s with %s: got %v, want %d", body, precondition, got, status)
			}
		}
	}
	if got := send(t, s, "alice:alice-pw", "PUT /accounts/alice", `{"data":{"password":5}}`, `If-Match: "1"`); got.status != 400 {
		t.Errorf("PUT: got %v, want 400", got)
	}
}
