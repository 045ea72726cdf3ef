// Package kintotest runs Kinto for the tests of its plug-ins. Any other service, and what makes requests, is in package
// servertest.
package kintotest

import (
	"slices"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/accounts"
	"github.com/kintolog/kintolog/kinto/history"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

// Start runs Kinto with accounts, history and the plug-in, until the test ends. Who is authenticated may create buckets, and
// everybody list permissions if the plug-in does that; grants are written "bucket_read: account:alice".
func Start(t testing.TB, plugin server.Plugin, grants ...string) *server.Server {
	t.Helper()
	policy := domain.Policy{Grants: map[string][]string{
		"bucket_create": {domain.Authenticated}, "account_create": {domain.Everyone},
	}}
	if slices.Contains(plugin.Grants, "permissions_read") {
		policy.Grants["permissions_read"] = []string{domain.Everyone}
	}
	for _, grant := range grants {
		name, principals, _ := strings.Cut(grant, ": ")
		policy.Grants[name] = strings.Fields(principals)
	}
	withAccounts, _ := accounts.New(accounts.Options{Secret: "secret", Cost: 4})
	app := server.App{
		Name: "kinto", Resources: kinto.Resources(), Policy: policy,
		Plugins:        []server.Plugin{withAccounts, history.New(history.Options{}), plugin},
		Authenticators: []server.Authentication{server.Static(servertest.Users("account"))},
	}
	return servertest.Open(t, app, server.Config{})
}
