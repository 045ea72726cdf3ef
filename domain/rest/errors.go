package rest

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// answer is how one kind of failure looks from outside.
type answer struct {
	status, errno int
	message       string
}

// answers is the one table of protocol 8.2 and 8.3.
var answers = map[domain.Code]answer{
	domain.Invalid:           {http.StatusBadRequest, 107, "The request is not valid."},
	domain.InvalidPost:       {http.StatusBadRequest, 109, "The posted data is not valid."},
	domain.Unauthenticated:   {http.StatusUnauthorized, 104, "Please authenticate yourself to use this endpoint."},
	domain.Forbidden:         {http.StatusForbidden, 121, "This user cannot access this resource."},
	domain.UnknownObject:     {http.StatusNotFound, 110, ""},
	domain.MissingResource:   {http.StatusNotFound, 111, "The resource you are looking for could not be found."},
	domain.UnknownVersion:    {http.StatusNotFound, 116, "The requested API version is not available on this server."},
	domain.MethodNotAllowed:  {http.StatusMethodNotAllowed, 115, "Method not allowed on this endpoint."},
	domain.NotAcceptable:     {http.StatusNotAcceptable, 107, "None of the accepted types can be served."},
	domain.UnsupportedType:   {http.StatusUnsupportedMediaType, 107, "The type of the body is not supported."},
	domain.Conflict:          {http.StatusConflict, 122, "Integrity constraint violated, please retry."},
	domain.PreconditionFails: {http.StatusPreconditionFailed, 114, "Resource was modified meanwhile"},
	domain.TooLarge:          {http.StatusRequestEntityTooLarge, 113, "The request is too large."},
	domain.HeadersTooLarge:   {http.StatusRequestHeaderFieldsTooLarge, 113, "The headers are too many, or too large."},
	domain.Unavailable: {
		http.StatusServiceUnavailable, 201,
		"Service temporary unavailable due to overloading or maintenance, please retry later.",
	},
	domain.Gone: {
		http.StatusGone, 202,
		"The service you are trying to connect no longer exists at this location.",
	},
	domain.Internal: internal,
}

var internal = answer{
	http.StatusInternalServerError, 999,
	"A programmatic error occurred, developers have been informed.",
}

func answerTo(code domain.Code) answer {
	if a, ok := answers[code]; ok {
		return a
	}
	return internal
}

// Status is the HTTP status of a failure; a code that is not in the table counts as Internal.
func Status(code domain.Code) int { return answerTo(code).status }

// Errno is the number that clients tell failures of one status apart by (protocol 8.2).
func Errno(code domain.Code) int { return answerTo(code).errno }

// Problem is the *domain.Error in err's chain, or an Internal one with err as its cause; nil for nil.
func Problem(err error) *domain.Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*domain.Error](err); ok {
		return e
	}
	return &domain.Error{Code: domain.Internal, Cause: err}
}

// Join makes one error of all, so that a client learns of everything that is wrong at once (protocol 2.1): an Invalid
// error with the details of every Invalid one. An error of another code, or without details, stands alone: the
// first such is returned. Late ones count if there are no others. nil if there is no error.
func Join(errs ...*domain.Error) *domain.Error {
	late := !slices.ContainsFunc(errs, func(e *domain.Error) bool { return e.Early() != nil })
	var details []domain.Detail
	for _, err := range errs {
		switch {
		case err == nil, err.Late && !late:
		case err.Code != domain.Invalid || len(err.Details) == 0:
			return err
		default:
			details = append(details, err.Details...)
		}
	}
	return invalid(details, late)
}

// invalid is the error with these details, nil if there are none.
func invalid(details []domain.Detail, late bool) *domain.Error {
	if details == nil {
		return nil
	}
	return &domain.Error{Code: domain.Invalid, Details: details, Late: late}
}

// maxDetails bounds how many faults of one part of a request are told.
const maxDetails = 100

// addDetail appends one more detail, unless enough are told already.
func addDetail(details []domain.Detail, d domain.Detail) []domain.Detail {
	if len(details) >= maxDetails {
		return details
	}
	return append(details, d)
}

// ErrorOptions are what the operator adds to errors.
type ErrorOptions struct {
	// Info is the URL shown with Internal errors; none if empty.
	Info string
	// RetryAfter is when to try again after Unavailable and Conflict, in seconds; no header if it is
	// not positive.
	RetryAfter int
}

