package config

import "time"

// Auth is how callers are recognised (protocol section 5).
type Auth struct {
	UserIDSecret Secret   // userid_hmac_secret; "", or for a newcomer that of LoadOrCreateSecret
	Policies     []Policy // multiauth.policies in the order in which they are tried; none
	// AccountCacheTTL is account_cache_ttl_seconds: how long a verified password is remembered; 30 s.
	AccountCacheTTL time.Duration
}

// PolicyKind says how a policy recognises callers.
type PolicyKind string

// The kinds of policies. Each has a name in Python too, which multiauth.policy.{n}.use may have.
const (
	BasicAuth PolicyKind = "basicauth"
	Accounts  PolicyKind = "accounts"
	OpenID    PolicyKind = "openid"
)

// Policy is one policy. Its settings are multiauth.policy.{n}.*.
type Policy struct {
	// Setting is what multiauth.policies calls it. Name is that in lower case; user ids begin with it, but
	// those of Accounts with "account" (see Prefix).
	Setting, Name string

	Kind  PolicyKind // use; basicauth for the policy basicauth
	Realm string     // realm; "Realm"

	// For OpenID only (protocol 5.4).
	Issuer          string        // issuer
	ClientID        string        // client_id
	ClientSecret    Secret        // client_secret; ""
	Audience        string        // audience; "" for not checked
	HeaderType      string        // header_type; "Bearer"
	UserIDField     string        // userid_field; "sub"
	VerificationTTL time.Duration // verification_ttl_seconds; 86400 s
	StateTTL        time.Duration // state_ttl_seconds; 3600 s
	StateLength     int           // state_length, bytes; 32
	CallbackOrigins []string      // callback_origins; none, which is any
}

// Prefix is what the ids of its users begin with, before the colon.
func (p Policy) Prefix() string {
	if p.Kind == Accounts {
		return "account"
	}
	return p.Name
}

// HasPolicy reports whether a policy of a kind is in use.
func (a Auth) HasPolicy(kind PolicyKind) bool { return a.position(kind) >= 0 }

// position is that of the first policy of a kind, or -1.
func (a Auth) position(kind PolicyKind) int {
	for i, policy := range a.Policies {
		if policy.Kind == kind {
			return i
		}
	}
	return -1
}
