// Package metrics measures a service and tells Prometheus or StatsD (protocol 7.7).
//
// A [Meter] is a plug-in of package server: it is told of each request, and stands between the service and its log, read
// model, cache and authenticators. What is measured is listed in metric.go; where the numbers go is in prometheus.go and
// statsd.go. Traces are not made here: see web.Config and package tracing.
//
// Start with [Prometheus].
package metrics
