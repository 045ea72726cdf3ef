// Package web is the HTTP frame that every endpoint of a service shares: routing, limits, who is calling,
// cross-origin rules, redirects, and errors as protocol section 8 wants them.
//
// An [Endpoint] is a path with one [Handler] for each method. Package readapi makes those that
// read a resource, package writeapi those that write it; services of one's own are declared in the same way.
// [New] joins endpoints into one http.Handler. How a request is read and an answer written, apart from what
// the frame does, is in package domain/rest, as pure functions.
package web

import (
	"net/http"

	"github.com/kintolog/kintolog/domain"
)

// Handler answers one request, or returns an error for the frame to answer. After writing to w it must return nil.
type Handler func(w http.ResponseWriter, r *Request) error

// Request is an HTTP request of which the frame has found out what it is about.
type Request struct {
	*http.Request
	Endpoint *Endpoint
	// Resource is the endpoint's, nil for a service that is none.
	Resource *domain.Resource
	// Plural is the plural endpoint addressed or the one that the object addressed is in; its path
	// without version prefix, decoded.
	Plural domain.Plural
	// URI is the object addressed, empty on a plural endpoint.
	URI domain.URI
	// Params are the decoded values of the named segments of the path.
	Params map[string]string
	Caller domain.Caller
	// ID identifies the request in logs and events.
	ID string
}

// Kind says what an endpoint is, which rules the headers of its answers.
type Kind int

// The kinds of endpoints.
const (
	Utility Kind = iota
	PluralEndpoint
	ObjectEndpoint
)

// Endpoint is a path with its methods.
type Endpoint struct {
	// Name identifies the endpoint in logs, metrics and the API description, such as "record-plural".
	Name string
	// Path without version prefix; segments in braces are parameters: "/buckets/{bucket}/groups".
	Path     string
	Kind     Kind
	Resource *domain.Resource
	// Methods in the order in which Allow lists them; OPTIONS is the frame's.
	Methods []Method
}

// Method is one method of an endpoint.
type Method struct {
	Name   string // "GET"
	Handle Handler
}

// Authenticator recognises callers by their credentials (protocol section 5).
type Authenticator interface {
	// Authenticate returns the prefixed user id, or "" if the request carries no credentials that it
	// accepts. Malformed credentials are not an error; an error means that it could not find out.
	Authenticate(r *http.Request) (userID string, err error)
	// Challenge is the value of WWW-Authenticate on a 401, "" for none.
	Challenge() string
}
