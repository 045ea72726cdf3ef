package program

import (
	_ "embed"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/openapi"
)

//go:embed contribute.json
var contribute []byte

// security is how callers identify themselves with a password, by the names of the policies. The plug-in for OpenID
// tells the others.
func security(s *config.Settings) map[string]openapi.Scheme {
	all := map[string]openapi.Scheme{}
	for _, p := range s.Auth.Policies {
		if p.Kind != config.OpenID {
			all[p.Name] = openapi.Scheme{}
		}
	}
	return all
}
