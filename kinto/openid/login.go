package openid

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/oauth2"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// login leads browsers to a provider and back.
type login struct {
	providers []*provider
	cache     domain.Cache
}

// endpoints are the two ends of a login.
func (d *directory) endpoints(parts server.Parts) ([]web.Endpoint, error) {
	providers, err := d.providers()
	if err != nil {
		return nil, err
	}
	l := login{providers, parts.Cache}
	get := func(handle web.Handler) []web.Method { return []web.Method{{Name: http.MethodGet, Handle: handle}} }
	return []web.Endpoint{
		{Name: "openid-login", Path: "/openid/{provider}/login", Public: true, Methods: get(l.begin)},
		{Name: "openid-token", Path: "/openid/{provider}/token", Public: true, SecretQuery: true, Methods: get(l.finish)},
	}, nil
}

// begin sends the browser to the provider, and remembers where it wants to be in the end.
func (l login) begin(w http.ResponseWriter, r *web.Request) error {
	p, unknown := l.provider(r)
	query := r.URL.Query()
	callback, noCallback := callback(query, p)
	scope, noScope := scope(query, p)
	options, noOptions := options(query, p)
	if err := rest.Join(unknown, noCallback, noScope, noOptions); err != nil {
		return err
	}
	state := make([]byte, p.StateLength)
	_, _ = rand.Read(state) // never fails
	token := hex.EncodeToString(state)
	if err := l.cache.Set(r.Context(), p.stateKey(token), []byte(callback), p.StateTTL); err != nil {
		return unavailable(fmt.Errorf("remember a login: %w", err))
	}
	oauth := p.oauth(returnTo(r))
	oauth.Scopes = []string{scope}
	redirect(w, r, oauth.AuthCodeURL(token, options...))
	return nil
}

// finish takes the code that the provider has sent the browser back with, and sends the browser with what it is
// exchanged for to where it wanted to be. If the provider says why there is no code, that is what it is sent with.
func (l login) finish(w http.ResponseWriter, r *web.Request) error {
	p, unknown := l.provider(r)
	query := r.URL.Query()
	refused := refusal(query)
	code, noCode := required(query, "code")
	if refused != nil {
		noCode = nil
	}
	state, noState := required(query, "state")
	if err := rest.Join(unknown, noCode, noState); err != nil {
		return err
	}
	callback, err := l.take(r.Context(), state, p)
	if err != nil {
		return err
	}
	if refused != nil {
		redirect(w, r, callback+refused.Encode())
		return nil
	}
	tokens, err := p.exchange(r.Context(), code, returnTo(r))
	if err != nil {
		return unavailable(fmt.Errorf("exchange a code for a token with %s: %w", p.Name, brief{err, code}))
	}
	redirect(w, r, callback+url.QueryEscape(base64.StdEncoding.EncodeToString(tokens)))
	return nil
}

func (l login) provider(r *web.Request) (*provider, *domain.Error) {
	name := r.Params["provider"]
	i := slices.IndexFunc(l.providers, func(p *provider) bool { return p.Name == name })
	if i < 0 {
		return nil, domain.Invalidf(domain.InPath, "provider", "Unknown provider '%s'", name)
	}
	return l.providers[i], nil
}

// refusal is why the provider has not logged the user in, in its words, nil if it has.
func refusal(query url.Values) url.Values {
	if query.Get("error") == "" {
		return nil
	}
	told := url.Values{}
	for _, name := range []string{"error", "error_description"} {
		if text := query.Get(name); text != "" {
			told.Set(name, text)
		}
	}
	return told
}

func required(query url.Values, name string) (string, *domain.Error) {
	value := query.Get(name)
	if value == "" {
		return "", domain.Invalidf(domain.InQuery, name, "Required")
	}
	return value, nil
}

// callback is where the browser wants to be in the end: an absolute URL, which an application on a device may have
// with a scheme of its own, and where logins may lead to. p is nil if it is not known.
func callback(query url.Values, p *provider) (string, *domain.Error) {
	const longest = 2048 // characters
	text, missing := required(query, "callback")
	if missing != nil {
		return "", missing
	}
	target, err := url.Parse(text)
	if err != nil || target.Scheme == "" || target.Host == "" || utf8.RuneCountInString(text) > longest {
		return "", domain.Invalidf(domain.InQuery, "callback", "Must be a URL")
	}
	origin := target.Scheme + "://" + strings.ToLower(target.Host)
	if p != nil && len(p.CallbackOrigins) > 0 && !slices.Contains(p.CallbackOrigins, origin) {
		return "", domain.Invalidf(domain.InQuery, "callback", "Must not lead to %s", origin)
	}
	return text, nil
}

// scope is what the provider is asked to tell. p is nil if it is not known.
func scope(query url.Values, p *provider) (string, *domain.Error) {
	scope, missing := required(query, "scope")
	if missing == nil && p != nil && p.UserIDField == "email" && !slices.Contains(strings.Fields(scope), "email") {
		return "", domain.Invalidf(domain.InQuery, "scope", "Provider %s requires 'email' scope", p.Name)
	}
	return scope, missing
}

// options are the parameters of a login that not every one has. p is nil if it is not known.
func options(query url.Values, p *provider) ([]oauth2.AuthCodeOption, *domain.Error) {
	var options []oauth2.AuthCodeOption
	switch prompt := query.Get("prompt"); prompt {
	case "":
	case "none":
		options = append(options, oauth2.SetAuthURLParam("prompt", prompt))
	default:
		return nil, domain.Invalidf(domain.InQuery, "prompt", `"%s" is not one of none`, prompt)
	}
	if p != nil && p.Audience != "" {
		options = append(options, oauth2.SetAuthURLParam("audience", p.Audience))
	}
	return options, nil
}

// stateKey is of one provider, so that none can end the logins that were begun with another one.
func (p *provider) stateKey(state string) string { return "openid:state:" + p.Name + ":" + state }

// take returns the callback of the login with a state, and ends the login.
func (l login) take(ctx context.Context, state string, p *provider) (string, error) {
	const invalidToken = 105
	var callback []byte
	found := false
	if len(state) == hex.EncodedLen(p.StateLength) {
		var err error
		if callback, found, err = l.cache.Take(ctx, p.stateKey(state)); err != nil {
			return "", unavailable(fmt.Errorf("look up a login: %w", err))
		}
	}
	if !found {
		return "", &domain.Error{Code: domain.Invalid, Details: []domain.Detail{
			{Location: domain.InQuery, Name: "state", Description: "Invalid state", Errno: invalidToken},
		}}
	}
	return string(callback), nil
}

// returnTo is where the provider sends browsers back to: beside the endpoint of the request.
func returnTo(r *web.Request) string { return r.Absolute(path.Dir(r.URL.EscapedPath()) + "/token") }

// exchange returns what the provider gives for a code, a JSON object: tokens, or why there are none.
func (p *provider) exchange(ctx context.Context, code, redirect string) (jsontext.Value, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "client_id": {p.ClientID}, "redirect_uri": {redirect},
	}
	if p.ClientSecret != "" {
		form.Set("client_secret", p.ClientSecret)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.remote.Endpoint().TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	given, err := p.client.ask(r)
	if err == nil && !given.isObject() {
		err = fmt.Errorf("%s, without a JSON object", given.status)
	}
	return given.text, err
}

// redirect sends the browser to a URL that nobody may keep.
func redirect(w http.ResponseWriter, r *web.Request, location string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r.Request, location, http.StatusTemporaryRedirect)
}

func unavailable(cause error) error { return &domain.Error{Code: domain.Unavailable, Cause: cause} }
