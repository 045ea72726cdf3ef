package metrics_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/metrics"
)

func TestRequestsAreCountedByEndpointAndStatus(t *testing.T) {
	t.Parallel()
	s := start(t, metrics.Prometheus(metrics.Options{Prefix: "kinto", Fields: fields}))
	ask(t, s, "PUT /buckets/b", "")
	ask(t, s, "PUT /buckets/b/collections/c", "")
	ask(t, s, "PUT /buckets/b/collections/c/records/r", `{"data":{"a":1}}`)
	ask(t, s, "GET /buckets/b/collections/c/records/r", "")
	ask(t, s, "GET /buckets/b/collections/c/records/none", "")
	ask(t, s, "GET /nowhere", "")
	ask(t, s, "BREW /buckets", "")
	none := `bucket_id="",collection_id="",endpoint="%s",group_id="",method="%s",record_id=""`
	r := `bucket_id="b",collection_id="c",endpoint="record-object",group_id="",method="get",record_id="r"`
	has(t, exposition(t, s),
		`kinto_request_summary_total{`+r+`,status="200"} 1`,
		`kinto_request_summary_total{bucket_id="b",collection_id="",endpoint="bucket-object",group_id="",method="put",record_id="",status="201"} 1`,
		fmt.Sprintf(`kinto_request_summary_total{`+none+`,status="404"} 1`, "record-object", "get"),
		fmt.Sprintf(`kinto_request_summary_total{`+none+`,status="404"} 1`, "unknown", "get"),
		fmt.Sprintf(`kinto_request_summary_total{`+none+`,status="405"} 1`, "bucket-plural", "other"),
		`kinto_request_duration_seconds_bucket{`+r+`,le="0.01"} `,
		`kinto_request_duration_seconds_bucket{`+r+`,le="6"} 1`,
		`kinto_request_duration_seconds_bucket{`+r+`,le="+Inf"} 1`,
		`kinto_request_size_count{`+r+`} 1`,
		`kinto_request_size_sum{`+r+`} `,
		`# TYPE kinto_request_summary_total counter`,
		`# TYPE kinto_request_duration_seconds histogram`,
		`# TYPE kinto_request_size summary`,
	)
}

func TestWhatTheServiceRunsOnIsMeasured(t *testing.T) {
	t.Parallel()
	s := start(t, metrics.Prometheus(metrics.Options{Prefix: "kinto"}))
	ask(t, s, "PUT /buckets/b", "")
	ask(t, s, "GET /buckets", "")
	ask(t, s, "GET /__heartbeat__", "")
	if _, _, err := s.Parts().Cache.Get(t.Context(), "none"); err != nil {
		t.Fatal(err)
	}
	text := exposition(t, s)
	has(t, text,
		`kinto_users_total{auth="basicauth",userid="`, `kinto_authentication_total{type="basicauth"} 2`,
		`kinto_authentication_basicauth_seconds_count{method="authenticate"} 2`,
		`kinto_backend_storage_seconds_count{method="load"} `, `kinto_backend_storage_seconds_count{method="apply"} `,
		`kinto_backend_cache_seconds_count{method="get"} 1`, `kinto_cache_misses_total 1`, `kinto_cache_hits_total 0`,
		`kinto_commits_total 2`, // the log begins with one
		`kinto_commit_events_sum 2`, `kinto_log_append_seconds_count 2`,
		`kinto_projection_lag 0`, `kinto_waiting_transactions 0`, `go_goroutines `,
	)
}

func TestAServiceMeasuresWhatItWants(t *testing.T) {
	t.Parallel()
	m := metrics.Prometheus(metrics.Options{Prefix: "todo"})
	imported := m.Counter("imports", "Lists that were imported.", "from")
	took := m.Timer("import_seconds", "Time that an import takes.")
	m.Gauge("imports_running", "Imports that are under way.", func() float64 { return 7 })
	imported("a")
	imported("b")
	imported("b")
	took(2 * time.Second)
	has(t, exposition(t, start(t, m)),
		`# HELP todo_imports_total Lists that were imported.`,
		`todo_imports_total{from="a"} 1`, `todo_imports_total{from="b"} 2`, `todo_import_seconds_sum 2`, `todo_imports_running 7`)
	defer func() {
		if recover() == nil {
			t.Error("there are two metrics of one name")
		}
	}()
	m.Timer("imports", "Another one.")
}

func TestListenersWhoseNamesLookTheSameShareAMetric(t *testing.T) {
	t.Parallel()
	m := metrics.Prometheus(metrics.Options{Prefix: "kinto"})
	for _, name := range []string{"a-b", "a_b"} {
		m.Listener(name)(time.Second)
	}
	has(t, exposition(t, start(t, m)), `kinto_listeners_a_b_seconds_count 2`)
}

