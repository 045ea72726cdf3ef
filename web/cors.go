package web

import (
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain"
)

// origins are globs of those that browsers may call from.
type origins []string

func newOrigins(globs []string) origins { return globs }

func (o origins) all() bool { return slices.Contains(o, "*") }

// allow is the value of Access-Control-Allow-Origin, "" if the origin may not call.
func (o origins) allow(origin string) string {
	if o.all() {
		return "*"
	}
	for _, glob := range o {
		if ok, err := path.Match(glob, origin); ok && err == nil {
			return origin
		}
	}
	return ""
}

// exposedHeaders are those that scripts may read in an answer (protocol 2.8).
func exposedHeaders(kind Kind, method string) []string {
	exposed := []string{"Backoff", "Retry-After", "Alert", "Content-Length", "Content-Type"}
	if kind != Utility && isRead(method) {
		exposed = append(exposed, "Last-Modified", "ETag", "Cache-Control", "Expires", "Pragma")
		if kind == PluralEndpoint {
			exposed = append(exposed, "Next-Page")
		}
		if kind == PluralEndpoint && method == http.MethodHead {
			exposed = append(exposed, "Total-Objects", "Total-Records")
		}
	}
	return exposed
}

// allowOrigin answers to the origin of a request, if it has one.
func (x *exchange) allowOrigin() error {
	origin := x.Header["Origin"]
	if len(origin) == 0 {
		return nil
	}
	allowed := x.frame.origins.allow(origin[0])
	if allowed == "" {
		return domain.Invalidf(domain.InHeader, "Origin", "%s not allowed", origin[0])
	}
	x.answer.Header()["Access-Control-Allow-Origin"] = []string{allowed}
	return nil
}

var baseExposed = strings.Join(exposedHeaders(Utility, http.MethodGet), ", ")

// exposeNothingSpecial is for answers that are not of an endpoint.
func (x *exchange) exposeNothingSpecial() {
	h := x.answer.Header()
	h["Access-Control-Expose-Headers"] = []string{baseExposed}
	origin := x.Header.Get("Origin")
	switch {
	case origin == "":
	case x.frame.origins.all():
		h["Access-Control-Allow-Origin"] = []string{"*"}
	case slices.Contains(x.frame.origins, origin):
		h["Access-Control-Allow-Origin"] = []string{origin}
	}
}

// preflight answers OPTIONS for a browser that asks what it may do.
func (x *exchange) preflight(r *route) error {
	method := x.Header.Get("Access-Control-Request-Method")
	for _, name := range []string{"Origin", "Access-Control-Request-Method"} {
		if x.Header.Get(name) == "" {
			return domain.Invalidf(domain.InHeader, name, "this header is mandatory")
		}
	}
	if err := x.allowOrigin(); err != nil {
		return err
	}
	if !slices.Contains(r.names, method) {
		return domain.Invalidf(domain.InHeader, "Access-Control-Request-Method", "Method not allowed")
	}
	h := x.answer.Header()
	h.Set("Access-Control-Allow-Methods", strings.Join(r.names, ","))
	h.Set("Access-Control-Allow-Headers", strings.Join(r.allowedHeaders(x.Header), ","))
	if seconds := x.frame.config.PreflightMaxAge; seconds >= 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(seconds))
	}
	h["Content-Type"] = jsonType
	x.answer.WriteHeader(http.StatusOK)
	_, _ = x.answer.Write([]byte("null"))
	return nil
}

// allowedHeaders are all that a script may send: those it may read, and whatever it asks for.
func (r *route) allowedHeaders(h http.Header) []string {
	method := http.MethodGet
	if r.methods[http.MethodHead] != nil {
		method = http.MethodHead
	}
	allowed := exposedHeaders(r.Kind, method)
	for asked := range strings.SplitSeq(h.Get("Access-Control-Request-Headers"), ",") {
		if asked = strings.TrimSpace(asked); asked != "" {
			allowed = append(allowed, asked)
		}
	}
	return allowed
}
