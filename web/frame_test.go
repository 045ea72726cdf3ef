package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/web"
)

func TestAllAnswersHaveTheCommonHeaders(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, func(c *web.Config) { c.Backoff = func() int { return 7 } })
	for _, request := range []string{
		"GET /v1/", "GET /v1/unknown", "GET /", "PATCH /v1/buckets", "OPTIONS /v1/", "GET /v1/panics", "GET /v1/buckets/%ff",
	} {
		h := send(t, frame, request, "X-Request-Id: abc-1").Header
		for name, want := range map[string]string{
			"X-Content-Type-Options":  "nosniff",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; ",
			"Backoff":                 "7",
			"X-Request-Id":            "abc-1",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: got %s %q, want %q", request, name, got, want)
			}
		}
	}
}

func TestErrorsAreAnsweredInTheEnvelope(t *testing.T) {
	t.Parallel()
	frame, logged := setup(t, func(c *web.Config) { c.Errors.Info = "https://example.org/" })
	const internal = `{"code":500,"errno":999,"error":"Internal Server Error",` +
		`"message":"A programmatic error occurred, developers have been informed.","info":"https://example.org/"}`
	for _, c := range []struct {
		request      []string
		status       int
		body         string
		header, want string
	}{
		{
			[]string{"GET /v1/refused"},
			401,
			`{"code":401,"errno":104,"error":"Unauthorized","message":"Please authenticate yourself to use this endpoint."}`,
			"Www-Authenticate", `Basic realm="Realm"`,
		},
		{
			[]string{"GET /v1/busy"},
			503,
			`{"code":503,"errno":201,"error":"Service Unavailable","message":"Service temporary unavailable due to overloading or maintenance, please retry later."}`,
			"Retry-After", "3",
		},
		{
			[]string{"GET /v1/buckets", "Authorization: broken"},
			503,
			`{"code":503,"errno":201,"error":"Service Unavailable","message":"Service temporary unavailable due to overloading or maintenance, please retry later."}`,
			"Retry-After", "3",
		},
		{[]string{"GET /v1/internal"}, 500, internal, "Content-Type", "application/json"},
		{[]string{"GET /v1/panics"}, 500, internal, "Content-Type", "application/json"},
		{
			[]string{"GET /v1/buckets", "Accept: text/html"},
			406,
			`{"code":406,"errno":107,"error":"Invalid parameters","message":"Accept header should be one of ['application/json']","details":[{"location":"header","name":"Accept","description":"Accept header should be one of ['application/json']"}]}`,
			"Access-Control-Expose-Headers", "Backoff, Retry-After, Alert, Content-Length, Content-Type, Last-Modified, ETag, Cache-Control, Expires, Pragma, Next-Page",
		},
		{
			[]string{"PATCH /v1/buckets/b", "Content-Type: text/plain"},
			415,
			`{"code":415,"errno":107,"error":"Invalid parameters","message":"Content-Type header should be one of ['application/json', 'application/merge-patch+json', 'application/json-patch+json']","details":[{"location":"header","name":"Content-Type","description":"Content-Type header should be one of ['application/json', 'application/merge-patch+json', 'application/json-patch+json']"}]}`,
			"Content-Type", "application/json",
		},
	} {
		resp := send(t, frame, c.request...)
		if got := resp.Body; resp.StatusCode != c.status || got != c.body {
			t.Errorf("%v: got %d %s, want %d %s", c.request, resp.StatusCode, got, c.status, c.body)
		}
		if got := resp.Header.Get(c.header); got != c.want {
			t.Errorf("%v: got %s %q, want %q", c.request, c.header, got, c.want)
		}
	}
	for _, want := range []string{"the password is swordfish", "panic: out of order", "setup_test.go", "the store of users is away"} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("the log does not tell %q", want)
		}
	}
}

