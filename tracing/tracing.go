// Package tracing makes spans of what becomes of a request behind the HTTP API: that its events are appended to the log, and
// that they are projected into the read model, in this process or another one. Events carry the traceparent of the request
// that caused them, so that all of it is one trace. The spans of requests themselves are those of package web.
//
// It exports nothing: whoever gives it a TracerProvider decides where spans go.
package tracing

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/server"
)

// Names of spans.
const (
	Append  = "append"
	Project = "project"
)

// Plugin makes the spans. It is for one service or projector.
func Plugin(provider trace.TracerProvider) server.Plugin {
	s := &spans{
		tracer:   provider.Tracer("github.com/kintolog/kintolog/tracing"),
		followed: map[domain.Position][]string{},
	}
	return server.Plugin{Name: "tracing", Wrap: server.Wrappers{
		Log:   func(l eventstore.Log) eventstore.Log { return log{l, s} },
		Model: func(m projections.Store) projections.Store { return model{m, s} },
	}}
}

// What is remembered of entries that are not in the read model yet. What is older is caught up with: nobody waits for it.
const (
	maxFollowed = 10_000
	maxAge      = time.Minute
)

// spans makes spans that are parts of the traces of requests.
type spans struct {
	tracer trace.Tracer

	mu       sync.Mutex
	applied  domain.Position
	followed map[domain.Position][]string // traceparents of the events of an entry
}

// tell makes a span from start to now in each of the traces.
func (s *spans) tell(name string, traces []string, start time.Time, position domain.Position, err error) {
	for _, traceparent := range traces {
		ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
		_, span := s.tracer.Start(ctx, name, trace.WithTimestamp(start))
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
		} else {
			span.SetAttributes(attribute.Int64("kintolog.position", int64(position))) //nolint:gosec // a log does not get that long
		}
		span.End()
	}
}

// tracesOf are the traceparents of events, each once.
func tracesOf(events []domain.Event) (traces []string) {
	known := map[string]bool{"": true}
	for _, e := range events {
		if t := e.Origin.Trace; !known[t] {
			known[t] = true
			traces = append(traces, t)
		}
	}
	return traces
}

// follow remembers an entry that is on its way to the read model.
func (s *spans) follow(e eventstore.Entry) {
	if len(e.Events) == 0 || time.Since(e.Events[0].Origin.Time.Time()) > maxAge {
		return
	}
	traces := tracesOf(e.Events)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(traces) > 0 && e.Position > s.applied && len(s.followed) < maxFollowed {
		s.followed[e.Position] = traces
	}
}

// apply forgets the entries up to the second position, and returns the traces of those after the first: others were applied
// by somebody else.
func (s *spans) apply(from, to domain.Position) (traces map[domain.Position][]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applied = to
	traces = map[domain.Position][]string{}
	for position, of := range s.followed {
		if position <= to {
			delete(s.followed, position)
		}
		if position > from && position <= to {
			traces[position] = of
		}
	}
	return traces
}
