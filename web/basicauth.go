package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// BasicAuth takes any user name with any password for a user of its own (protocol 5.2).
type BasicAuth struct {
	// Name prefixes the user ids, in lower case. Default "basicauth".
	Name string
	// Secret keys the user ids: who does not know it cannot tell them from name and password.
	Secret string
}

// Authenticate returns the keyed hash of user name and password. It never fails.
func (b BasicAuth) Authenticate(r *http.Request) (string, error) {
	user, password, ok := basicAuth(r.Header)
	if !ok || user == "" {
		return "", nil
	}
	mac := hmac.New(sha256.New, []byte(b.Secret))
	mac.Write([]byte(user + ":" + password))
	name := strings.ToLower(b.Name)
	if name == "" {
		name = "basicauth"
	}
	return name + ":" + hex.EncodeToString(mac.Sum(nil)), nil
}

// Challenge implements Authenticator.
func (BasicAuth) Challenge() string { return `Basic realm="Realm"` }

var _ Authenticator = BasicAuth{}
