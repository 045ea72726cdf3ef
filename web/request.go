package web

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

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
	// ID identifies the request in logs and events; the parts of a batch share it.
	ID string
	// Trace is the W3C traceparent that the request belongs to, "" for none.
	Trace string

	route    *route
	segments []string // of the path, decoded, the version prefix first

	base    string // scheme and host that clients use
	limit   int64
	timeout time.Duration // for the body; 0 for one within the process
	w       http.ResponseWriter
	ending  <-chan struct{}
	noted   logrus.Fields
	parts   *[]Answer
}

// Origin is what events caused by the request say of where they come from.
func (r *Request) Origin() domain.Origin {
	return domain.Origin{UserID: r.Caller.UserID, Request: r.ID, Trace: r.Trace}
}

// Ending is closed when the service begins to stop (Frame.HTTPServer): what lasts is to end soon.
func (r *Request) Ending() <-chan struct{} { return r.ending }

// Absolute is the URL that clients use for a path with its version prefix, such as "/v1/buckets?_limit=2".
func (r *Request) Absolute(path string) string { return r.base + path }

// ReadBody returns the whole body, nil if there is none. It is TooLarge beyond Limits.Body and Invalid if it does
// not arrive whole within Limits.BodyTime. It can be called once.
func (r *Request) ReadBody() ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > r.limit {
		return nil, tooLarge()
	}
	if r.timeout > 0 {
		_ = http.NewResponseController(r.w).SetReadDeadline(time.Now().Add(r.timeout))
	}
	body, err := r.readUpTo(r.limit + 1)
	switch {
	case int64(len(body)) > r.limit:
		return nil, tooLarge()
	case err != nil:
		return nil, &domain.Error{Code: domain.Invalid, Message: "The body did not arrive whole.", Cause: err}
	case len(body) == 0:
		return nil, nil
	}
	if r.timeout > 0 {
		_ = http.NewResponseController(r.w).SetReadDeadline(time.Time{})
	}
	return body, nil
}

func (r *Request) readUpTo(limit int64) ([]byte, error) {
	const modest = 64 << 10 // bytes that we believe the client to send, and set aside at once
	if r.ContentLength >= 0 && r.ContentLength <= modest {
		body := make([]byte, r.ContentLength)
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	return io.ReadAll(io.LimitReader(r.Body, limit))
}

func tooLarge() error { return &domain.Error{Code: domain.TooLarge} }

// baseURL is the scheme and host that the client used, unless the operator says otherwise.
func (c *Config) baseURL(r *http.Request) string {
	scheme, host := c.Scheme, c.Host
	if scheme == "" {
		if scheme = "http"; r.TLS != nil {
			scheme = "https"
		}
	}
	if host == "" {
		host = r.Host
	}
	if host == "" { // as clients of HTTP/1.0 leave it
		host = localAddress(r.Context())
	}
	return rest.Origin(scheme, host)
}

// localAddress is the address and port at which the server was reached, "" if that is not known.
func localAddress(ctx context.Context) string {
	if a, ok := ctx.Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		return a.String()
	}
	return ""
}
