package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

// Frame serves endpoints. It is safe for concurrent use.
type Frame struct {
	config  Config
	router  *router
	paths   rest.PathOptions
	varies  bool   // answers depend on the origin of requests
	eos     string // the Alert of a service that ends, "" for none
	over    string // the Alert of one that has ended
	handler http.Handler
	ending  chan struct{}
	end     func() // closes it
}

// New joins endpoints into one handler. It refuses a config or endpoints that are not well formed.
func New(c Config, endpoints []Endpoint) (*Frame, error) {
	c = c.WithDefaults()
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configure the frame: %w", err)
	}
	router, err := newRouter(&c, endpoints)
	if err != nil {
		return nil, err
	}
	f := &Frame{config: c, router: router, paths: c.pathOptions(), varies: !slices.Contains(c.CORS.Origins, "*")}
	f.ending = make(chan struct{})
	f.end = sync.OnceFunc(func() { close(f.ending) })
	if !c.EOS.IsZero() {
		f.eos = rest.Alert{Code: rest.SoftEOL, Message: c.EOSMessage, URL: c.EOSURL}.String()
		f.over = rest.Alert{Code: rest.HardEOL, Message: c.EOSMessage, URL: c.EOSURL}.String()
	}
	f.handler = http.HandlerFunc(f.serve)
	if c.Traces != nil || c.Meters != nil {
		f.handler = f.observed()
	}
	return f, nil
}

// observed adds a span and metrics, named after the method and the pattern of the path.
func (f *Frame) observed() http.Handler {
	options := []otelhttp.Option{
		otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			if r.Pattern == "" {
				return r.Method
			}
			return r.Method + " " + r.Pattern
		}),
	}
	if f.config.Traces != nil {
		options = append(options, otelhttp.WithTracerProvider(f.config.Traces))
	}
	if f.config.Meters != nil {
		options = append(options, otelhttp.WithMeterProvider(f.config.Meters))
	}
	return otelhttp.NewHandler(f.handler, "", options...)
}

// ServeHTTP implements http.Handler.
func (f *Frame) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.handler.ServeHTTP(w, r) }

// serve is the outer life of a request: what it and its answer have in common with all others.
func (f *Frame) serve(w http.ResponseWriter, r *http.Request) {
	x := f.newExchange(w, r)
	x.answer.grant() // to be told to go on with its body, as for what follows
	x.ID = requestID(r.Header)
	x.Trace = traceparent(r)
	x.base = f.config.baseURL(r)
	f.common(w.Header(), x.ID)
	start := f.config.Now()
	defer func() {
		for _, part := range x.parts {
			if part.tell != nil {
				part.tell()
			}
		}
		x.finish("request.summary", start, f.config.Now())
	}()
	x.run(x.enter)
}

// common sets the headers of all answers (protocol 2.2).
func (f *Frame) common(h http.Header, id string) {
	h["X-Content-Type-Options"] = nosniff
	h["Content-Security-Policy"] = nothingAllowed
	h["X-Request-Id"] = []string{id}
	if f.config.Backoff != nil {
		if seconds := f.config.Backoff(); seconds > 0 {
			h["Backoff"] = []string{strconv.Itoa(seconds)}
		}
	}
	if f.eos != "" {
		h["Alert"] = []string{f.eos}
	}
}

// Header values that are shared by all answers and never changed.
var (
	nosniff        = []string{"nosniff"}
	nothingAllowed = []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "}
	jsonType       = []string{"application/json"}
)

// enter refuses what no endpoint may see, and routes the rest (protocol 2.1).
func (x *exchange) enter() error {
	if x.frame.over != "" && !x.frame.config.Now().Before(x.frame.config.EOS) {
		x.answer.Header().Set("Alert", x.frame.over)
		return &domain.Error{Code: domain.Gone}
	}
	if err := x.frame.config.Limits.check(x.Request.Request); err != nil {
		return err
	}
	if x.frame.config.ReadOnly && !isRead(x.Method) {
		return x.readOnly()
	}
	return x.route()
}

// readOnly refuses a write, wherever it goes to. An endpoint tells which methods are left of it (RFC 9110, 15.5.6).
func (x *exchange) readOnly() error {
	if route := x.frame.router.find(x.Request.Request); route != nil {
		x.answer.Header()["Allow"] = []string{route.allow}
	}
	return &domain.Error{Code: domain.MethodNotAllowed}
}

// Answer is what a request within the process is answered with.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // empty after HEAD
	// Path is the one that was answered at last, decoded and with its version prefix: a request is led on to
	// another path as clients are.
	Path string
	tell func() // logs and counts the request, as is done with each that comes alone; nil for the zero Answer
}

// Serve answers a request within the process, as part of another one, such as a batch: it goes through routing,
// authentication and the endpoint as if it had come alone, and shares the id, the trace and the place in URLs of
// the outer request. Its context and its headers are its own; its path carries the version prefix. An answer with
// status 500 or above was logged.
func (f *Frame) Serve(outer *Request, r *http.Request) Answer {
	for range maxRedirects {
		answer, next := f.serveOnce(outer, r)
		if next == nil {
			return answer
		}
		r = next
	}
	answer, _ := f.serveOnce(outer, r)
	return answer
}

const maxRedirects = 2

// serveOnce answers a request, and tells what request it leads on to.
func (f *Frame) serveOnce(outer *Request, r *http.Request) (Answer, *http.Request) {
	b := &buffer{header: http.Header{}}
	x := f.newExchange(b, r)
	x.memory, x.answer.timeout, x.timeout = b, 0, 0
	x.ID, x.Trace, x.base = outer.ID, outer.Trace, outer.base
	start := f.config.Now()
	x.run(x.route)
	end := f.config.Now()
	if b.status == http.StatusTemporaryRedirect {
		if next, err := r.URL.Parse(b.header.Get("Location")); err == nil {
			led := r.Clone(r.Context())
			led.URL, led.RequestURI = next, ""
			return Answer{}, led
		}
	}
	if r.Method == http.MethodHead {
		b.body.Reset()
	}
	return Answer{
		Status: cmp.Or(b.status, http.StatusOK), Header: b.header, Body: b.body.Bytes(), Path: r.URL.Path,
		tell: func() { x.finish("subrequest.summary", start, end) },
	}, nil
}
