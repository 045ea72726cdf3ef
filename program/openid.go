package program

import (
	"time"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/kinto/openid"
	"github.com/kintolog/kintolog/server"
)

// openID makes the plug-in for the policies of that kind, and by name the authentication of each.
func openID(a config.Auth) (server.Plugin, map[string]server.Authentication) {
	options := openid.Options{Secret: a.UserIDSecret.Reveal()}
	for _, p := range a.Policies {
		if p.Kind != config.OpenID {
			continue
		}
		options.Providers = append(options.Providers, openid.Provider{
			Name: p.Name, Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSecret.Reveal(), Audience: p.Audience,
			HeaderType: p.HeaderType, UserIDField: p.UserIDField, Realm: p.Realm,
			StateLength: p.StateLength, CallbackOrigins: p.CallbackOrigins,
			// A second is the least that the cache knows; zero would be the default.
			VerificationTTL: max(p.VerificationTTL, time.Second), StateTTL: max(p.StateTTL, time.Second),
		})
	}
	return openid.New(options)
}
