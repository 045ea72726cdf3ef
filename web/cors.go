package web

import (
	"maps"
	"net/http"

	"github.com/kintolog/kintolog/domain/rest"
)

// vary tells caches that the answer depends on the origin of the request, where not all are welcome.
func (x *exchange) vary() {
	if x.frame.varies {
		x.answer.Header().Add("Vary", "Origin")
	}
}

// allowOrigin answers to the origin of a request, if it has one.
func (x *exchange) allowOrigin() error {
	x.vary()
	origin := x.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	allowed, err := x.frame.config.CORS.AllowOrigin(origin)
	if err != nil {
		return err
	}
	x.answer.Header()["Access-Control-Allow-Origin"] = []string{allowed}
	return nil
}

// unrouted sets the cross-origin headers of answers that are not of an endpoint.
func (x *exchange) unrouted() {
	x.vary()
	h := x.answer.Header()
	h["Access-Control-Expose-Headers"] = exposedUnrouted
	if allowed := x.frame.config.CORS.AllowUnrouted(x.Header.Get("Origin")); allowed != "" {
		h["Access-Control-Allow-Origin"] = []string{allowed}
	}
}

// exposedUnrouted is shared by all answers and never changed.
var exposedUnrouted = []string{rest.Exposed(rest.Utility, http.MethodGet)}

// preflight answers OPTIONS, with which a browser asks what it may do (protocol 2.8).
func (x *exchange) preflight(r *route) error {
	allowed, err := x.frame.config.CORS.Preflight(x.Header, r.Kind, r.names)
	if err != nil {
		return err
	}
	maps.Copy(x.answer.Header(), allowed)
	WriteDocument(&x.answer, http.StatusOK, []byte("null"))
	return nil
}
