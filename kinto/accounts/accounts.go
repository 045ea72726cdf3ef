package accounts

import (
	"cmp"
	"runtime"
	"slices"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
)

// Prefix of the ids of users: the account alice is the user "account:alice", whatever the policy is called.
const Prefix = "account:"

// Options of the plug-in.
type Options struct {
	// Secret keys what is remembered of passwords (userid_hmac_secret).
	Secret string
	// Realm is told to clients without credentials. Default "Realm".
	Realm string
	// TTL is for how long a password that was found right is remembered after its last use. Default 30 s.
	TTL time.Duration
	// Cost of a hash, as bcrypt counts it. Default 12.
	Cost int
	// Concurrency is how many passwords are hashed at the same time, each on a processor of its own for about a
	// quarter of a second. Default half of the processors, at least one.
	Concurrency int
}

// New makes the plug-in and the authentication that goes with it.
func New(o Options) (server.Plugin, server.Authentication) {
	o.TTL = cmp.Or(o.TTL, 30*time.Second)
	h := newHasher(cmp.Or(o.Cost, 12), cmp.Or(o.Concurrency, max(1, runtime.GOMAXPROCS(0)/2)))
	plugin := server.Plugin{
		Name: "accounts",
		Capability: &server.Capability{
			Name:        "accounts",
			Description: "Manage user accounts.",
			URL:         "https://kinto.readthedocs.io/en/latest/api/1.x/accounts.html",
			Extra:       map[string]any{"validation_enabled": false},
		},
		Resources: []domain.Resource{h.resource()},
		Policy:    narrow,
		Before:    refuseAnonymousLists,
	}
	return plugin, authentication(o, h)
}

// narrow leaves in the grant to read all accounts those principals only who may also write them: with one of the two
// a user sees what is his own.
func narrow(p domain.Policy) domain.Policy {
	grants := make(map[string][]string, len(p.Grants))
	for name, principals := range p.Grants {
		if name == "account_read" {
			principals = slices.DeleteFunc(slices.Clone(principals), func(principal string) bool {
				return !slices.Contains(p.Grants["account_write"], principal)
			})
		}
		grants[name] = principals
	}
	p.Grants = grants
	return p
}
