package main_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// spans are what a collector received.
type spans struct {
	mu       sync.Mutex
	all      []*trace.Span
	services map[string]bool
}

// collect runs a collector of OpenTelemetry.
func collect(t *testing.T) (address string, _ *spans) {
	t.Helper()
	s := &spans{services: map[string]bool{}}
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &request)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, resource := range request.GetResourceSpans() {
			for _, attribute := range resource.GetResource().GetAttributes() {
				if attribute.GetKey() == "service.name" {
					s.services[attribute.GetValue().GetStringValue()] = true
				}
			}
			for _, scope := range resource.GetScopeSpans() {
				s.all = append(s.all, scope.GetSpans()...)
			}
		}
	}))
	t.Cleanup(receiver.Close)
	return receiver.URL, s
}

// named are the spans with a name.
func (s *spans) named(name string) (found []*trace.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, span := range s.all {
		if span.GetName() == name {
			found = append(found, span)
		}
	}
	return found
}

func TestAWriteItsAppendAndItsProjectionAreOneTrace(t *testing.T) {
	t.Parallel()
	address, received := collect(t)
	p := newPlace(t)
	p.env = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + address, "OTEL_SERVICE_NAME=my-kinto"}
	p.must("init", "--backend", "sqlite", "--cache-backend", "memory", "--host", "127.0.0.1")
	p.must("create-user", "-u", "admin", "-p", "s3cret")
	s := p.start()
	s.must(admin, "PUT", "/buckets/b", "", 201)
	s.must(admin, "PUT", "/buckets/c", "", 201)
	s.end()

	requests := received.named("PUT /v1/buckets/{id}")
	if len(requests) != 2 || !received.services["my-kinto"] {
		t.Fatalf("got %d spans of writes, of services %v, want 2 of my-kinto\n%s", len(requests), received.services, s.Log())
	}
	for _, request := range requests {
		id := hex.EncodeToString(request.GetTraceId())
		for _, name := range []string{"append", "project"} {
			var within []*trace.Span
			for _, span := range received.named(name) {
				if string(span.GetTraceId()) == string(request.GetTraceId()) {
					within = append(within, span)
				}
			}
			if len(within) != 1 || string(within[0].GetParentSpanId()) != string(request.GetSpanId()) {
				t.Errorf("trace %s: got %v of %s, want one below the request", id, within, name)
			}
		}
		if line := fmt.Sprintf("trace_id=%s", id); !strings.Contains(s.Errors(), line) {
			t.Errorf("the log does not have %s\n%s", line, s.Errors())
		}
	}
}

func TestNothingIsExportedUnlessTheEnvironmentAsksForIt(t *testing.T) {
	t.Parallel()
	address, received := collect(t)
	for _, env := range [][]string{
		{"OTEL_EXPORTER_OTLP_ENDPOINT=" + address, "OTEL_SDK_DISABLED=true"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=" + address, "OTEL_TRACES_EXPORTER=none"},
		{"OTEL_SERVICE_NAME=kinto"},
		{"OTEL_METRICS_EXPORTER=otlp", "OTEL_LOGS_EXPORTER=none", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=" + address},
	} {
		p := newPlace(t)
		p.env = env
		p.must("init", "--backend", "sqlite", "--cache-backend", "memory", "--host", "127.0.0.1")
		s := p.start()
		s.must(admin, "GET", "/", "", 200)
		s.end()
		told := strings.Count(s.Errors(), "has no effect: metrics are served for Prometheus")
		if want := strings.Count(strings.Join(env, " "), "_METRICS_"); told != want {
			t.Errorf("%v: %d of what has no effect are told, want %d\n%s", env, told, want, s.Errors())
		}
	}
	if received.all != nil {
		t.Errorf("got %v", received.all)
	}
	for env, says := range map[string]string{
		"OTEL_TRACES_EXPORTER=zipkin":      "OTEL_TRACES_EXPORTER must be otlp or none",
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc": "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf",
	} {
		p := newPlace(t)
		p.env = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + address, env}
		p.must("init", "--backend", "sqlite", "--cache-backend", "memory", "--host", "127.0.0.1")
		if code, _, stderr := p.run("", "start", "--port", "0"); code != 1 || !strings.Contains(stderr, says) {
			t.Errorf("%s: got %d %s, want 1 with %q", env, code, stderr, says)
		}
	}
}
