// Package openid lets people in whom an OpenID provider knows (protocol 5.4): it recognises callers by the access tokens
// of providers, and leads browsers through the login of one and back with such a token.
//
// It keeps no users and no sessions, and issues no tokens. What it has found out about a token, and the logins under
// way, are in the cache of the service, so that any process can continue what another one began.
//
// Anybody can send tokens that are made up. So a provider is asked a few questions at a time, once for all who ask the same, and
// not again for a while about a token that it has not accepted.
//
// Start with [New]. bearer.go is how a token is verified, login.go how one is obtained.
package openid
