package openid_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/openid"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

// service is Kinto in memory, for users of a provider and of Basic authentication.
func service(t *testing.T, p openid.Provider) process {
	t.Helper()
	log := &journal{}
	plugin, authentications := openid.New(openid.Options{Providers: []openid.Provider{p}, Secret: "hmac"})
	s := servertest.Open(t, server.App{
		Name: "test", APIVersion: "1.23", Resources: kinto.Resources(kinto.Options{}),
		Policy:         domain.Policy{Grants: map[string][]string{"bucket_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{authentications[p.Name], server.Static(web.BasicAuth{Secret: "s"})},
		Plugins:        []server.Plugin{plugin},
	}, server.Config{Memory: true, Logger: log.logger()})
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return process{h, log}
}

func (p process) hello(t *testing.T, authorization string) map[string]any {
	t.Helper()
	_, _, body := p.get(t, "/", authorization)
	var hello map[string]any
	if err := json.Unmarshal(body, &hello); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return hello
}

func TestAServiceTellsUsersTheirIdAndProfile(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	p := provider(i)
	p.HeaderType, p.Audience = "bearer+x", "kinto"
	s := service(t, p)
	token := i.sign(claims{"aud": "kinto"})
	i.knows(token, `{"sub":"alice","groups":["a"]}`)
	user, _ := s.hello(t, "Bearer+X "+token)["user"].(map[string]any)
	if got, want := user["id"], "acme:alice"; got != want {
		t.Errorf("id: got %v, want %q", got, want)
	}
	if got, want := user["profile"], (map[string]any{"sub": "alice", "groups": []any{"a"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("profile: got %v, want %v", got, want)
	}
	if got := i.questions("/userinfo"); got != 1 {
		t.Errorf("got %d questions, want 1", got)
	}
	basic, _ := s.hello(t, "Basic bWU6c2VjcmV0")["user"].(map[string]any)
	if _, has := basic["profile"]; basic["id"] == nil || has {
		t.Errorf("a user of another policy: got %v, want no profile", basic)
	}
	if got := s.hello(t, "Bearer+X wrong")["user"]; got != nil {
		t.Errorf("wrong token: got the user %v, want none", got)
	}
}

func TestAServiceTellsClientsHowToLogIn(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	i.metadata["issuer"] = i.URL + "/" // as tokens have it
	p := provider(i)
	p.Issuer, p.HeaderType, p.Audience = i.URL, "bearer+x", "kinto"
	s := service(t, p)
	capabilities, _ := s.hello(t, "")["capabilities"].(map[string]any)
	capability, _ := capabilities["openid"].(map[string]any)
	for _, name := range []string{"description", "url"} {
		if text, _ := capability[name].(string); text == "" {
			t.Errorf("it has no %s: %v", name, capability)
		}
	}
	want := []any{map[string]any{
		"name": "acme", "issuer": i.URL + "/", "auth_path": "/openid/acme/login", "client_id": clientID, "audience": "kinto",
		"header_type": "bearer+x", "userinfo_endpoint": i.URL + "/userinfo",
	}}
	if got := capability["providers"]; !reflect.DeepEqual(got, want) {
		t.Errorf("providers: got %v, want %v", got, want)
	}
	var described struct {
		SecurityDefinitions map[string]struct{ Type, AuthorizationURL string }
	}
	_, _, body := s.get(t, "/__api__", "")
	if err := json.Unmarshal(body, &described); err != nil {
		t.Fatal(err)
	}
	if got := described.SecurityDefinitions["acme"]; got.Type != "oauth2" || got.AuthorizationURL != i.URL+"/authorize" {
		t.Errorf("described: got %+v", got)
	}
	status, header, _ := s.get(t, "/buckets/b", "")
	if got, want := header.Values("WWW-Authenticate"), `bearer+x realm="Realm"`; status != http.StatusUnauthorized || len(got) != 2 || got[0] != want {
		t.Errorf("anonymous: got %d %q, want %q", status, got, want)
	}
	status, header, _ = s.get(t, "/openid/acme/login?callback=https://app.example.org/&scope=openid", "")
	if got := location(t, header); status != http.StatusTemporaryRedirect || got.Path != "/authorize" {
		t.Errorf("login: got %d to %s", status, got)
	}
}
