package idempotency

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/web"
)

// Header is the one of a request that names an intended write, and Replayed, with the value "true", that of an answer
// that was given before.
const (
	Header   = "Idempotency-Key"
	Replayed = "Idempotency-Replayed"
)

// keyOf is the key of a request that has the header.
func (l Limits) keyOf(h http.Header) (string, error) {
	given := h[Header]
	if len(given) != 1 || !l.valid(given[0]) {
		return "", domain.Invalidf(domain.InHeader, Header, "must be one key of 1 to %d visible ASCII characters", l.Key)
	}
	return given[0], nil
}

func (l Limits) valid(key string) bool {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return key != "" && len(key) <= l.Key
}

// idOf is the id under which the answer to a caller's request with a key is kept.
func idOf(c domain.Caller, key string) string {
	if c.Anonymous() {
		return digest("anonymous", key)
	}
	return digest("user", c.UserID, key)
}

// fingerprint is the same for two requests with a key if they ask for the same. The content is what the body says. As the key is
// not kept, nobody can try from what is kept which password a body had.
func fingerprint(r *web.Request, key string, content ...string) string {
	parts := append([]string{key, r.Method, r.URL.EscapedPath(), r.URL.RawQuery}, content...)
	for _, name := range decisive {
		parts = append(parts, r.Header.Get(name))
	}
	return digest(parts...)
}

// decisive are the headers, beside the type of the body, that change what a write does or is answered.
var decisive = []string{"If-Match", "If-None-Match", "Response-Behavior", "Kintolog-Batch"}

// digest is a hash of texts, none of which can be taken for a part of another.
func digest(parts ...string) string {
	all := sha256.New()
	for _, part := range parts {
		one := sha256.Sum256([]byte(part))
		all.Write(one[:])
	}
	return hex.EncodeToString(all.Sum(nil))
}