func TestTypesCountWhereBodiesDo(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, nil)
	for _, c := range []struct {
		request string
		headers []string
		status  int
	}{
		{"GET /v1/buckets", []string{"Content-Type: text/plain"}, 200},
		{"DELETE /v1/buckets", []string{"Content-Type: text/plain"}, 200},
		{"POST /v1/buckets", []string{"Content-Type: text/plain"}, 415},
		{"PUT /v1/buckets/b", []string{"Content-Type: application/merge-patch+json"}, 415},
		{"PUT /v1/buckets/b", []string{"Content-Type: application/json; charset=utf-8"}, 200},
		{"PUT /v1/buckets/b", nil, 200},
		{"PATCH /v1/buckets/b", []string{"Content-Type: application/merge-patch+json; charset=utf-8"}, 200},
		{"POST /v1/batch", []string{"Content-Type: text/plain"}, 415},
		{"POST /v1/batch", []string{"Accept: text/html"}, 200},
		{"GET /v1/", []string{"Accept: text/html"}, 200},
		{"GET /v1/buckets", []string{"Accept: text/html;q=0.9, */*;q=0.1"}, 200},
		{"GET /v1/buckets", []string{"Accept: application/json; charset=utf-8"}, 406},
	} {
		if resp := send(t, frame, append([]string{c.request}, c.headers...)...); resp.StatusCode != c.status {
			t.Errorf("%s %v: got %d, want %d", c.request, c.headers, resp.StatusCode, c.status)
		}
	}
}

func TestTheFirstPolicyThatKnowsTheCallerDecides(t *testing.T) {
	t.Parallel()
	basic := web.BasicAuth{Secret: "some-secret"}
	frame, _ := setup(t, func(c *web.Config) {
		c.Authenticators = []web.Authenticator{basic, authenticator{}, web.BasicAuth{Name: "Other"}}
	})
	for _, c := range []struct{ request, header, want string }{
		{"GET /v1/", "Basic bWF0OnNlY3JldA==", `user="basicauth:1acf66711624a550fce894b050abb3e9270a7c3fdd5e99bb8e5b9f8c8143c813"`},
		{"GET /v1/", "mat", `user="account:mat"`},
		{"GET /v1/", "undefined", `user=""`},
		{"POST /v1/batch", "broken", `user=""`}, // public: nobody is asked
	} {
		if got := send(t, frame, c.request, "Authorization: "+c.header).Body; !strings.Contains(got, c.want) {
			t.Errorf("%s, %s: got %s, want %s", c.request, c.header, got, c.want)
		}
	}
	refused := send(t, frame, "GET /v1/refused").Header["Www-Authenticate"]
	if want := slices.Repeat([]string{`Basic realm="Realm"`}, 3); !slices.Equal(refused, want) {
		t.Errorf("got challenges %q, want %q", refused, want)
	}
}

