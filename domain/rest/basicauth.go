package rest

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Basic are the credentials of an Authorization header of that scheme.
type Basic struct{ User, Password string }

// ParseBasic reads the value of an Authorization header: base64 of "user:password" in UTF-8, or else in latin-1
// (protocol 5.2). ok is false for anything else, and for an empty user, which both mean an anonymous caller.
func ParseBasic(authorization string) (credentials Basic, ok bool) {
	scheme, encoded, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return Basic{}, false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return Basic{}, false
	}
	user, password, found := strings.Cut(decodeText(raw), ":")
	if !found || user == "" {
		return Basic{}, false
	}
	return Basic{user, password}, true
}

// decodeText reads UTF-8, and what is not UTF-8 as latin-1.
func decodeText(raw []byte) string {
	if utf8.Valid(raw) {
		return string(raw)
	}
	text := make([]rune, len(raw))
	for i, c := range raw {
		text[i] = rune(c)
	}
	return string(text)
}

// BasicChallenge is the WWW-Authenticate header that asks for Basic credentials. The realm is "Realm" if it is empty.
func BasicChallenge(realm string) string {
	return fmt.Sprintf("Basic realm=%q", cmp.Or(realm, "Realm"))
}

// UserID is the id that the credentials stand for, without the prefix of a policy: the hexadecimal HMAC-SHA256 of both under the secret
// of the server. Any password makes a user of its own.
func (b Basic) UserID(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(b.User + ":" + b.Password)) // never fails
	return hex.EncodeToString(mac.Sum(nil))
}
