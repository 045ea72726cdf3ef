package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// policy recognises the users of accounts.
type policy struct {
	accounts *lookup
	hasher   *hasher
	secret   []byte
	realm    string
	known    *memory
}

var _ web.Authenticator = (*policy)(nil)

func authentication(o Options, h *hasher) server.Authentication {
	return func(p server.Parts) (web.Authenticator, error) {
		known := newMemory(p.Cache, o.TTL, p.Config.Now, p.Config.Logger)
		return &policy{accounts: newLookup(p), hasher: h, secret: []byte(o.Secret), realm: o.Realm, known: known}, nil
	}
}

// Challenge implements [web.Authenticator].
func (p *policy) Challenge() string { return rest.BasicChallenge(p.realm) }

// Authenticate implements [web.Authenticator]. It fails if the read model cannot be asked, or if a password would
// wait too long for its turn to be hashed.
func (p *policy) Authenticate(r *http.Request) (string, error) {
	credentials, ok := rest.ParseBasic(r.Header.Get("Authorization"))
	if !ok || !ValidName(credentials.User) {
		return "", nil
	}
	is, err := p.recognises(r.Context(), credentials)
	if err != nil || !is {
		return "", err
	}
	return Prefix + credentials.User, nil
}

// recognises tells whether the credentials are those of an account. It refuses none by what it knows of the account from
// before, as another process may have changed it and told so.
func (p *policy) recognises(ctx context.Context, credentials rest.Basic) (bool, error) {
	hash, known, err := p.accounts.hashOf(ctx, credentials.User)
	if err != nil {
		return false, err
	}
	is, err := p.verify(ctx, credentials, hash)
	if is || err != nil || !known {
		return is, err
	}
	now, err := p.accounts.read(ctx, credentials.User)
	if err != nil || now == hash {
		return false, err
	}
	return p.verify(ctx, credentials, now)
}

// verify tells whether the password is that of the account. What is not remembered takes as long for an account
// that does not exist as for one that does.
func (p *policy) verify(ctx context.Context, credentials rest.Basic, hash string) (bool, error) {
	key := p.key(credentials.User)
	value := fact(key, credentials.Password, hash)
	recall := func() (is, ok bool) { return p.known.recall(ctx, key, value) }
	if is, ok := recall(); ok {
		return is, nil
	}
	is, err := p.hasher.matches(ctx, hash, credentials.Password, recall)
	if err != nil {
		return false, err
	}
	p.known.remember(ctx, key, value, is)
	return is, nil
}

// key is that under which the password of a user is remembered.
func (p *policy) key(user string) string { return mac(p.secret, "accounts:"+user+":verified") }

// fact says that a password and a hash were compared. It tells nothing about either, and is another one when the account
// has another password.
func fact(key, password, hash string) string {
	return mac([]byte(key), password) + mac([]byte(key), hash)
}

// mac is the HMAC-SHA256, in hexadecimal digits.
func mac(key []byte, message string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(message)) // never fails
	return hex.EncodeToString(m.Sum(nil))
}
