package openid

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/singleflight"
)

// signatures are the algorithms that are taken for safe: those with a key pair.
var signatures = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA,
}

const (
	// maxKeyAge is for how long keys are trusted without asking whether the issuer still has them.
	maxKeyAge = time.Hour
	// minKeyAge is how long an answer stands, whatever tokens say of other keys: anybody can make up such tokens.
	minKeyAge = 3 * time.Second
)

// keys are those that an issuer signs with, asked for when they are needed: a signature that none of them has made may
// be of a new one, and one that the issuer has withdrawn counts for maxKeyAge at most. It may be used concurrently.
type keys struct {
	url    string
	client client

	asking singleflight.Group
	mu     sync.Mutex
	last   keySet
}

// keySet is what is known of keys.
type keySet struct {
	keys  []jose.JSONWebKey
	at    time.Time // when the issuer was asked for these
	asked time.Time // when it was asked last
	err   error     // why it did not answer then
}

var errSignature = errors.New("no key of the issuer has made the signature")

// payload returns what a JWT says, if a key of the issuer has made its signature; errSignature if none has. Any other error
// means that it could not be found out.
func (k *keys) payload(ctx context.Context, now time.Time, token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, signatures)
	if err != nil {
		return nil, errSignature
	}
	known := k.known()
	if now.Sub(known.at) < maxKeyAge {
		if payload, ok := known.payload(signed); ok {
			return payload, nil
		}
	}
	if now.Sub(known.asked) >= minKeyAge {
		known = k.fetch(ctx, now)
	}
	if known.err != nil {
		return nil, fmt.Errorf("fetch the keys: %w", known.err)
	}
	if payload, ok := known.payload(signed); ok {
		return payload, nil
	}
	return nil, errSignature
}

func (k *keys) known() keySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last
}

// fetch asks the issuer, once for all who need it at the same time. If it does not answer, the keys remain those that they
// were.
func (k *keys) fetch(ctx context.Context, now time.Time) keySet {
	known, _, _ := k.asking.Do("", func() (any, error) {
		fetched, err := k.ask(ctx)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.last.asked, k.last.err = now, err
		if err == nil {
			k.last.keys, k.last.at = fetched, now
		}
		return k.last, nil
	})
	return known.(keySet)
}

// ask returns the keys that the issuer has now, but for those of kinds that are not known.
func (k *keys) ask(ctx context.Context) ([]jose.JSONWebKey, error) {
	set, err := k.client.get(ctx, k.url, "")
	if err != nil {
		return nil, err
	}
	var told struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(set.text, &told); err != nil || set.code != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s, without a set of keys", k.url, set.status)
	}
	var all []jose.JSONWebKey
	for _, one := range told.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(one) == nil {
			all = append(all, key)
		}
	}
	return all, nil
}

// payload is what was signed by one of the keys.
func (s keySet) payload(signed *jose.JSONWebSignature) ([]byte, bool) {
	id := signed.Signatures[0].Header.KeyID // it has one, since it is compact
	for _, key := range s.keys {
		if id != "" && id != key.KeyID {
			continue
		}
		if payload, err := signed.Verify(&key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// signer is the keys for the verification of one token. It implements [oidc.KeySet].
type signer struct {
	*keys

	now    time.Time
	failed error // why it could not be found out whether a signature is right
}

// VerifySignature implements [oidc.KeySet].
func (s *signer) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := s.payload(ctx, s.now, token)
	if err != nil && !errors.Is(err, errSignature) {
		s.failed = err
	}
	return payload, err
}