func TestCrossOriginRequests(t *testing.T) {
	t.Parallel()
	some := func(c *web.Config) { c.CORS.Origins = []string{"http*://*.example.org"} }
	const base = "Backoff, Retry-After, Alert, Content-Length, Content-Type"
	for _, c := range []struct {
		request, origin string
		change          func(*web.Config)
		status          int
		allow, expose   string
	}{
		{"GET /v1/", "http://x", nil, 200, "*", base},
		{"GET /v1/", "", nil, 200, "", base},
		{"GET /v1/internal", "http://x", nil, 500, "*", base},
		{"GET /v1/unknown", "http://x", nil, 404, "*", base},
		{"GET /v1/buckets/", "http://x", nil, 307, "*", base},
		{"GET /v1/", "https://a.example.org", some, 200, "https://a.example.org", base},
		{"GET /v1/", "https://example.com", some, 400, "", base},
		{"GET /v1/unknown", "https://a.example.org", some, 404, "", base},
		{"GET /v1/buckets/", "https://a.example.org", some, 307, "", base},
		{"HEAD /v1/buckets", "http://x", nil, 200, "*", base + ", Last-Modified, ETag, Cache-Control, Expires, Pragma, Next-Page, Total-Objects, Total-Records"},
		{"GET /v1/buckets/b", "http://x", nil, 200, "*", base + ", Last-Modified, ETag, Cache-Control, Expires, Pragma"},
	} {
		frame, _ := setup(t, c.change)
		request := []string{c.request}
		if c.origin != "" {
			request = append(request, "Origin: "+c.origin)
		}
		resp := send(t, frame, request...)
		got := []any{resp.StatusCode, resp.Header.Get("Access-Control-Allow-Origin"), resp.Header.Get("Access-Control-Expose-Headers")}
		if want := []any{c.status, c.allow, c.expose}; !slices.Equal(got, want) {
			t.Errorf("%v: got %q, want %q", request, got, want)
		}
		if got, want := resp.Header.Get("Vary") == "Origin", c.change != nil; got != want {
			t.Errorf("%v: got Vary %q", request, resp.Header.Get("Vary"))
		}
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, nil)
	resp := send(t, frame, "OPTIONS /v1/buckets/b/collections/c/records", "Authorization: broken", "Origin: http://x",
		"Access-Control-Request-Method: GET", "Access-Control-Request-Headers: authorization,content-type")
	if got := resp.Body; resp.StatusCode != http.StatusOK || got != "null" {
		t.Errorf("got %d %s, want 200 null", resp.StatusCode, got)
	}
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":  "*",
		"Access-Control-Allow-Methods": "HEAD,GET,POST,DELETE,OPTIONS",
		"Access-Control-Max-Age":       "3600",
		"Access-Control-Allow-Headers": "Backoff,Retry-After,Alert,Content-Length,Content-Type,Last-Modified,ETag,Cache-Control,Expires,Pragma,Next-Page,Total-Objects,Total-Records,authorization,content-type",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("got %s %q, want %q", name, got, want)
		}
	}
	if got := send(t, frame, "OPTIONS /v1/buckets", "Origin: http://x").StatusCode; got != 400 {
		t.Errorf("without method: got %d, want 400", got)
	}
}

func TestTheEndOfService(t *testing.T) {
	t.Parallel()
	at := func(end time.Time) func(*web.Config) {
		return func(c *web.Config) { c.EOS, c.EOSMessage, c.EOSURL = end, "Bye.", "https://example.org" }
	}
	soon, _ := setup(t, at(now.Add(time.Hour)))
	resp := send(t, soon, "GET /v1/unknown")
	if got, want := resp.Header.Get("Alert"), `{"code":"soft-eol","message":"Bye.","url":"https://example.org"}`; resp.StatusCode != http.StatusNotFound || got != want {
		t.Errorf("before: got %d %s, want 404 %s", resp.StatusCode, got, want)
	}
	over, _ := setup(t, at(now))
	resp = send(t, over, "OPTIONS /")
	if got, want := resp.Header.Get("Alert"), `{"code":"hard-eol","message":"Bye.","url":"https://example.org"}`; resp.StatusCode != http.StatusGone || got != want {
		t.Errorf("after: got %d %s, want 410 %s", resp.StatusCode, got, want)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, func(c *web.Config) { c.Limits.Body, c.Limits.URL = 5, 40 })
	const tooLarge = `{"code":413,"errno":113,"error":"Request Entity Too Large","message":"The request is too large."}`
	for _, c := range []struct {
		request []string
		status  int
		want    string
	}{
		{[]string{"POST /v1/buckets", "", "12345"}, 200, `body="12345"`},
		{[]string{"POST /v1/buckets", "", "123456"}, 413, tooLarge},
		{[]string{"GET /v1/buckets?" + strings.Repeat("x", 40)}, 413, `"errno":113`},
	} {
		resp := send(t, frame, c.request...)
		if got := resp.Body; resp.StatusCode != c.status || !strings.Contains(got, c.want) {
			t.Errorf("%v: got %d %s, want %d %s", c.request, resp.StatusCode, got, c.status, c.want)
		}
	}
	chunked := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/buckets", io.NopCloser(strings.NewReader("123456")))
	w := httptest.NewRecorder()
	frame.ServeHTTP(w, chunked)
	if got := w.Body.String(); got != tooLarge {
		t.Errorf("of unknown length: got %s, want %s", got, tooLarge)
	}
}

