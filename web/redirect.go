package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

// versioned tells whether the path has the version prefix, or none at all. Another version is an error.
func (x *exchange) versioned() (bool, error) {
	path := x.URL.Path
	switch {
	case strings.HasPrefix(path, "/"+x.frame.config.Version):
		return true, nil
	case len(path) > 2 && path[:2] == "/v" && '0' <= path[2] && path[2] <= '9':
		x.exposeNothingSpecial()
		return false, &domain.Error{Code: domain.UnknownVersion}
	}
	return false, nil
}

// addVersion leads a path without version prefix on to the one with it.
func (x *exchange) addVersion() error {
	c := &x.frame.config
	if c.VersionRedirect.Disabled || strings.ContainsAny(x.URL.Path, "\r\n") {
		return x.unknownURL()
	}
	if x.Method == http.MethodOptions {
		x.answer.WriteHeader(http.StatusOK)
		return nil
	}
	x.redirect("/"+c.Version+x.URL.EscapedPath(), c.VersionRedirect)
	return nil
}

// strayed leads a path that no endpoint has on to the one without slashes at its end, and the bare prefix to
// the one with a slash.
func (x *exchange) strayed() error {
	c := &x.frame.config
	path := x.URL.EscapedPath()
	bare := strings.TrimRight(path, "/")
	root := "/" + c.Version
	switch {
	case c.SlashRedirect.Disabled || x.Method == http.MethodOptions:
	case path == root:
		x.redirect(root+"/", c.SlashRedirect)
		return nil
	case bare != path && strings.HasPrefix(bare, root+"/"):
		x.redirect(bare, c.SlashRedirect)
		return nil
	}
	return x.unknownURL()
}

func (x *exchange) unknownURL() error {
	x.exposeNothingSpecial()
	return &domain.Error{Code: domain.MissingResource}
}

// redirect sends the client on with method and body (protocol 2.11).
func (x *exchange) redirect(path string, r Redirect) {
	if x.URL.RawQuery != "" {
		path += "?" + x.URL.RawQuery
	}
	x.exposeNothingSpecial()
	h := x.answer.Header()
	h.Set("Location", x.Absolute(path))
	switch {
	case r.NoCache:
		h.Set("Cache-Control", "no-cache, no-store")
	case r.TTL > 0:
		h.Set("Cache-Control", "max-age="+strconv.Itoa(r.TTL))
		expires := x.frame.config.Now().Add(time.Duration(r.TTL) * time.Second)
		h.Set("Expires", rest.LastModified(domain.TimestampOf(expires)))
	}
	x.answer.WriteHeader(http.StatusTemporaryRedirect)
}
