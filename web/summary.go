package web

import (
	"maps"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
)

// Summary is what there is to tell of a request that is answered.
type Summary struct {
	// Request as it was answered. Its Endpoint is nil if none was found or looked for.
	Request *Request
	// Status is that of the answer, 0 if there was none, as when an endpoint has hijacked the connection.
	Status int
	// Errno is the number of the error it was answered with (protocol 8.2), 0 for none.
	Errno int
	// Size is that of the body of the answer, in bytes.
	Size     int
	Duration time.Duration
	// Part tells that the request was part of another one, such as a batch.
	Part bool
}

// finish tells of the request, which took from start to end, to those who want to know.
func (x *exchange) finish(message string, start, end time.Time) {
	if x.frame.config.Log.IsLevelEnabled(logrus.InfoLevel) {
		x.log(message, end, end.Sub(start))
	}
	if observe := x.frame.config.Observe; observe != nil {
		observe(Summary{
			Request: &x.Request, Status: x.answer.status, Errno: x.errno, Size: x.answer.size,
			Duration: end.Sub(start), Part: x.memory != nil,
		})
	}
}

// log writes one line about the request (protocol 9.3), without the fields that there is nothing to say of, and with the query
// string only if an endpoint was found that tells what is in it. The logger adds the time.
func (x *exchange) log(message string, now time.Time, took time.Duration) {
	policy, _, _ := strings.Cut(x.Caller.UserID, ":")
	query := ""
	if x.Endpoint != nil && !x.Endpoint.SecretQuery {
		query = x.URL.RawQuery
	}
	entry := logrus.Entry{Logger: x.frame.config.Log, Time: now, Context: x.Context(), Data: logrus.Fields{
		"path":   x.URL.Path,
		"method": x.Method,
		"rid":    x.ID,
		"errno":  x.errno,
		"code":   x.answer.status,
		"t":      took.Milliseconds(),
	}}
	for _, field := range [...]struct{ name, value string }{
		{"agent", x.UserAgent()},
		{"lang", x.Header.Get("Accept-Language")},
		{"querystring", query},
		{"uid", x.Caller.UserID},
		{"authn_type", policy},
	} {
		if field.value != "" {
			entry.Data[field.name] = field.value
		}
	}
	x.traced(entry.Data)
	maps.Copy(entry.Data, x.noted)
	entry.Info(message)
}

// traced adds the span that the request is, if it is one, or that the client says it is part of.
func (r *Request) traced(fields logrus.Fields) {
	if parts := strings.Split(r.Trace, "-"); len(parts) == 4 {
		fields["trace_id"], fields["span_id"] = parts[1], parts[2]
	}
}

// Tell makes requests that were served as parts of this one be logged and counted when it is: those that got these answers
// from Frame.Serve, in place of all that it was called with before.
func (r *Request) Tell(parts []Answer) { *r.parts = parts }

// Note adds a field to the line that is logged about the request.
func (r *Request) Note(name string, value any) {
	if r.noted == nil {
		r.noted = logrus.Fields{}
	}
	r.noted[name] = value
}
