package program

import (
	"fmt"
	"time"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/kinto/accounts"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// authenticate gives the app the policies of the settings, in their order, and the plug-ins that come with them.
func authenticate(app *server.App, s *config.Settings) error {
	login, openIDs := openID(s.Auth)
	if s.Plugins.Has(config.PluginOpenID) && s.Auth.HasPolicy(config.OpenID) {
		app.Plugins = append(app.Plugins, login)
	}
	users, passwords := accounts.New(accounts.Options{
		// A second is the least that the cache knows; zero would be the default.
		Secret: string(s.Auth.UserIDSecret), TTL: max(s.Auth.AccountCacheTTL, time.Second), Realm: realm(s.Auth.Policies),
	})
	if s.Plugins.Has(config.PluginAccounts) {
		if err := accounts.Validate(kinds(s.Auth.Policies), s.Resources.Grants); err != nil {
			return fmt.Errorf("accounts: %w", err)
		}
		app.Plugins = append(app.Plugins, users)
	}
	for _, p := range s.Auth.Policies {
		switch p.Kind {
		case config.BasicAuth:
			app.Authenticators = append(app.Authenticators, server.Static(web.BasicAuth{
				Name: p.Name, Secret: string(s.Auth.UserIDSecret), Realm: p.Realm,
				WithoutSecret: true, // as Kinto; the settings warn of it
			}))
		case config.OpenID:
			app.Authenticators = append(app.Authenticators, openIDs[p.Name])
		case config.Accounts:
			if !s.Plugins.Has(config.PluginAccounts) {
				return fmt.Errorf("the policy %s needs kinto.plugins.accounts among the includes", p.Setting)
			}
			app.Authenticators = append(app.Authenticators, passwords)
		default:
			return fmt.Errorf("the policy %s is of a kind that there is none of: %s", p.Setting, p.Kind)
		}
	}
	return nil
}

// realm is that of the accounts policy, if there is one.
func realm(policies []config.Policy) string {
	for _, p := range policies {
		if p.Kind == config.Accounts {
			return p.Realm
		}
	}
	return ""
}

func kinds(policies []config.Policy) []string {
	var all []string
	for _, p := range policies {
		all = append(all, string(p.Kind))
	}
	return all
}
