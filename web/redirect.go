package web

import (
	"net/http"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

// pathOptions are what the config says about paths.
func (c *Config) pathOptions() rest.PathOptions {
	return rest.PathOptions{
		Prefix:         "/" + c.Version,
		RedirectPrefix: !c.VersionRedirect.Disabled,
		RedirectSlash:  !c.SlashRedirect.Disabled,
	}
}

// elsewhere leads on to another path, or is the error for the path that there was.
func (x *exchange) elsewhere(path string, err *domain.Error) error {
	x.unrouted()
	switch prefix := x.frame.paths.Prefix; {
	case err != nil:
		return err
	case path == prefix+"/" && x.URL.EscapedPath() == prefix:
		x.redirect(path, x.frame.config.SlashRedirect)
	case x.Method == http.MethodOptions:
		x.answer.WriteHeader(http.StatusOK)
	default:
		x.redirect(path, x.frame.config.VersionRedirect)
	}
	return nil
}

// strayed leads a path that no endpoint has on to the one without slashes at its end.
func (x *exchange) strayed(escaped string) error {
	x.unrouted()
	path, ok := rest.WithoutSlash(escaped, x.frame.paths)
	if !ok || x.Method == http.MethodOptions {
		return &domain.Error{Code: domain.MissingResource}
	}
	x.redirect(path, x.frame.config.SlashRedirect)
	return nil
}

// redirect sends the client on with method and body (protocol 2.11).
func (x *exchange) redirect(path string, r Redirect) {
	h := x.answer.Header()
	h["Location"] = []string{rest.Location(x.base, path, x.URL.RawQuery)}
	seconds := r.TTL
	if r.NoCache {
		seconds = 0
	}
	rest.SetCaching(h, seconds, x.frame.config.Now())
	x.answer.WriteHeader(http.StatusTemporaryRedirect)
}
