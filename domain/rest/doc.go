// Package rest is the HTTP dialect of the protocol as pure functions: it turns the parts of requests into what
// package domain understands, and errors and timestamps of the domain into the parts of responses.
//
// It has no handlers and does no I/O; of net/http it uses header types and constants alone. Everything that can be wrong with a
// request comes back as a *[domain.Error]. All functions are safe to call at the same time and none panics on any
// input.
//
// What is not here: routing, authentication by policies other than reading the header, and the decision what a
// request does (package domain).
//
// Start with [ParseQuery] for reads and [ParseBody] for writes; [Body] and [Status] are how each failure looks.
package rest
