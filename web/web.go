// Package web is the HTTP frame that every endpoint of a service shares: routing, limits, who is calling,
// cross-origin rules, redirects, and errors as protocol section 8 wants them.
//
// An [Endpoint] is a path with one [Handler] for each method. Package readapi makes those that
// read a resource, package writeapi those that write it; services of one's own are declared in the same way.
// [New] joins endpoints into a [Frame], an http.Handler. How a request is read and an answer written, apart from what
// the frame does, is in package domain/rest, as pure functions.
//
// Start with exchange.go: it is the life of one request.
package web

import (
	"net/http"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

// Handler answers one request, or returns an error for the frame to answer. After writing to w it must return
// nil. The common headers are set already; a handler adds its own and may replace them.
type Handler func(w http.ResponseWriter, r *Request) error

// Kind says what an endpoint is, which rules the headers of its answers and what it accepts.
type Kind = rest.Kind

// The kinds of endpoints. Those of resources answer JSON alone (406) and take JSON alone (415).
const (
	Utility        = rest.Utility
	PluralEndpoint = rest.PluralEndpoint
	ObjectEndpoint = rest.ObjectEndpoint
)

// Endpoint is a path with its methods.
type Endpoint struct {
	// Name identifies the endpoint in logs, metrics and the API description, such as "record-plural".
	Name string
	// Path without version prefix; segments in braces are parameters: "/buckets/{bucket}/groups". At the end of that of
	// a utility, "/{name...}" takes all that follows, slashes and nothing included.
	// Where several match, the one with the fewest parameters answers, of these the one declared first, and one with
	// "{name...}" if no other does.
	Path string
	Kind Kind
	// Resource is the one that a plural or object endpoint serves; nil otherwise.
	Resource *domain.Resource
	// Methods in the order in which Allow lists them. HEAD is answered by GET if it is not declared; OPTIONS
	// is the frame's.
	Methods []Method
	// TakesJSON refuses bodies of another type than JSON with 415 on a utility, as on resources.
	TakesJSON bool
	// Stateful tells that a utility answers from what there is of resources: in a batch it sees the writes before it.
	Stateful bool
	// SecretQuery tells that query strings have secrets in them: none is logged.
	SecretQuery bool
	// Public spares the frame to find out who calls: Caller is anonymous.
	Public bool
}

// Method is one method of an endpoint.
type Method struct {
	Name   string // "GET"
	Handle Handler
	// Operation has members of the Operation Object by which OpenAPI 2.0 describes the method, such as "summary" or
	// "responses", in place of those that are made up.
	Operation map[string]any
}

// Authenticator recognises callers by their credentials (protocol section 5). It may be called
// concurrently.
type Authenticator interface {
	// Authenticate returns the prefixed user id, or "" if the request carries no credentials that it
	// accepts. Malformed credentials are not an error; an error means that it could not find out. An id that is not
	// domain.ValidPrincipal counts as "".
	Authenticate(r *http.Request) (userID string, err error)
	// Challenge is the value of WWW-Authenticate on a 401, "" for none.
	Challenge() string
}
