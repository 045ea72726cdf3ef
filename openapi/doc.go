// Package openapi describes a service as an OpenAPI 2.0 document (protocol 6.6), made from its declared endpoints, so that
// it cannot tell of another API than the one that is served.
//
// It is not a validator, and serves nothing. Start with [New]. What the operations of resources look like is in
// resource.go; the other endpoints that are known by name are in utility.go.
package openapi
