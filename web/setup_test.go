package web_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/web"
)

// now is the clock of all tests.
var now = time.UnixMilli(1795393681712)

// authenticator takes the Authorization header for a user id.
type authenticator struct{}

func (authenticator) Authenticate(r *http.Request) (string, error) {
	switch given := r.Header.Get("Authorization"); given {
	case "broken":
		return "", errors.New("the store of users is away")
	case "", "undefined":
		return "", nil
	default:
		return "account:" + given, nil
	}
}

func (authenticator) Challenge() string { return `Basic realm="Realm"` }

// echo answers with what the frame found out.
func echo(w http.ResponseWriter, r *web.Request) error {
	body, err := r.ReadBody()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s plural=%q uri=%q params=%v user=%q body=%q",
		r.Endpoint.Name, r.Plural, r.URI, r.Params, r.Caller.UserID, body)
	return err
}

func failing(err error) web.Handler {
	return func(http.ResponseWriter, *web.Request) error { return err }
}

func methods(names ...string) []web.Method {
	var all []web.Method
	for _, name := range names {
		all = append(all, web.Method{Name: name, Handle: echo})
	}
	return all
}

func endpoints(t testing.TB) []web.Endpoint {
	t.Helper()
	catalog, err := domain.NewCatalog(domain.Policy{},
		domain.Resource{Name: "bucket", Path: "/buckets"},
		domain.Resource{Name: "collection", Path: "/buckets/{bucket}/collections"},
		domain.Resource{Name: "record", Path: "/buckets/{bucket}/collections/{collection}/records"},
		domain.Resource{Name: "account", Path: "/accounts"})
	if err != nil {
		t.Fatal(err)
	}
	var all []web.Endpoint
	for _, r := range catalog.Resources() {
		all = append(all,
			web.PluralOf(r, methods("HEAD", "GET", "POST", "DELETE")...),
			web.ObjectOf(r, methods("GET", "HEAD", "PUT", "PATCH", "DELETE")...))
	}
	get := func(name, path string, handle web.Handler) web.Endpoint {
		return web.Endpoint{Name: name, Path: path, Methods: []web.Method{{Name: "GET", Handle: handle}}}
	}
	return append(all,
		get("hello", "/", echo),
		get("panics", "/panics", func(http.ResponseWriter, *web.Request) error { panic("out of order") }),
		web.Endpoint{Name: "private", Path: "/private", SecretQuery: true, Public: true, Methods: []web.Method{{
			Name: http.MethodGet, Handle: func(w http.ResponseWriter, _ *web.Request) error {
				w.WriteHeader(http.StatusOK)
				return nil
			},
		}}},
		get("panics-late", "/panics-late", func(w http.ResponseWriter, _ *web.Request) error {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic("out of order")
		}),
		get("internal", "/internal", failing(errors.New("the password is swordfish"))),
		get("refused", "/refused", failing(domain.Caller{}.Refusal("read", "/secrets"))),
		get("busy", "/busy", failing(&domain.Error{Code: domain.Unavailable})),
		get("notes", "/notes", func(_ http.ResponseWriter, r *web.Request) error {
			r.Note("batch_size", 25)
			return nil
		}),
		get("where", "/where", func(w http.ResponseWriter, r *web.Request) error {
			_, err := fmt.Fprintf(w, "%s %+v", r.Absolute("/v1/x"), r.Origin())
			return err
		}),
		web.Endpoint{Name: "batch", Path: "/batch", Methods: methods("POST"), TakesJSON: true, Public: true},
	)
}

// setup serves the endpoints; what is logged goes to the text that is returned.
func setup(t testing.TB, change func(*web.Config)) (*web.Frame, *strings.Builder) {
	t.Helper()
	logged := &strings.Builder{}
	log := logrus.New()
	log.SetOutput(logged)
	log.SetFormatter(&logrus.JSONFormatter{})
	c := web.Config{
		Authenticators: []web.Authenticator{authenticator{}}, Log: log, Now: func() time.Time { return now },
	}
	if change != nil {
		change(&c)
	}
	frame, err := web.New(c, endpoints(t))
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return frame, logged
}

// send serves one request: "METHOD path", then headers as "Name: value", then "", then the body.
func send(t testing.TB, h http.Handler, lines ...string) response {
	t.Helper()
	method, path, _ := strings.Cut(lines[0], " ")
	var body io.Reader
	headers := lines[1:]
	for i, line := range headers {
		if line == "" {
			body = strings.NewReader(strings.Join(headers[i+1:], ""))
			headers = headers[:i]
			break
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, body)
	r.Host = "localhost"
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return response{w.Code, w.Header(), w.Body.String()}
}

// response is what a client gets.
type response struct {
	StatusCode int
	Header     http.Header
	Body       string
}
