package openid_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/kinto/openid"
	"github.com/kintolog/kintolog/server"
)

// open asks the providers, as a service does when it opens.
func open(o openid.Options) error {
	plugin, _ := openid.New(o)
	_, err := plugin.Endpoints(server.Parts{Cache: newCache()})
	return err
}

func TestAServiceDoesNotOpenWithAProviderThatIsNotRight(t *testing.T) {
	t.Parallel()
	const wellKnown = "/.well-known/openid-configuration"
	status := func(status int) func(*idp) {
		return func(i *idp) {
			i.on(wellKnown, func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, strings.Repeat("long ", 1000), status)
			})
		}
	}
	lacking := func(name string) func(*idp) {
		return func(i *idp) { i.metadata[name] = "" }
	}
	for name, c := range map[string]struct {
		change func(*idp)
		want   string
	}{
		"down":         {func(i *idp) { i.Close() }, "connection refused"},
		"not found":    {status(http.StatusNotFound), "404 Not Found"},
		"no JSON":      {status(http.StatusOK), "decode"},
		"silent":       {func(i *idp) { i.on(wellKnown, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }) }, "exceeded"},
		"other issuer": {func(i *idp) { i.metadata["issuer"] = "https://evil.example.org" }, "did not match"},
		"no login":     {lacking("authorization_endpoint"), "has no authorization_endpoint"},
		"no tokens":    {lacking("token_endpoint"), "has no token_endpoint"},
		"no profiles":  {lacking("userinfo_endpoint"), "has no userinfo_endpoint"},
		"no keys":      {lacking("jwks_uri"), "has no jwks_uri"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIDP(t)
			c.change(i)
			p := provider(i)
			p.Audience = "kinto"
			err := open(openid.Options{Providers: []openid.Provider{p}, Timeout: 2 * time.Second})
			if err == nil {
				t.Fatal("it opens")
			}
			text := err.Error()
			for _, part := range []string{c.want, "acme", i.URL} {
				if !strings.Contains(text, part) {
					t.Errorf("got %q, want %q in it", text, part)
				}
			}
			if len(text) > 400 || strings.Contains(text, "\n") || strings.Contains(text, clientSecret) {
				t.Errorf("got %q, want a short line without secrets", text)
			}
		})
	}
}

func TestAnIssuerIsAskedOnceForAllItsPolicies(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	one, two := provider(i), provider(i)
	two.Name, two.Audience = "strict", "kinto"
	s := start(t, newCache(), one, two)
	if got := i.questions("/.well-known/openid-configuration"); got != 1 {
		t.Errorf("got %d questions, want 1", got)
	}
	token := i.sign(claims{"aud": "kinto"})
	i.knows(token, `{"sub":"alice"}`)
	if got, want := s.whoami(t, "Bearer "+token), "acme:alice"; got != want {
		t.Errorf("got %q, want %q: the first policy wins", got, want)
	}
}

func TestTwoProvidersDoNotShareAName(t *testing.T) {
	t.Parallel()
	i, j := newIDP(t), newIDP(t)
	err := open(openid.Options{Providers: []openid.Provider{provider(i), provider(j)}})
	if err == nil || !strings.Contains(err.Error(), "two OpenID providers are called acme") {
		t.Errorf("got %v, want that they are refused", err)
	}
}

func TestTheSlashAtTheEndOfAnIssuerDoesNotCount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ours, theirs string }{{"", "/"}, {"/", ""}, {"/", "/"}} {
		i := newIDP(t)
		i.metadata["issuer"] = i.URL + c.theirs
		p := provider(i)
		p.Issuer, p.Audience = i.URL+c.ours, "kinto"
		s := start(t, newCache(), p)
		token := i.sign(claims{"aud": "kinto", "iss": i.URL + c.theirs})
		i.knows(token, `{"sub":"alice"}`)
		if got, want := s.whoami(t, "Bearer "+token), "acme:alice"; got != want {
			t.Errorf("issuer%s where the provider says issuer%s: got %q, want %q", c.ours, c.theirs, got, want)
		}
	}
}

func TestAServiceOpensOnceItsProviderIsUp(t *testing.T) {
	t.Parallel()
	const wellKnown = "/.well-known/openid-configuration"
	i := newIDP(t)
	plugin, _ := openid.New(openid.Options{Providers: []openid.Provider{provider(i)}})
	i.on(wellKnown, http.NotFound)
	if _, err := plugin.Endpoints(server.Parts{}); err == nil {
		t.Error("it opens while the provider is down")
	}
	i.on(wellKnown, nil)
	if _, err := plugin.Endpoints(server.Parts{}); err != nil {
		t.Errorf("got %v, want it to open", err)
	}
}
