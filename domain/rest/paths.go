package rest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kintolog/kintolog/domain"
)

// PathOptions are what the operator decides about paths (protocol 2.11).
type PathOptions struct {
	Prefix         string // of every path, such as "/v1"
	RedirectPrefix bool   // send paths without prefix to the same with it
	RedirectSlash  bool   // send unknown paths that end in a slash to the same without it
}

// ResolvePath takes the version prefix from an escaped path. Exactly one of the results is set: the rest of the path, which starts with
// a slash; or the path to redirect to, for a path without prefix (OPTIONS is to be answered with 200 instead); or an
// UnknownVersion or MissingResource error.
func ResolvePath(escaped string, opts PathOptions) (path, redirect string, err *domain.Error) {
	rest, prefixed := strings.CutPrefix(escaped, opts.Prefix)
	missing := &domain.Error{Code: domain.MissingResource}
	switch {
	case prefixed && strings.HasPrefix(rest, "/"):
		return rest, "", nil
	case prefixed && rest == "" && opts.RedirectSlash:
		return "", opts.Prefix + "/", nil
	case prefixed:
		return "", "", missing
	case isVersioned(escaped):
		return "", "", &domain.Error{Code: domain.UnknownVersion}
	case !opts.RedirectPrefix || breaksLine(unescapePath(escaped)):
		return "", "", missing
	case !strings.HasPrefix(escaped, "/"):
		return "", opts.Prefix + "/" + escaped, nil
	default:
		return "", opts.Prefix + escaped, nil
	}
}

// isVersioned tells whether a path starts as one with a version prefix.
func isVersioned(path string) bool {
	return len(path) > 2 && path[:2] == "/v" && '0' <= path[2] && path[2] <= '9'
}

func breaksLine(text string) bool { return strings.ContainsAny(text, "\r\n") }

// WithoutSlash is where an escaped path with its prefix is redirected that no endpoint serves: the same without the slashes at its end. ok is
// false if it stays unknown.
func WithoutSlash(escaped string, opts PathOptions) (redirect string, ok bool) {
	trimmed := strings.TrimRight(escaped, "/")
	ok = opts.RedirectSlash && trimmed != escaped && strings.HasPrefix(trimmed, opts.Prefix+"/")
	if !ok {
		return "", false
	}
	return trimmed, true
}

// SplitPath decodes the segments of an escaped path that starts with a slash. What is not UTF-8, and segments that hold
// U+0000 or an escaped slash, are refused.
func SplitPath(escaped string) ([]string, *domain.Error) {
	segments := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	for i, segment := range segments {
		text := unescapePath(segment)
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00/") {
			return nil, &domain.Error{Code: domain.Invalid, Message: "Invalid URL path."}
		}
		segments[i] = text
	}
	return segments, nil
}

// unescapePath decodes %XX; a percent sign that starts no escape stands for itself.
func unescapePath(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	return unescape(strings.ReplaceAll(s, "+", "%2B"))
}

// Origin is the scheme and host of URLs in answers, without the default port.
func Origin(scheme, host string) string {
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + host
}

// Location is the absolute URL of an escaped path with the raw query of the request.
func Location(origin, path, rawQuery string) string {
	if rawQuery == "" {
		return origin + path
	}
	return origin + path + "?" + escapeQuery(rawQuery)
}

// SetCaching sets the headers that let an answer be kept for some seconds from now. 0 forbids to keep it, less sets
// nothing.
func SetCaching(h http.Header, seconds int, now time.Time) {
	switch {
	case seconds < 0:
		return
	case seconds == 0:
		h.Set("Cache-Control", "max-age=0, must-revalidate, no-cache, no-store")
		h.Set("Pragma", "no-cache")
	default:
		h.Set("Cache-Control", "max-age="+strconv.Itoa(seconds))
	}
	expires := now.Add(time.Duration(seconds) * time.Second)
	h.Set("Expires", expires.UTC().Format(http.TimeFormat))
}
