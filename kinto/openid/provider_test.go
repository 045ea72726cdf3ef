package openid_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	clientID     = "kinto-client"
	clientSecret = "the-client-secret"
)

// keyOf is a key that providers sign with; "one" unless said otherwise.
func keyOf(id string) *rsa.PrivateKey {
	return map[string]func() *rsa.PrivateKey{"one": keyOne, "two": keyTwo}[id]()
}

var keyOne, keyTwo = sync.OnceValue(newKey), sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// idp is an OpenID provider: people are logged in at once.
type idp struct {
	*httptest.Server

	mu       sync.Mutex
	metadata map[string]any              // replaces members of the description
	profiles map[string]string           // answers of userinfo, by token
	override map[string]http.HandlerFunc // replaces what is at a path
	codes    map[string]url.Values       // issued and not yet used, with the request for them
	asked    map[string]int              // requests by path
	keyIDs   []string                    // of the keys that it has
	issued   []string                    // codes and tokens, which must stay secret
}

func newIDP(t *testing.T) *idp {
	t.Helper()
	i := &idp{
		metadata: map[string]any{}, profiles: map[string]string{}, override: map[string]http.HandlerFunc{},
		codes: map[string]url.Values{}, asked: map[string]int{}, keyIDs: []string{"one"},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.describe)
	mux.HandleFunc("GET /jwks", i.keys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("GET /userinfo", i.userinfo)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.asked[r.URL.Path]++
		instead := i.override[r.URL.Path]
		i.mu.Unlock()
		if instead != nil {
			instead(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

// on replaces what the provider does at a path.
func (i *idp) on(path string, do http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.override[path] = do
}

// knows makes a token one whose bearer has the profile.
func (i *idp) knows(token, profile string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.profiles[token] = profile
}

// has makes the keys with the ids those of the provider.
func (i *idp) has(keyIDs ...string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keyIDs = keyIDs
}

// forget makes a token one that is not known.
func (i *idp) forget(token string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.profiles, token)
}

func (i *idp) questions(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked[path]
}

func (i *idp) describe(w http.ResponseWriter, _ *http.Request) {
	description := map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
		"userinfo_endpoint": i.URL + "/userinfo", "jwks_uri": i.URL + "/jwks",
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}
	maps.Copy(description, i.metadata)
	answer(w, http.StatusOK, description)
}

func (i *idp) keys(w http.ResponseWriter, _ *http.Request) {
	keys := []any{map[string]string{"kty": "unheard of", "kid": "odd"}}
	i.mu.Lock()
	for _, id := range i.keyIDs {
		keys = append(keys, jose.JSONWebKey{Key: &keyOf(id).PublicKey, KeyID: id, Algorithm: "RS256", Use: "sig"})
	}
	i.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"keys": keys})
}

// authorize sends the browser back with a code, as if the person had agreed.
func (i *idp) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("client_id") != clientID || query.Get("response_type") != "code" || query.Get("scope") == "" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.mu.Lock()
	i.codes[code] = query
	i.issued = append(i.issued, code, query.Get("state"))
	i.mu.Unlock()
	back := url.Values{"code": {code}, "state": {query.Get("state")}}
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (i *idp) token(w http.ResponseWriter, r *http.Request) {
	code := r.PostFormValue("code")
	i.mu.Lock()
	asked, known := i.codes[code]
	delete(i.codes, code)
	i.mu.Unlock()
	if !known || r.PostFormValue("client_id") != clientID || r.PostFormValue("client_secret") != clientSecret ||
		r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	access := i.sign(claims{"aud": asked.Get("audience")})
	i.knows(access, `{"sub":"alice","email":"alice@example.org"}`)
	i.mu.Lock()
	i.issued = append(i.issued, access)
	i.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": 3600, "id_token": i.sign(claims{"aud": clientID}),
	})
}

func (i *idp) userinfo(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	i.mu.Lock()
	profile, known := i.profiles[token]
	i.mu.Unlock()
	if !known {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token", "token": token})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(profile))
}

type claims map[string]any

// sign makes a token with the claims beside, or instead of, those of a good one.
func (i *idp) sign(own claims) string { return i.signBy("one", own) }

func (i *idp) signBy(keyID string, own claims) string {
	return signed(i.claims(own), jose.SigningKey{
		Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: keyOf(keyID), KeyID: keyID},
	})
}

func (i *idp) claims(own claims) claims {
	all := claims{"iss": i.URL, "sub": "alice", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(), "jti": rand.Text()}
	maps.Copy(all, own)
	return all
}

func signed(c claims, key jose.SigningKey) string {
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		panic(err)
	}
	token, err := jwt.Signed(signer).Claims(map[string]any(c)).Serialize()
	if err != nil {
		panic(err)
	}
	return token
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
