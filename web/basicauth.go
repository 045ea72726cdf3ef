package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/kintolog/kintolog/domain/rest"
)

// BasicAuth takes any user name with any password for a user of its own (protocol 5.2).
type BasicAuth struct {
	// Name prefixes the user ids, in lower case. Default "basicauth".
	Name string
	// Secret keys the user ids: who does not know it cannot tell them from name and password. Required, unless WithoutSecret says
	// that whoever knows a user's id may test passwords against it.
	Secret        string
	WithoutSecret bool
	// Realm is told to clients without credentials. Default "Realm".
	Realm string
}

var _ Authenticator = BasicAuth{}

// Validate tells that the secret is missing.
func (b BasicAuth) Validate() error {
	if b.Secret == "" && !b.WithoutSecret {
		return errors.New("basic authentication needs a Secret: give a long random text, and keep it, because users have other ids with another one")
	}
	return nil
}

// Authenticate returns the keyed hash of user name and password. It never fails.
func (b BasicAuth) Authenticate(r *http.Request) (string, error) {
	credentials, ok := rest.ParseBasic(r.Header.Get("Authorization"))
	if !ok {
		return "", nil
	}
	name := strings.ToLower(b.Name)
	setDefault(&name, "basicauth")
	return name + ":" + credentials.UserID(b.Secret), nil
}

// Challenge implements [Authenticator].
func (b BasicAuth) Challenge() string { return rest.BasicChallenge(b.Realm) }
