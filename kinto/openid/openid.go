package openid

import (
	"cmp"
	"errors"
	"time"

	"github.com/kintolog/kintolog/server"
)

// Provider is an OpenID provider, and how its users are recognised. Name, Issuer and ClientID are required.
type Provider struct {
	// Name is that of the policy, and of no other: it is in the paths of the login, and begins the ids of users.
	Name string
	// Issuer is the URL below which the provider describes itself, at .well-known/openid-configuration.
	Issuer string
	// ClientID and ClientSecret are what the provider knows the service by.
	ClientID, ClientSecret string
	// Audience, if set, makes it accept only those tokens that are JWTs of the issuer for this audience.
	Audience string
	// HeaderType is the scheme of the Authorization header, in any case. Default "Bearer".
	HeaderType string
	// UserIDField is the member of a profile that tells users apart. Default "sub". With "email", a profile whose
	// email_verified is anything but true is nobody's.
	UserIDField string
	// Realm is told to clients without credentials. Default "Realm".
	Realm string
	// VerificationTTL is for how long a verified token counts before the provider is asked again. One that is a JWT never
	// counts after its own end. Default 24 hours.
	VerificationTTL time.Duration
	// StateTTL is how long a login may take. Default one hour.
	StateTTL time.Duration
	// StateLength is how many random bytes a login is known by, at most 256. Default 32.
	StateLength int
	// CallbackOrigins are where logins may lead to, each a scheme, a host and perhaps a port, as in
	// "https://app.example.org". Default anywhere, also to who has made up the login to get at a token.
	CallbackOrigins []string
}

func (p Provider) withDefaults() Provider {
	p.HeaderType = cmp.Or(p.HeaderType, "Bearer")
	p.UserIDField = cmp.Or(p.UserIDField, "sub")
	p.Realm = cmp.Or(p.Realm, "Realm")
	p.VerificationTTL = cmp.Or(p.VerificationTTL, 24*time.Hour)
	p.StateTTL = cmp.Or(p.StateTTL, time.Hour)
	p.StateLength = cmp.Or(p.StateLength, 32)
	return p
}

// Options of the plug-in.
type Options struct {
	Providers []Provider
	// Secret keys what is remembered of tokens (userid_hmac_secret).
	Secret string
	// Timeout bounds each question to a provider, with the time that it waits for its turn. Default 10 s.
	Timeout time.Duration
}

// ErrDiscovery: a provider does not say how it is to be used.
var ErrDiscovery = errors.New("discover the OpenID provider")

// New makes the plug-in, which is the login and what clients are told of providers, and for each provider by name the
// authentication of its users, which works without the plug-in too.
//
// The providers are asked how they are to be used when a service opens, each issuer once; one that does not answer
// in time, or offers too little, is an error that keeps the service from opening. Later on, one that does not answer makes
// requests with tokens that it has not verified before fail as Unavailable.
func New(o Options) (server.Plugin, map[string]server.Authentication) {
	d := &directory{secret: o.Secret, client: newClient(cmp.Or(o.Timeout, 10*time.Second))}
	authentications := map[string]server.Authentication{}
	for _, p := range o.Providers {
		d.declared = append(d.declared, p.withDefaults())
		authentications[p.Name] = d.authentication(p.Name)
	}
	return server.Plugin{
		Name: "openid",
		Capability: &server.Capability{
			Name:        "openid",
			Description: "Log in with an OpenID provider.",
			URL:         "https://kinto.readthedocs.io/en/stable/api/1.x/authentication.html#openid-connect",
			Extra:       map[string]any{"providers": announcement{d}},
		},
		Endpoints: d.endpoints,
		Logins:    d.logins,
		User:      d.user,
	}, authentications
}
