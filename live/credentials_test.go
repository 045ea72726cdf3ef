package live_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/accounts"
	"github.com/kintolog/kintolog/live"
	"github.com/kintolog/kintolog/server"
)

// withAccounts serves a Kinto in which the account alice, whose password is "password", has the bucket b with the collection c.
func withAccounts(t *testing.T) *service {
	t.Helper()
	users, passwords := accounts.New(accounts.Options{Cost: 4})
	s := serve(t, server.App{
		Name: "kinto", Version: "1.0", Resources: kinto.Resources(kinto.Options{}),
		Policy: domain.Policy{Grants: map[string][]string{
			"bucket_create": {domain.Authenticated}, "account_create": {domain.Everyone}, "account_write": {"account:admin"},
		}},
		Authenticators: []server.Authentication{passwords},
		Plugins:        []server.Plugin{users, live.New(live.Options{KeepAlive: 20 * time.Millisecond})},
	}, server.Config{})
	for _, name := range []string{"alice", "admin"} {
		s.do(t, "", "PUT /accounts/"+name, `{"data":{"password":"password"}}`)
	}
	s.do(t, "alice", "PUT /buckets/b", "{}")
	s.do(t, "alice", "PUT /buckets/b/collections/c", "{}")
	return s
}

func TestAStreamEndsWithTheCredentialsItWasOpenedWith(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *service){
		"the account is deleted": func(t *testing.T, s *service) { s.do(t, "admin", "DELETE /accounts/alice", "") },
		"it has another password": func(t *testing.T, s *service) {
			s.do(t, "alice", "PATCH /accounts/alice", `{"data":{"password":"new"}}`)
		},
		"it is of somebody else": func(t *testing.T, s *service) {
			s.do(t, "admin", "DELETE /accounts/alice", "")
			s.do(t, "", "PUT /accounts/alice", `{"data":{"password":"mine"}}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withAccounts(t)
			stream := s.hears(t, "alice", records)
			socket, _ := s.dial(t, "alice", records)
			receive(t, socket)
			end(t, s)
			stream.ends(t)
			if got := closed(t, socket); got != websocket.StatusGoingAway {
				t.Errorf("the WebSocket: got %v, want one to come back to", got)
			}
			if u := s.subscribe(t, "alice", records); u.status != http.StatusUnauthorized {
				t.Errorf("who comes back: got %d, want 401", u.status)
			}
		})
	}
}
