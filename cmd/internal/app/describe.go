package app

import (
	_ "embed"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/openapi"
)

//go:embed contribute.json
var contribute []byte

// security is how callers identify themselves, by the names of the policies.
func security(s *config.Settings) map[string]openapi.Scheme {
	all := map[string]openapi.Scheme{}
	for _, p := range s.Auth.Policies {
		scheme := openapi.Scheme{}
		if p.Kind == config.OpenID {
			scheme.Login = "/openid/" + p.Name + "/login"
		}
		all[p.Name] = scheme
	}
	return all
}