func TestABodyThatDoesNotArriveIsRefused(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, func(c *web.Config) { c.Limits.BodyTime = 10 * time.Millisecond })
	server := httptest.NewServer(frame)
	t.Cleanup(server.Close)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, _ = fmt.Fprint(conn, "POST /v1/buckets HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"code":400,"errno":107,"error":"Bad Request","message":"The body did not arrive whole."}`
	if got := string(body); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnAnswerThatBreaksOffIsNotTakenForWhole(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, nil)
	server := httptest.NewServer(frame)
	t.Cleanup(server.Close)
	resp, err := server.Client().Get(server.URL + "/v1/panics-late")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err == nil || string(got) != "half" {
		t.Errorf("got %q, %v, want half of it and an error", got, err)
	}
}

func TestOneLineIsLoggedForEachRequest(t *testing.T) {
	t.Parallel()
	common := map[string]any{
		"msg": "request.summary", "level": "info", "time": now.Format(time.RFC3339), "t": 0.0, "code": 200.0, "errno": 0.0,
		"path": "/v1/buckets/b", "method": "GET", "rid": "abc-1",
	}
	for _, c := range []struct {
		request string
		headers []string
		more    map[string]any
	}{
		{"GET /v1/buckets/b", nil, nil},
		{"GET /v1/buckets/b?_limit=1", []string{"Authorization: mat", "User-Agent: test", "Accept-Language: fr"}, map[string]any{
			"agent": "test", "lang": "fr", "querystring": "_limit=1", "uid": "account:mat", "authn_type": "account",
		}},
		{"GET /v1/private?code=hush", nil, map[string]any{"path": "/v1/private"}},
		{"GET /v1/nothing?code=hush", nil, map[string]any{"path": "/v1/nothing", "code": 404.0, "errno": 111.0}},
		{"GET /private?code=hush", nil, map[string]any{"path": "/private", "code": 307.0}},
	} {
		frame, logged := setup(t, nil)
		send(t, frame, append([]string{c.request, "X-Request-Id: abc-1"}, c.headers...)...)
		var line map[string]any
		if err := json.Unmarshal([]byte(logged.String()), &line); err != nil {
			t.Fatalf("%v in %s", err, logged)
		}
		want := maps.Clone(common)
		maps.Copy(want, c.more)
		if fmt.Sprint(line) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", c.request, line, want)
		}
	}
}

func TestTheLineOfARefusalSaysWhichPermissionIsLacked(t *testing.T) {
	t.Parallel()
	frame, logged := setup(t, nil)
	send(t, frame, "GET /v1/refused")
	for _, field := range []string{`"perm":"read"`, `"uri":"/secrets"`, `"errno":104`} {
		if !strings.Contains(logged.String(), field) {
			t.Errorf("got %s, want %s in it", logged, field)
		}
	}
}

