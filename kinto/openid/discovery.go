package openid

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

// directory knows all providers of a service, and how each of them is to be used once it was asked. It may be used
// concurrently, by several services.
type directory struct {
	declared []Provider
	secret   string
	client   *http.Client

	mu    sync.Mutex
	found []*provider // in the order in which they were declared; nil before all of them were found
}

// provider is one that was asked.
type provider struct {
	Provider
	*issuer
	secret  string
	asking  singleflight.Group // questions about tokens that are under way, by what they are remembered under
	refused refusals
}

// issuer is what was found out about an issuer, for all the policies that have it.
type issuer struct {
	remote     *oidc.Provider
	called     string   // as it has it, perhaps with another slash at the end
	algorithms []string // those it signs with
	keys       *keys
	client     client
}

// providers asks those that were not asked yet, and returns all.
func (d *directory) providers() ([]*provider, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found != nil {
		return d.found, nil
	}
	found := make([]*provider, 0, len(d.declared))
	issuers, names := map[string]*issuer{}, map[string]bool{}
	for _, declared := range d.declared {
		if names[declared.Name] {
			return nil, fmt.Errorf("two OpenID providers are called %s: their users could not be told apart", declared.Name)
		}
		names[declared.Name] = true
		known := issuers[declared.Issuer]
		if known == nil {
			var err error
			if known, err = discover(d.client, declared.Issuer); err != nil {
				return nil, fmt.Errorf("%w %s at %s: %w", ErrDiscovery, declared.Name, declared.Issuer, brief{err, ""})
			}
			issuers[declared.Issuer] = known
		}
		p := &provider{Provider: declared, issuer: known, secret: d.secret}
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("the OpenID provider %s at %s %w", declared.Name, declared.Issuer, err)
		}
		found = append(found, p)
	}
	d.found = found
	return found, nil
}

// discover asks an issuer for its description. It may call itself by its URL with or without a slash at the end.
func discover(c *http.Client, url string) (*issuer, error) {
	ctx := oidc.ClientContext(context.Background(), c) // which has a timeout
	remote, err := oidc.NewProvider(ctx, url)
	if other, ok := errors.AsType[*oidc.IssuerMismatchError](err); ok && slashless(other.Discovered) == slashless(url) {
		remote, err = oidc.NewProvider(ctx, other.Discovered)
	}
	if err != nil {
		return nil, err
	}
	var told struct {
		Issuer     string   `json:"issuer"`
		Keys       string   `json:"jwks_uri"`
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
	}
	if err := remote.Claims(&told); err != nil {
		return nil, err
	}
	i := &issuer{remote: remote, called: told.Issuer, client: newIssuerClient(c)}
	i.keys = &keys{url: told.Keys, client: i.client}
	for _, a := range told.Algorithms {
		if slices.Contains(signatures, jose.SignatureAlgorithm(a)) {
			i.algorithms = append(i.algorithms, a)
		}
	}
	return i, nil
}

func slashless(url string) string { return strings.TrimSuffix(url, "/") }

// check tells whether the provider has all that is needed.
func (p *provider) check() error {
	for _, endpoint := range []struct {
		name, url string
		needed    bool
	}{
		{"authorization_endpoint", p.remote.Endpoint().AuthURL, true},
		{"token_endpoint", p.remote.Endpoint().TokenURL, true},
		{"userinfo_endpoint", p.remote.UserInfoEndpoint(), true},
		{"jwks_uri", p.keys.url, p.Audience != ""},
	} {
		if endpoint.needed && endpoint.url == "" {
			return fmt.Errorf("has no %s", endpoint.name)
		}
	}
	return nil
}

// oauth is how to log in, and come back to a URL.
func (p *provider) oauth(redirect string) *oauth2.Config {
	return &oauth2.Config{ClientID: p.ClientID, Endpoint: p.remote.Endpoint(), RedirectURL: redirect}
}

// logins are where the providers ask users.
func (d *directory) logins() (map[string]string, error) {
	providers, err := d.providers()
	all := map[string]string{}
	for _, p := range providers {
		all[p.Name] = p.remote.Endpoint().AuthURL
	}
	return all, err
}

// announcement is what clients are told of providers. They have been asked when a service is open.
type announcement struct{ *directory }

type announced struct {
	Name             string `json:"name"`
	Issuer           string `json:"issuer"`
	AuthPath         string `json:"auth_path"`
	ClientID         string `json:"client_id"`
	Audience         string `json:"audience"`
	HeaderType       string `json:"header_type"`
	UserInfoEndpoint string `json:"userinfo_endpoint"`
}

// MarshalJSON writes an array with a member for each provider.
func (a announcement) MarshalJSON() ([]byte, error) {
	providers, err := a.providers()
	if err != nil {
		return nil, err
	}
	all := make([]announced, len(providers))
	for i, p := range providers {
		all[i] = announced{
			Name: p.Name, Issuer: p.called, AuthPath: "/openid/" + p.Name + "/login", ClientID: p.ClientID,
			Audience: p.Audience, HeaderType: p.HeaderType, UserInfoEndpoint: p.remote.UserInfoEndpoint(),
		}
	}
	return json.Marshal(all)
}
