package accounts_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/writeapi"
)

func TestPasswordsAreStoredAsHashes(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	for i, c := range []struct{ request, kind, body string }{
		{"PUT", "", `{"data":{"password":"secret"}}`},
		{"PATCH", "", `{"data":{"password":"secret"}}`},
		{"PATCH", "application/merge-patch+json", `{"data":{"password":"secret"}}`},
		{"PATCH", "application/json-patch+json", `[{"op":"replace","path":"/data/password","value":"secret"}]`},
		{"PATCH", "application/json-patch+json", `[{"op":"add","path":"/data/password","value":"secret"}]`},
		{"PATCH", "application/json-patch+json", `[{"op":"replace","path":"/data","value":{"password":"secret"}}]`},
	} {
		name := fmt.Sprintf("user%d", i)
		register(t, s, name)
		var headers []string
		if c.kind != "" {
			headers = []string{"Content-Type: " + c.kind}
		}
		got := send(t, s, name+":"+name+"-pw", c.request+" /accounts/"+name, c.body, headers...)
		hash, _ := got.attribute(t, "data", "password").(string)
		if !strings.HasPrefix(hash, "$2b$04$") || len(hash) != 60 || bcrypt.CompareHashAndPassword([]byte(hash), []byte("secret")) != nil {
			t.Errorf("%s %s: got %v, want a hash of the password", c.kind, c.body, got)
		}
		if got, want := whoami(t, s, name+":secret"), "account:"+name; got != want {
			t.Errorf("%s %s: got user %q, want %q", c.kind, c.body, got, want)
		}
	}
}

func TestAPatchWithoutPasswordKeepsIt(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "alice")
	for _, kind := range []string{"application/json", "application/merge-patch+json"} {
		if got := send(t, s, "alice:alice-pw", "PATCH /accounts/alice", `{"data":{"a":1}}`, "Content-Type: "+kind); got.status != 200 {
			t.Errorf("%s: got %v, want 200", kind, got)
		}
		if got := whoami(t, s, "alice:alice-pw"); got != "account:alice" {
			t.Errorf("%s: got user %q, want account:alice", kind, got)
		}
	}
}

func TestAChangedPasswordCountsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "alice")
	for i := range 3 {
		before, after := fmt.Sprintf("alice:pw%d", i), fmt.Sprintf("alice:pw%d", i+1)
		if i == 0 {
			before = "alice:alice-pw"
		}
		for range 2 { // the second time it is remembered
			if got := whoami(t, s, before); got != "account:alice" {
				t.Fatalf("%s before the change: got %q, want account:alice", before, got)
			}
		}
		whoami(t, s, after) // remembered to be wrong
		body := fmt.Sprintf(`{"data":{"password":"pw%d"}}`, i+1)
		if got := send(t, s, before, "PATCH /accounts/alice", body); got.status != 200 {
			t.Fatalf("change: got %v, want 200", got)
		}
		if got := whoami(t, s, before); !strings.HasPrefix(got, "basicauth:") {
			t.Errorf("%s after the change: got %q, want a user of the next policy", before, got)
		}
		if got := whoami(t, s, after); got != "account:alice" {
			t.Errorf("%s after the change: got %q, want account:alice", after, got)
		}
	}
}

func TestAPasswordCountsWhole(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	longest := strings.Repeat("p", 72)
	for name, c := range map[string]struct {
		password string
		others   []string
	}{
		"alice": {longest, []string{longest + "p", longest + longest, longest[1:]}},
		"bob":   {"pw", []string{"pw\x00", "pw\x00pw", "pw\x00pw\x00pw", "pw\x00p"}},
	} {
		if got := send(t, s, "", "PUT /accounts/"+name, `{"data":{"password":"`+c.password+`"}}`); got.status != 201 {
			t.Fatalf("account: got %v, want 201", got)
		}
		for range 2 { // the second time it is remembered
			for _, other := range c.others {
				if got := whoami(t, s, name+":"+other); !strings.HasPrefix(got, "basicauth:") {
					t.Errorf("%q: got %q, want a user of the next policy", other, got)
				}
			}
			if got, want := whoami(t, s, name+":"+c.password), "account:"+name; got != want {
				t.Errorf("the password: got %q, want %s", got, want)
			}
		}
	}
}

func TestADeletedAccountIsNoCaller(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "alice")
	whoami(t, s, "alice:alice-pw")
	send(t, s, "alice:alice-pw", "DELETE /accounts/alice", "")
	if got := whoami(t, s, "alice:alice-pw"); !strings.HasPrefix(got, "basicauth:") {
		t.Errorf("got %q, want a user of the next policy", got)
	}
	register(t, s, "alice")
	if got := whoami(t, s, "alice:alice-pw"); got != "account:alice" {
		t.Errorf("created anew: got %q, want account:alice", got)
	}
}

// What is not committed may never be.
func TestATransactionUnderWayDoesNotChangeWhoCalls(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "alice")
	errUndone := errors.New("undone")
	resource := s.Parts().Catalog.Resource("account")
	_, err := s.Parts().Loop.Do(t.Context(), domain.Needs{}, func(tx *writeapi.Tx) error {
		if _, err := tx.Execute(&domain.Command{Verb: domain.Delete, Resource: resource, URI: "/accounts/alice", Trusted: true}); err != nil {
			return err
		}
		r := httptest.NewRequestWithContext(readapi.WithReader(t.Context(), tx), http.MethodGet, "/v1/", nil)
		r.SetBasicAuth("alice", "alice-pw")
		if got, err := s.Parts().Identify(r); err != nil || got.UserID != "account:alice" {
			t.Errorf("in the transaction: got %v, %v, want account:alice", got, err)
		}
		return errUndone
	})
	if !errors.Is(err, errUndone) {
		t.Fatal(err)
	}
}