func TestTheFormatterSaysWhatThatOfLogrusSays(t *testing.T) {
	t.Parallel()
	entry := func() *logrus.Entry {
		e := logrus.NewEntry(quiet()).WithFields(logrus.Fields{
			"a": "é\"\n", "b": 1, "c": int64(2), "d": errors.New("e"), "f": []string{"x"}, "g": 1.5, "time": "t", "msg": "m", "level": "l",
		})
		e.Time, e.Level, e.Message = now, logrus.WarnLevel, "hello"
		return e
	}
	got, err := web.JSONFormatter{}.Format(entry())
	if err != nil {
		t.Fatal(err)
	}
	want, err := (&logrus.JSONFormatter{TimestampFormat: time.RFC3339Nano}).Format(entry())
	if err != nil {
		t.Fatal(err)
	}
	var gotFields, wantFields map[string]any
	if err := json.Unmarshal(got, &gotFields); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if err := json.Unmarshal(want, &wantFields); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(gotFields, wantFields) || !strings.HasSuffix(string(got), "}\n") {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEndpointsAddToTheLine(t *testing.T) {
	t.Parallel()
	frame, logged := setup(t, nil)
	send(t, frame, "GET /v1/notes")
	if want := `"batch_size":25`; !strings.Contains(logged.String(), want) {
		t.Errorf("got %s, want %s", logged, want)
	}
}

func TestNothingIsLoggedBelowTheLevel(t *testing.T) {
	t.Parallel()
	frame, logged := setup(t, func(c *web.Config) { c.Log.SetLevel(logrus.WarnLevel) })
	send(t, frame, "GET /v1/")
	if got := logged.String(); got != "" {
		t.Errorf("got %s, want nothing", got)
	}
}

func TestRequestsHaveAnID(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, nil)
	for _, given := range []string{"", "with blank", "a\tb", strings.Repeat("x", 129), "é"} {
		got := send(t, frame, "GET /v1/", "X-Request-Id: "+given).Header.Get("X-Request-Id")
		if len(got) != 32 || strings.Trim(got, "0123456789abcdef") != "" {
			t.Errorf("given %q: got %q, want 32 hexadecimal digits", given, got)
		}
	}
}

const traceID = "0af7651916cd43dd8448eb211c80319c"

func TestHandlersLearnTheOriginOfARequest(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, nil)
	parent := "00-" + traceID + "-b7ad6b7169203331-01"
	got := send(t, frame, "GET /v1/where", "X-Request-Id: abc-1", "Authorization: mat", "Traceparent: "+parent).Body
	if want := "http://localhost/v1/x {Time:0 UserID:account:mat Request:abc-1 Trace:" + parent + "}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got = send(t, frame, "GET /v1/where", "X-Request-Id: abc-1", "Traceparent: nonsense").Body
	if want := "http://localhost/v1/x {Time:0 UserID: Request:abc-1 Trace:}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRequestsHaveASpan(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	traces := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	frame, _ := setup(t, func(c *web.Config) { c.Traces = traces })
	got := send(t, frame, "GET /v1/where", "Traceparent: 00-"+traceID+"-b7ad6b7169203331-01").Body
	ended := spans.Ended()
	if len(ended) != 1 {
		t.Fatalf("got %d spans, want 1", len(ended))
	}
	span := ended[0]
	if got, want := span.Name(), "GET /v1/where"; got != want {
		t.Errorf("got span %q, want %q", got, want)
	}
	if want := "Trace:00-" + traceID + "-" + span.SpanContext().SpanID().String() + "-01"; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestARequestThatWasGivenUpIsNoFailure(t *testing.T) {
	t.Parallel()
	log := logrus.New()
	logged := &strings.Builder{}
	log.SetOutput(logged)
	wait := func(_ http.ResponseWriter, r *web.Request) error {
		<-r.Context().Done()
		return fmt.Errorf("load: %w", r.Context().Err())
	}
	frame, err := web.New(web.Config{Log: log}, []web.Endpoint{
		{Path: "/", Methods: []web.Method{{Name: "GET", Handle: wait}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	frame.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/v1/", nil))
	if w.Code != 503 || strings.Contains(logged.String(), "level=error") {
		t.Errorf("got %d and %s, want 503 and no error logged", w.Code, logged)
	}
}

func TestWhatWasReportedIsNotLoggedAgain(t *testing.T) {
	t.Parallel()
	logged := &strings.Builder{}
	log := logrus.New()
	log.SetOutput(logged)
	frame, err := web.New(web.Config{Log: log}, []web.Endpoint{{
		Path: "/", Methods: []web.Method{{Name: "GET", Handle: failing(web.Reported(&domain.Error{Code: domain.Conflict}))}},
	}, {
		Path: "/other", Methods: []web.Method{{Name: "GET", Handle: failing(web.Reported(errors.New("known already")))}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for path, status := range map[string]int{"/v1/": http.StatusConflict, "/v1/other": http.StatusInternalServerError} {
		if got := send(t, frame, "GET "+path).StatusCode; got != status {
			t.Errorf("GET %s: got %d, want %d", path, got, status)
		}
	}
	if strings.Contains(logged.String(), "level=error") {
		t.Errorf("got %s, want no error", logged)
	}
}