func TestNoTwoLinesAreIdentical(t *testing.T) {
	t.Parallel()
	s := start(t, metrics.Prometheus(metrics.Options{Prefix: "kinto", Fields: fields}))
	for i := range 3 {
		ask(t, s, fmt.Sprintf("PUT /buckets/b%d", i), "")
		ask(t, s, "POST /batch", `{"requests":[{"path":"/buckets/b0"},{"path":"/buckets/b1"}]}`)
		exposition(t, s)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(exposition(t, s)) {
		if seen[line] {
			t.Errorf("twice: %s", line)
		}
		seen[line] = true
	}
}

func TestItIsServedAsTextAndAnnounced(t *testing.T) {
	t.Parallel()
	s := start(t, metrics.Prometheus(metrics.Options{Prefix: "My-project_1. a", Disabled: []string{"users"}}))
	w := ask(t, s, "GET /__metrics__", "")
	if got, want := w.Header().Get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8"; got != want {
		t.Errorf("Content-Type: got %q, want %q", got, want)
	}
	var hello struct {
		Capabilities map[string]struct {
			Prefix   string   `json:"prefix"`
			Disabled []string `json:"disabled_metrics"`
		} `json:"capabilities"`
	}
	if err := json.Unmarshal(ask(t, s, "GET /", "").Body.Bytes(), &hello); err != nil {
		t.Fatal(err)
	}
	got := hello.Capabilities["prometheus"]
	if got.Prefix != "myproject1a_" || len(got.Disabled) != 1 {
		t.Errorf("capability: got %+v", got)
	}
	has(t, exposition(t, s), "myproject1a_commits_total ")
}

func TestDisabledMetricsAreLeftOut(t *testing.T) {
	t.Parallel()
	s := start(t, metrics.Prometheus(metrics.Options{
		Prefix: "kinto", Disabled: []string{"users", "kinto_request_summary_total", "backend.cache-seconds", "projection_lag", "authentication_basicauth_seconds"},
	}))
	ask(t, s, "PUT /buckets/b", "")
	text := exposition(t, s)
	for _, name := range []string{"kinto_users", "kinto_request_summary", "kinto_backend_cache", "kinto_projection_lag", "kinto_authentication_basicauth"} {
		if strings.Contains(text, name) {
			t.Errorf("got %s", name)
		}
	}
	has(t, text, "kinto_request_duration_seconds_count", "kinto_waiting_transactions ")
}

func TestHistogramsHaveTheBucketsAskedFor(t *testing.T) {
	t.Parallel()
	s := start(t, metrics.Prometheus(metrics.Options{Prefix: "kinto", Buckets: []float64{7, 8}}))
	ask(t, s, "GET /buckets", "")
	text := exposition(t, s)
	labels := `kinto_request_duration_seconds_bucket{endpoint="bucket-plural",method="get",le=`
	has(t, text, labels+`"7"} 1`, labels+`"8"} 1`, labels+`"+Inf"} 1`)
	if strings.Contains(text, labels+`"0.01"`) {
		t.Error("got a default bucket")
	}
}

func TestSeriesTellWhenTheyBeganUnlessToldNotTo(t *testing.T) {
	t.Parallel()
	for _, without := range []bool{false, true} {
		s := start(t, metrics.Prometheus(metrics.Options{Prefix: "kinto", WithoutCreated: without}))
		ask(t, s, "GET /buckets", "")
		text := exposition(t, s)
		for _, line := range []string{
			"# TYPE kinto_request_summary_created gauge\n", `kinto_request_summary_created{endpoint="bucket-plural",method="get",status="200"} 1.`,
			"# TYPE kinto_request_size_created gauge\n", "# TYPE kinto_request_duration_seconds_created gauge\n",
		} {
			if got := strings.Contains(text, line); got == without {
				t.Errorf("without %v: %q: got %v", without, line, got)
			}
		}
	}
}

func TestClientsCannotMakeUpSeriesWithoutEnd(t *testing.T) {
	t.Parallel()
	s := start(t, metrics.Prometheus(metrics.Options{Prefix: "kinto", Fields: fields, MaxSeries: 2}))
	for i := range 5 {
		if w := ask(t, s, fmt.Sprintf("PUT /buckets/b%d", i), ""); w.Code != 201 {
			t.Fatalf("PUT: got %d %s", w.Code, w.Body)
		}
	}
	text := exposition(t, s)
	has(t, text, `kinto_request_summary_total{bucket_id="",collection_id="",endpoint="bucket-object",group_id="",method="put",record_id="",status="201"} 3`)
	if strings.Contains(text, `bucket_id="b2"`) {
		t.Error("got a series beyond the limit")
	}
}

func TestPreflightsMakeNoSeriesOfIDs(t *testing.T) {
	t.Parallel()
	s := start(t, metrics.Prometheus(metrics.Options{Prefix: "kinto", Fields: fields}))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/v1/buckets/none", nil)
	r.Header.Set("Origin", "https://example.com")
	r.Header.Set("Access-Control-Request-Method", "GET")
	s.ServeHTTP(httptest.NewRecorder(), r)
	has(t, exposition(t, s),
		`kinto_request_summary_total{bucket_id="",collection_id="",endpoint="bucket-object",group_id="",method="options",record_id="",status="200"} 1`)
}