// Headers sets the headers that belong to an error: ETag and Last-Modified, Retry-After. WWW-Authenticate is up to
// the caller, who knows the policies.
func Headers(h http.Header, err *domain.Error, opts ErrorOptions) {
	switch err.Code {
	case domain.PreconditionFails:
		if !err.Unseen {
			SetTimestamp(h, err.Timestamp)
		}
	case domain.Unavailable, domain.Conflict:
		if opts.RetryAfter > 0 {
			h.Set("Retry-After", strconv.Itoa(opts.RetryAfter))
		}
	}
}

// Body is the JSON that describes an error to clients (protocol 8.1, 8.4). Nothing of the cause, and of an
// Internal error nothing at all, is in it.
func Body(err *domain.Error, opts ErrorOptions) []byte {
	a := answerTo(err.Code)
	details := sorted(err.Details)
	b := make([]byte, 0, 256+len(err.Existing))
	b = strconv.AppendInt(append(b, `{"code":`...), int64(a.status), 10)
	b = strconv.AppendInt(append(b, `,"errno":`...), int64(errno(err, a)), 10)
	b = appendMember(b, "error", cmp.Or(err.Title, reason(a.status, details)))
	b = appendMember(b, "message", message(err, a, details))
	if a == internal {
		b = appendMember(b, "info", opts.Info)
	}
	return append(appendDetails(b, err, details), '}')
}

// errno is that of the code, or the one for errors that are not in the table.
func errno(err *domain.Error, a answer) int {
	if err.Title != "" {
		return internal.errno
	}
	return a.errno
}

// sorted orders details by the text of their names.
func sorted(details []domain.Detail) []domain.Detail {
	if len(details) < 2 {
		return details
	}
	details = slices.Clone(details)
	slices.SortStableFunc(details, func(a, b domain.Detail) int {
		return cmp.Compare(nameText(a.Name), nameText(b.Name))
	})
	return details
}

func nameText(name any) string {
	switch n := name.(type) {
	case nil:
		return "None"
	case string:
		return n
	default:
		return fmt.Sprint(n)
	}
}

func reason(status int, details []domain.Detail) string {
	if len(details) > 0 {
		return "Invalid parameters"
	}
	return http.StatusText(status)
}

// message is the sentence for people; empty if the details say it all.
func message(err *domain.Error, a answer, details []domain.Detail) string {
	switch {
	case a == internal:
		return a.message
	case err.Message != "":
		return err.Message
	case len(details) > 0:
		return sentence(details[0])
	case err.Resource != "" || err.Title != "":
		return ""
	default:
		return a.message
	}
}

// sentence sums up one detail.
func sentence(d domain.Detail) string {
	switch name := nameText(d.Name); {
	case d.Name == nil:
		return d.Location + ": " + d.Description
	case strings.Contains(d.Description, name):
		return d.Description
	default:
		return name + " in " + d.Location + ": " + d.Description
	}
}

func appendDetails(b []byte, err *domain.Error, details []domain.Detail) []byte {
	switch {
	case len(details) > 0:
		return appendDetailList(append(b, `,"details":`...), details)
	case err.Code == domain.PreconditionFails && len(err.Existing) > 0:
		b = append(append(b, `,"details":{"existing":`...), err.Existing...)
		return append(b, '}')
	case err.Resource != "" && Status(err.Code) == http.StatusNotFound:
		b = jsondoc.AppendQuote(append(b, `,"details":{"id":`...), err.ID)
		b = jsondoc.AppendQuote(append(b, `,"resource_name":`...), err.Resource)
		return append(b, '}')
	default:
		return b
	}
}

func appendDetailList(b []byte, details []domain.Detail) []byte {
	for i, d := range details {
		b = append(b, "[,"[min(i, 1)])
		b = jsondoc.AppendQuote(append(b, `{"location":`...), d.Location)
		b = appendName(append(b, `,"name":`...), d.Name)
		b = appendMember(b, "description", d.Description)
		if d.Errno != 0 {
			b = strconv.AppendInt(append(b, `,"errno":`...), int64(d.Errno), 10)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendName(b []byte, name any) []byte {
	switch n := name.(type) {
	case nil:
		return append(b, "null"...)
	case int:
		return strconv.AppendInt(b, int64(n), 10)
	default:
		return jsondoc.AppendQuote(b, nameText(name))
	}
}

// appendMember appends one more member with a text, unless it is empty.
func appendMember(b []byte, name, text string) []byte {
	if text == "" {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return jsondoc.AppendQuote(b, text)
}