func TestAChangedPasswordCountsAtOnceInOtherProcesses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		model server.ModelConfig
	}{{"sqlite", server.ModelConfig{}}, {"postgres", server.ModelConfig{Postgres: pgtest.New(t)}}} {
		s := start(t, open, server.Config{Model: c.model})
		other := neighbour(t, s)
		register(t, s, "alice")
		if got := other("alice:alice-pw"); got != "account:alice" {
			t.Fatalf("%s: got %q, want account:alice", c.name, got)
		}
		send(t, s, "alice:alice-pw", "PATCH /accounts/alice", `{"data":{"password":"new"}}`)
		if got := other("alice:alice-pw"); got != "" {
			t.Errorf("%s, the old password: got %q, want nobody", c.name, got)
		}
		if got := other("alice:new"); got != "account:alice" {
			t.Errorf("%s, the new password: got %q, want account:alice", c.name, got)
		}
	}
}

func TestAPasswordThatAnotherProcessWasToldOfCountsBeforeThisOneHearsOfIt(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	other := neighbour(t, s, func(p *server.Parts) { p.Progress = deaf{p.Progress} })
	if got := other("alice:alice-pw"); got != "" {
		t.Errorf("before there is an account: got %q, want nobody", got)
	}
	register(t, s, "alice")
	if got := other("alice:alice-pw"); got != "account:alice" {
		t.Errorf("a new account: got %q, want account:alice", got)
	}
	send(t, s, "alice:alice-pw", "PATCH /accounts/alice", `{"data":{"password":"new"}}`)
	if got := other("alice:new"); got != "account:alice" {
		t.Errorf("the new password: got %q, want account:alice", got)
	}
}

func TestUnknownUsersFallBackToTheNextPolicy(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "alice")
	for _, credentials := range []string{"user:pass", "alice:wrong", "not a name:x", "x:"} {
		for range 2 {
			if got := whoami(t, s, credentials); !strings.HasPrefix(got, "basicauth:") {
				t.Errorf("%s: got %q, want a user of basicauth", credentials, got)
			}
		}
	}
	if got := send(t, s, "", "GET /", "", "Authorization: undefined").attribute(t, "user"); got != nil {
		t.Errorf("undefined: got %v, want nobody", got)
	}
	whoami(t, s, "late:late-pw")
	register(t, s, "late")
	if got := whoami(t, s, "late:late-pw"); got != "account:late" {
		t.Errorf("registered later: got %q, want account:late", got)
	}
}

func TestWhoRegistersAtTheSameTimeCanLogInAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	var wg sync.WaitGroup
	created := make([]int, 4)
	for i := range 32 {
		wg.Go(func() {
			name := fmt.Sprintf("user%d", i%4)
			got := send(t, s, "", "POST /accounts", fmt.Sprintf(`{"data":{"id":"%s","password":"pw%d"}}`, name, i))
			if got.status == 401 {
				return
			}
			if got.status != 201 {
				t.Errorf("got %v, want 201 or 401", got)
			}
			created[i%4]++ // by one only
			if got, want := whoami(t, s, fmt.Sprintf("%s:pw%d", name, i)), "account:"+name; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	wg.Wait()
	if got, want := fmt.Sprint(created), "[1 1 1 1]"; got != want {
		t.Errorf("got %s accounts created, want %s", got, want)
	}
}

func TestBatchesHashPasswordsToo(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	got := send(t, s, "", "POST /batch", `{"requests":[
		{"method":"PUT","path":"/accounts/alice","body":{"data":{"password":"alice-pw"}}},
		{"method":"POST","path":"/accounts","body":{"data":{"id":"bob","password":"bob-pw"}}},
		{"method":"POST","path":"/accounts","body":{"data":{"id":"carl"}}}
	]}`)
	if n := strings.Count(got.body, `"password":"$2b$04$`); n != 2 || !strings.Contains(got.body, "data.password in body: Required") {
		t.Errorf("got %v, want two accounts with hashes, and a refusal", got)
	}
	for _, name := range []string{"alice", "bob"} {
		if got, want := whoami(t, s, name+":"+name+"-pw"), "account:"+name; got != want {
			t.Errorf("got user %q, want %q", got, want)
		}
	}
}

func TestTheCacheHoldsWhatTheProtocolSays(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "alice")
	whoami(t, s, "alice:alice-pw")
	key := hmacHex(options.Secret, "accounts:alice:verified")
	value, ok, err := s.Parts().Cache.Get(t.Context(), key)
	if err != nil || !ok || !strings.HasPrefix(string(value), hmacHex(key, "alice-pw")) {
		t.Errorf("got %q, %v, %v, want the keyed hash of the password", value, ok, err)
	}
}

func TestAccountsAreNotShownToSubscribers(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "alice")
	secret := 0
	for entry, err := range s.Parts().Log.Read(t.Context(), domain.Position(0)) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entry.Events {
			if e.Resource == "account" && !e.Secret {
				t.Errorf("got %s in the open", e.Object.URI)
			} else if e.Secret {
				secret++
			}
		}
	}
	if secret != 1 {
		t.Errorf("got %d secret events, want 1", secret)
	}
}
