package web

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// requestID is the one that the client or a proxy gave, if it is harmless, or a random one.
func requestID(h http.Header) string {
	if given := h["X-Request-Id"]; len(given) == 1 && isRequestID(given[0]) {
		return given[0]
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

// isRequestID accepts what can stand in a log and a header as it is.
func isRequestID(id string) bool {
	const longest = 128
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '_', c == '.', c == ':', c == '/', c == '+', c == '=':
		default:
			return false
		}
	}
	return id != "" && len(id) <= longest
}

// traceparent is the span that the request runs in, or the one that the client says it runs in.
func traceparent(r *http.Request) string {
	span := trace.SpanContextFromContext(r.Context())
	if !span.IsValid() {
		given := r.Header["Traceparent"]
		if len(given) == 0 {
			return ""
		}
		span = trace.SpanContextFromContext(
			propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header)))
		if !span.IsValid() {
			return ""
		}
	}
	return "00-" + span.TraceID().String() + "-" + span.SpanID().String() + "-" + span.TraceFlags().String()
}
