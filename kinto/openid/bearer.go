package openid

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/sirupsen/logrus"

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
	now    func() time.Time
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
	b := bearer{cache: parts.Cache, log: parts.Config.Logger, now: parts.Config.Now}
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
// it. The error is Unavailable if that cannot be found out, or that of the request's context.
func (b bearer) Authenticate(r *http.Request) (string, error) {
	token := b.token(r.Header)
	if token == "" {
		return "", nil
	}
	profile, err := b.profile(r.Context(), token)
	if err != nil && b.acceptedByOthers(r.Context(), token) {
		return "", nil
	}
	if err != nil || profile == nil {
		return "", err
	}
	id, _ := b.userID(profile)
	return id, nil
}

// Challenge implements [web.Authenticator].
func (b bearer) Challenge() string { return fmt.Sprintf("%s realm=%q", b.HeaderType, b.Realm) }

// profile returns what the provider tells of the bearer of a token, nil if it does not accept the token.
func (b bearer) profile(ctx context.Context, token string) (jsontext.Value, error) {
	now := b.now()
	left := b.VerificationTTL
	if end, ok := expiry(token); ok {
		left = min(left, end.Sub(now))
	}
	if left <= 0 {
		return nil, nil
	}
	key := b.key(token)
	profile, known, err := b.cache.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("look up a verified token: %w", err)
	}
	if known || b.refused.has(key, now) {
		return profile, nil
	}
	if others, err := b.knownToOthers(ctx, token); others || err != nil {
		return nil, err
	}
	return b.verify(ctx, key, token, left)
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

// acceptedByOthers asks the other providers about a token whose own might be away.
func (b bearer) acceptedByOthers(ctx context.Context, token string) bool {
	return ctx.Err() == nil && slices.ContainsFunc(b.others, func(p *provider) bool {
		profile, err := bearer{provider: p, cache: b.cache, log: b.log, now: b.now}.profile(ctx, token)
		return err == nil && profile != nil
	})
}

// verify asks the provider about a token, once for all who ask at the same time, and to the end even if they
// leave, and remembers the answer: for as long as left if the token is accepted. It returns nil if it is not.
func (b bearer) verify(ctx context.Context, key, token string, left time.Duration) (jsontext.Value, error) {
	answers := b.asking.DoChan(key, func() (any, error) {
		ctx := context.WithoutCancel(ctx)
		profile, err := b.ask(ctx, token, b.now())
		switch _, rejected := errors.AsType[rejection](err); {
		case rejected:
			b.refused.add(key, b.now())
			b.log.WithError(brief{err, token}).WithField("provider", b.Name).Info("token not accepted")
			return jsontext.Value(nil), nil
		case err != nil:
			return nil, &domain.Error{Code: domain.Unavailable, Cause: fmt.Errorf("ask %s about a token: %w", b.Name, brief{err, token})}
		}
		if err := b.cache.Set(ctx, key, profile, left); err != nil {
			b.log.WithError(err).Warn("a verified token is not remembered")
		}
		return profile, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case answer := <-answers:
		profile, _ := answer.Val.(jsontext.Value)
		return profile, answer.Err
	}
}

// rejection is why a token is not accepted.
type rejection struct{ error }

// ask verifies that a token is for the audience, if there is one, and fetches the profile of its bearer. An error that
// is no rejection means that it could not find out.
func (p *provider) ask(ctx context.Context, token string, now time.Time) (jsontext.Value, error) {
	if p.Audience != "" {
		if err := p.verifyAudience(ctx, token, now); err != nil {
			return nil, err
		}
	}
	profile, err := p.client.get(ctx, p.remote.UserInfoEndpoint(), token)
	if err != nil {
		return nil, fmt.Errorf("fetch the profile: %w", err)
	}
	if profile.code != http.StatusOK {
		err := fmt.Errorf("fetch the profile: %s: %s", profile.status, profile.text)
		if profile.refuses() {
			return nil, rejection{err}
		}
		return nil, err
	}
	if kind, _, _ := mime.ParseMediaType(profile.kind); kind == "application/jwt" {
		if profile.text, err = p.keys.payload(ctx, now, string(profile.text)); err != nil {
			return nil, fmt.Errorf("verify the profile: %w", err)
		}
	}
	if !profile.isObject() {
		return nil, errors.New("the profile is not a JSON object")
	}
	if _, err := p.userID(profile.text); err != nil {
		return nil, rejection{err}
	}
	return profile.text, nil
}

// verifyAudience verifies that a token is a JWT of the issuer for the audience, and that it is its time.
func (p *provider) verifyAudience(ctx context.Context, token string, now time.Time) error {
	by := &signer{keys: p.keys, now: now}
	_, err := oidc.NewVerifier(p.called, by, &oidc.Config{
		ClientID: p.Audience, SupportedSigningAlgs: p.algorithms, Now: func() time.Time { return now },
	}).Verify(ctx, token)
	switch {
	case by.failed != nil:
		return fmt.Errorf("verify the token: %w", by.failed)
	case err != nil:
		return rejection{fmt.Errorf("verify the token: %w", err)}
	}
	return nil
}

// expiry is the moment from which on a token does not count, if it is a JWT and says so. Nobody has verified that: who
// shortens the time of a token has another token.
func expiry(token string) (end time.Time, ok bool) {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, isJWT := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || !isJWT {
		return time.Time{}, false
	}
	var claims struct {
		End *float64 `json:"exp"`
	}
	if json.Unmarshal(text, &claims) != nil || claims.End == nil {
		return time.Time{}, false
	}
	const latest = 1 << 40 // seconds, tens of thousands of years
	return time.Unix(int64(max(0, min(*claims.End, latest))), 0), true
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

// userID is the id of the user with a profile. An error says why the profile does not tell it.
func (p *provider) userID(profile jsontext.Value) (string, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(profile, &members); err != nil {
		return "", err
	}
	var id string
	switch value := members[p.UserIDField]; value.Kind() {
	case '"':
		_ = json.Unmarshal(value, &id) // which is valid
	case '0':
		id = string(value)
	}
	user := p.Name + ":" + id
	if id == "" || !domain.ValidPrincipal(user) {
		return "", fmt.Errorf("the profile has no %s that can be the id of a user", p.UserIDField)
	}
	if verified, told := members["email_verified"]; p.UserIDField == "email" && told {
		if text := string(verified); text != "true" && text != `"true"` {
			return "", errors.New("the provider has not verified the e-mail address")
		}
	}
	return user, nil
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
