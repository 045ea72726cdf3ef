package openid

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/sirupsen/logrus"
	"golang.org/x/oauth2"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// bearer recognises the users of one provider by the tokens that they bear.
type bearer struct {
	*provider
	others []*provider // of the same service and scheme
	cache  domain.Cache
	log    *logrus.Logger
}

var _ web.Authenticator = bearer{}

// authentication is that of the users of the named provider.
func (d *directory) authentication(name string) server.Authentication {
	return func(parts server.Parts) (web.Authenticator, error) {
		providers, err := d.providers()
		if err != nil {
			return nil, err
		}
		return newBearer(parts, name, providers)
	}
}

func newBearer(parts server.Parts, name string, providers []*provider) (bearer, error) {
	b := bearer{cache: parts.Cache, log: parts.Config.Logger}
	for _, p := range providers {
		if p.Name == name {
			b.provider = p
		}
	}
	if b.provider == nil {
		return bearer{}, fmt.Errorf("there is no OpenID provider %s", name)
	}
	for _, p := range providers {
		if p != b.provider && strings.EqualFold(p.HeaderType, b.HeaderType) {
			b.others = append(b.others, p)
		}
	}
	return b, nil
}

// Authenticate returns the id of the user whose token the request bears, "" if the provider does not vouch for
// it. The error is one of the cache or of the request's context.
func (b bearer) Authenticate(r *http.Request) (string, error) {
	token := b.token(r.Header)
	if token == "" {
		return "", nil
	}
	profile, err := b.profile(r.Context(), token)
	if err != nil || profile == nil {
		return "", err
	}
	return b.userID(profile), nil
}

// Challenge implements [web.Authenticator].
func (b bearer) Challenge() string { return fmt.Sprintf("%s realm=%q", b.HeaderType, b.Realm) }

// profile returns what the provider tells of the bearer of a token, nil if it does not accept the token.
func (b bearer) profile(ctx context.Context, token string) (jsontext.Value, error) {
	key := b.key(token)
	profile, known, err := b.cache.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("look up a verified token: %w", err)
	}
	if !known {
		if others, err := b.knownToOthers(ctx, token); others || err != nil {
			return nil, err
		}
		if profile, err = b.verify(ctx, key, token); profile == nil {
			return nil, err
		}
	}
	if err := b.cache.Set(ctx, key, profile, b.VerificationTTL); err != nil {
		b.log.WithError(err).Warn("a verified token is not remembered")
	}
	return profile, nil
}

// knownToOthers tells whether the token is one that another provider accepted lately, so that each of its uses need
// not be a question to all the providers before it.
func (b bearer) knownToOthers(ctx context.Context, token string) (bool, error) {
	for _, p := range b.others {
		if _, known, err := b.cache.Get(ctx, p.key(token)); known || err != nil {
			return known, err
		}
	}
	return false, nil
}

// verify asks the provider about a token, once for all who ask at the same time, and to the end even if they
// leave. It returns nil if the token is not accepted, and for an error that of ctx.
func (b bearer) verify(ctx context.Context, key, token string) (jsontext.Value, error) {
	answers := b.asking.DoChan(key, func() (any, error) {
		profile, err := b.ask(context.WithoutCancel(ctx), token)
		if err != nil {
			b.log.WithError(brief{err, token}).WithField("provider", b.Name).Info("token not accepted")
		}
		return profile, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case answer := <-answers:
		return answer.Val.(jsontext.Value), nil
	}
}

var errNoObject = errors.New("the profile is not a JSON object")

// ask verifies that a token is for the audience, if there is one, and fetches the profile of its bearer.
func (p *provider) ask(ctx context.Context, token string) (jsontext.Value, error) {
	ctx = oidc.ClientContext(ctx, p.client)
	if p.tokens != nil {
		if _, err := p.tokens.Verify(ctx, token); err != nil {
			return nil, fmt.Errorf("verify the token: %w", err)
		}
	}
	info, err := p.remote.UserInfo(ctx, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}))
	if err != nil {
		return nil, fmt.Errorf("fetch the profile: %w", err)
	}
	var profile jsontext.Value
	if err := info.Claims(&profile); err != nil || !profile.IsValid() || profile.Kind() != '{' {
		return nil, errNoObject
	}
	return profile, nil
}

// token is the one in the Authorization header, "" if there is none for this provider.
func (p *provider) token(h http.Header) string {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, p.HeaderType) {
		return ""
	}
	return strings.TrimSpace(token)
}

// key is what the profile of a token's bearer is remembered under. It does not reveal the token.
func (p *provider) key(token string) string {
	mac := hmac.New(sha256.New, []byte(p.secret))
	mac.Write([]byte(p.Issuer + ":" + p.ClientID + ":" + p.Audience + ":" + token)) // never fails
	return "openid:verify:" + hex.EncodeToString(mac.Sum(nil))
}

// userID is the id of the user with a profile, "" if the profile does not tell it.
func (p *provider) userID(profile jsontext.Value) string {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(profile, &members); err != nil {
		return ""
	}
	var id string
	switch value := members[p.UserIDField]; value.Kind() {
	case '"':
		_ = json.Unmarshal(value, &id) // which is valid
	case '0':
		id = string(value)
	}
	if id == "" {
		return ""
	}
	return p.Name + ":" + id
}

// user adds the profile to what callers are told of themselves.
func (d *directory) user(parts server.Parts, r *web.Request) (map[string]any, error) {
	name, _, _ := strings.Cut(r.Caller.UserID, ":")
	providers, err := d.providers()
	if err != nil {
		return nil, err
	}
	b, err := newBearer(parts, name, providers)
	if err != nil {
		return nil, nil //nolint:nilerr // a user of another policy
	}
	profile, err := b.profile(r.Context(), b.token(r.Header))
	if err != nil {
		return nil, &domain.Error{Code: domain.Unavailable, Cause: err}
	}
	if profile == nil {
		return nil, nil
	}
	return map[string]any{"profile": profile}, nil
}
