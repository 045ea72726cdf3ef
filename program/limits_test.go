package program_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/server"
)

// message is a request as a test writes it down.
type message struct {
	line   string // such as "PUT /buckets/b"
	body   string
	header string // "Name: value", on lines
}

// send makes the request as alice.
func (m message) send(t *testing.T, s http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	method, path, _ := strings.Cut(m.line, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "/v1"+path, strings.NewReader(m.body))
	r.SetBasicAuth("alice", "secret")
	for line := range strings.Lines(m.header) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// TestEveryLimitHasASettingAndAnError lowers all limits on what comes in. What is just within a limit is taken.
func TestEveryLimitHasASettingAndAnError(t *testing.T) {
	t.Parallel()
	s, _ := start(t,
		"kinto.max_url_bytes = 300", "kinto.max_headers = 5", "kinto.max_header_bytes = 1000", "kinto.max_body_bytes = 2000",
		"kinto.max_batch_bytes = 1000", "kinto.max_id_bytes = 36", "kinto.max_json_depth = 6", "kinto.max_json_keys = 30",
		"kinto.max_patch_operations = 3", "kinto.max_principals = 3", "kinto.max_principal_bytes = 20",
		"kinto.max_idempotency_key_bytes = 10", "kinto.max_repeatable_bytes = 300", "kinto.max_query_bytes = 200",
		"kinto.max_query_filters = 4", "kinto.max_query_values = 3", "kinto.max_sort_fields = 2", "kinto.max_fields = 3",
		"kinto.max_field_depth = 3", "kinto.batch_max_requests = 2",
	)
	expect(t, s, "PUT /v1/buckets/b", 201, "")
	expect(t, s, "PUT /v1/buckets/b/collections/c", 201, "")
	const records = "/buckets/b/collections/c/records"
	const patch = "Content-Type: application/json-patch+json"
	batch := func(requests int, body string) string {
		list := strings.Repeat(`,{"path":"`+records+`"}`, requests)
		return `{"defaults":{"method":"POST","body":` + body + `},"requests":[` + list[1:] + "]}"
	}
	data := func(text string) string { return `{"data":{"a":"` + text + `"}}` }
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"k%d":1`, i)
		}
		return `{"data":{` + b.String()[1:] + "}}"
	}
	operations := func(n int) string {
		return "[" + strings.Repeat(`,{"op":"add","path":"/data/x","value":1}`, n)[1:] + "]"
	}
	principals := func(each string, n int) string {
		return `{"permissions":{"read":[` + strings.Repeat(`,"`+each+`"`, n)[1:] + "]}}"
	}
	x := func(n int) string { return strings.Repeat("x", n) }
	for setting, c := range map[string]struct {
		within, beyond message
		status         int
		has            string
	}{
		"max_url_bytes": {
			message{line: "GET /buckets/b?" + x(200-1)},
			message{line: "GET /buckets/b?" + x(300)},
			413,
			`"errno":113,"error":"Request Entity Too Large","message":"The URL is too long."`,
		},
		"max_headers": { // Authorization is one
			message{"GET /", "", strings.Repeat("X-A: 1\n", 4)},
			message{"GET /", "", strings.Repeat("X-A: 1\n", 5)},
			431,
			`"errno":113,"error":"Request Header Fields Too Large","message":"The headers are too many, or too large."`,
		},
		"max_header_bytes": {
			message{"GET /", "", "X-A: " + x(900)}, message{"GET /", "", "X-A: " + x(1000)}, 431, `"code":431,"errno":113`,
		},
		"max_body_bytes": {
			message{line: "POST " + records, body: data(x(2000 - 18))},
			message{line: "POST " + records, body: data(x(2000))},
			413,
			`"message":"The request is too large."`,
		},
		"max_batch_bytes": {
			message{line: "POST /batch", body: batch(2, data(x(400)))},
			message{line: "POST /batch", body: batch(2, data(x(600)))},
			413,
			`"message":"The request is too large."`,
		},
		"batch_max_requests": {
			message{line: "POST /batch", body: batch(2, "{}")},
			message{line: "POST /batch", body: batch(3, "{}")},
			400,
			"Number of requests is limited to 2",
		},
		"max_id_bytes": {
			message{line: "PUT " + records + "/" + x(36)}, message{line: "PUT " + records + "/" + x(37)}, 400, "Invalid object id",
		},
		"max_json_depth": {
			message{line: "POST " + records, body: `{"data":{"a":[[[[]]]]}}`},
			message{line: "POST " + records, body: `{"data":{"a":[[[[[]]]]]}}`},
			400,
			"Invalid JSON: Parse error at offset 17: The document is nested too deeply.",
		},
		"max_json_keys": {
			message{line: "POST " + records, body: keys(29)},
			message{line: "POST " + records, body: keys(30)},
			400,
			"The document has too many members.",
		},
		"max_patch_operations": {
			message{"PATCH /buckets/b", operations(3), patch}, message{"PATCH /buckets/b", operations(4), patch}, 400, "More than 3 operations",
		},
		"max_principals": {
			message{line: "PUT /buckets/b", body: principals("a", 3)},
			message{line: "PUT /buckets/b", body: principals("a", 4)},
			400,
			"More than 3 principals",
		},
		"max_principal_bytes": {
			message{line: "PUT /buckets/b", body: principals(x(20), 1)},
			message{line: "PUT /buckets/b", body: principals(x(21), 1)},
			400,
			"Longer than 20 bytes",
		},
		"max_idempotency_key_bytes": {
			message{"POST " + records, "", "Idempotency-Key: " + x(10)},
			message{"POST " + records, "", "Idempotency-Key: " + x(11)},
			400,
			"must be one key of 1 to 10 visible ASCII characters",
		},
		"max_repeatable_bytes": {
			message{"POST " + records, data(x(100)), "Idempotency-Key: a"},
			message{"POST " + records, data(x(300)), "Idempotency-Key: b"},
			400,
			"and no more than 300 are kept",
		},
		"max_query_bytes": {
			message{line: "GET " + records + "?a=" + x(198)},
			message{line: "GET " + records + "?a=" + x(199)},
			400,
			"The querystring is longer than 200 bytes",
		},
		"max_query_filters": {
			message{line: "GET " + records + "?a=1&b=1&c=1&d=1"},
			message{line: "GET " + records + "?a=1&b=1&c=1&d=1&e=1"},
			400,
			"The querystring has more than 4 parameters",
		},
		"max_query_values": {
			message{line: "GET " + records + "?in_a=1,2,3"}, message{line: "GET " + records + "?in_a=1,2,3,4"}, 400, "More than 3 values",
		},
		"max_sort_fields": {
			message{line: "GET " + records + "?_sort=a,b"}, message{line: "GET " + records + "?_sort=a,b,c"}, 400, "More than 2 fields to sort by",
		},
		"max_fields": {
			message{line: "GET " + records + "?_fields=a,b,c"}, message{line: "GET " + records + "?_fields=a,b,c,d"}, 400, "More than 3 fields",
		},
		"max_field_depth": {
			message{line: "GET " + records + "?a.b.c=1"}, message{line: "GET " + records + "?a.b.c.d=1"}, 400, "A path has more than 3 names",
		},
	} {
		if w := c.within.send(t, s); w.Code >= 300 {
			t.Errorf("within %s: %s: got %d %s, want success", setting, c.within.line, w.Code, w.Body)
		}
		w := c.beyond.send(t, s)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.has) {
			t.Errorf("beyond %s: %s: got %d %s, want %d with %s", setting, c.beyond.line, w.Code, w.Body, c.status, c.has)
		}
		header(t, w, "Content-Type", "application/json")
	}
}

// slowLog is a log that appends nothing between being closed and opened.
type slowLog struct {
	eventstore.Log
	closed *atomic.Bool
	opened <-chan struct{}
}

func (l slowLog) Append(ctx context.Context, after eventstore.Tail, commit eventstore.Commit) (eventstore.Tail, error) {
	if l.closed.Load() {
		<-l.opened
	}
	return l.Log.Append(ctx, after, commit)
}

func TestMoreWritesThanMayWaitAreRefused(t *testing.T) {
	t.Parallel()
	_, application, config, err := prepare(t, "kinto.max_waiting_writes = 2")
	if err != nil {
		t.Fatal(err)
	}
	open := make(chan struct{})
	closed := new(atomic.Bool)
	application.Plugins = append(application.Plugins, server.Plugin{Name: "slow", Wrap: server.Wrappers{
		Log: func(l eventstore.Log) eventstore.Log { return slowLog{l, closed, open} },
	}})
	s, err := server.Open(t.Context(), application, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	closed.Store(true)
	const writes = 20 // no more than two rounds of three are taken up before the log opens
	answers := make(chan *httptest.ResponseRecorder, writes)
	for i := range writes {
		go func() { answers <- message{line: fmt.Sprintf("PUT /buckets/b%d", i)}.send(t, s) }()
	}
	refused := <-answers
	close(open)
	if refused.Code != 503 || !strings.Contains(refused.Body.String(), `"errno":201`) {
		t.Errorf("got %d %s, want 503", refused.Code, refused.Body)
	}
	for range writes - 1 {
		if w := <-answers; w.Code != 201 && w.Code != 503 {
			t.Errorf("got %d %s, want 201 or 503", w.Code, w.Body)
		}
	}
}

// TestLimitsHoldOnAConnection: the frame answers before the HTTP server would, in the form of the API.
func TestLimitsHoldOnAConnection(t *testing.T) {
	t.Parallel()
	s, _ := start(t, "kinto.body_timeout_seconds = 0.02")
	served := httptest.NewUnstartedServer(nil)
	served.Config = s.HTTPServer()
	served.Start()
	t.Cleanup(served.Close)
	for request, want := range map[string]string{
		"GET /v1/ HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("x", 100<<10) + "\r\n\r\n":                 `{"code":431,"errno":113,`,
		"GET /v1/?" + strings.Repeat("x", 100<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n":                         `{"code":413,"errno":113,`,
		"PUT /v1/buckets/b HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\nContent-Length: 9\r\n\r\n{}": `{"code":400,"errno":107,`,
	} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", served.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, request)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%.40s: %v", request, err)
		}
		body, _ := io.ReadAll(answer.Body)
		_, _ = answer.Body.Close(), conn.Close()
		if !strings.HasPrefix(string(body), want) {
			t.Errorf("%.40s: got %d %s, want %s", request, answer.StatusCode, body, want)
		}
	}
}
