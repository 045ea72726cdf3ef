package domain

import (
	"errors"
	"fmt"
)

// Code classifies what went wrong; package domain/rest maps each to one HTTP status and errno.
type Code string

// The codes.
const (
	Invalid           Code = "invalid"             // the request is not well formed or breaks a rule
	InvalidPost       Code = "invalid post"        // as Invalid, of what a form holds
	Unauthenticated   Code = "unauthenticated"     // anonymous, and not permitted
	Forbidden         Code = "forbidden"           // authenticated, and not permitted
	UnknownObject     Code = "unknown object"      // the object addressed is not there
	MissingResource   Code = "missing resource"    // its parent, or the URL, is not there
	UnknownVersion    Code = "unknown version"     // API version not served
	MethodNotAllowed  Code = "method not allowed"  // the endpoint is there, and does not have it
	NotAcceptable     Code = "not acceptable"      // Accept excludes JSON
	UnsupportedType   Code = "unsupported type"    // Content-Type not understood
	Conflict          Code = "conflict"            // an integrity rule would break: retry
	PreconditionFails Code = "precondition failed" // If-Match, If-None-Match
	TooLarge          Code = "too large"           // a limit on size is exceeded
	HeadersTooLarge   Code = "headers too large"   // or too many
	Unavailable       Code = "unavailable"         // for now: retry later
	Gone              Code = "gone"                // end of service
	Internal          Code = "internal"            // logged whole, shown as nothing
)

// Error is a failure that a client can act on.
type Error struct {
	Code Code
	// Message is for people. Empty chooses the standard text of the code.
	Message string
	// Title replaces the standard name of the failure. Such an error has no number of its own and no standard text.
	Title string
	// Details name each invalid input; only with Invalid, InvalidPost, NotAcceptable and UnsupportedType.
	Details []Detail
	// Existing is the object as it is (PreconditionFails); nil if there is none.
	Existing []byte
	// Timestamp is the current one of what a precondition was about (PreconditionFails).
	Timestamp Timestamp
	// Late tells that whether the object is there and the precondition holds comes first, as with what a well-formed query
	// string asks for (protocol 2.1).
	Late bool
	// Unseen tells that the caller may not see what the precondition was about: the Timestamp is not told.
	Unseen bool
	// Resource and ID say what is not there (UnknownObject, MissingResource).
	Resource, ID string
	// Permission that the caller lacks, and URI of what it is lacked on (Unauthenticated, Forbidden); for logs.
	Permission, URI string
	// Cause is what went wrong underneath; never shown to clients.
	Cause error
}

// Detail is one invalid input (protocol 8.4).
type Detail struct {
	Location    string // "body", "querystring", "header" or "path"
	Name        any    // string, int (an array index), or nil
	Description string
	Errno       int // a number of its own, beside that of the whole error; 0 for none
}

// Locations of a Detail.
const (
	InBody   = "body"
	InQuery  = "querystring"
	InHeader = "header"
	InPath   = "path"
)

// Error describes the failure for logs.
func (e *Error) Error() string {
	text := string(e.Code)
	switch {
	case e.Message != "":
		text += ": " + e.Message
	case len(e.Details) > 0:
		d := e.Details[0]
		text += fmt.Sprintf(": %s %v: %s", d.Location, d.Name, d.Description)
	case e.ID != "":
		text += fmt.Sprintf(": %s %q", e.Resource, e.ID)
	case e.Permission != "":
		text += fmt.Sprintf(": %s %s", e.Permission, e.URI)
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Early is the error, or nil if there is none or it is a Late one.
func (e *Error) Early() *Error {
	if e == nil || e.Late {
		return nil
	}
	return e
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Invalidf is an Invalid error with one detail.
func Invalidf(location string, name any, format string, args ...any) *Error {
	return &Error{Code: Invalid, Details: []Detail{
		{Location: location, Name: name, Description: fmt.Sprintf(format, args...)},
	}}
}

// CodeOf is the code of the first *Error in err's chain, "" for nil, and Internal otherwise.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}
