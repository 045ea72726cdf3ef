package metrics

import (
	"slices"
	"strings"
)

// kind says how the values of a metric are summed up.
type kind int

const (
	counter kind = iota
	timer        // seconds, as a histogram
	numbers      // as a histogram with bounds of its own
	sizes        // bytes, as a sum and a count
	unique       // a counter of which StatsD makes a set
)

// metric is something that is measured.
type metric struct {
	name   string // without prefix; that of a counter without "_total"
	help   string
	kind   kind
	labels []string
}

// sink is where values go. Its methods may be called concurrently, once all metrics and gauges are added.
type sink interface {
	add(m *metric)
	gauge(g gauge)
	// observe counts one if the metric is a counter. The labels are in the order of m.labels.
	observe(m *metric, value float64, labels ...string)
}

// all are the metrics but those of authentication, which are named after policies.
type all struct {
	summary, duration, size                  *metric
	users, authentication                    *metric
	storage, permission, cache, hits, misses *metric
	commits, commitEvents, appending         *metric
}

func newAll(fields []string) all {
	request := append([]string{"method", "endpoint"}, fields...)
	method := []string{"method"}
	return all{
		summary:        &metric{"request_summary", "Requests by status.", counter, append(slices.Clip(request), "status")},
		duration:       &metric{"request_duration_seconds", "Time from a request to its answer.", timer, request},
		size:           &metric{"request_size", "Bytes of the bodies of answers.", sizes, request},
		users:          &metric{"users", "Requests by user.", unique, []string{"auth", "userid"}},
		authentication: &metric{"authentication", "Authenticated requests by policy.", counter, []string{"type"}},
		storage:        &metric{"backend_storage_seconds", "Time that the read model takes for objects.", timer, method},
		permission:     &metric{"backend_permission_seconds", "Time that the read model takes to find what principals have access to.", timer, method},
		cache:          &metric{"backend_cache_seconds", "Time that the cache takes.", timer, method},
		hits:           &metric{"cache_hits", "Reads of the cache that found something.", counter, nil},
		misses:         &metric{"cache_misses", "Reads of the cache that found nothing.", counter, nil},
		commits:        &metric{"commits", "Commits appended to the log.", counter, nil},
		commitEvents:   &metric{"commit_events", "Events of a commit.", numbers, nil},
		appending:      &metric{"log_append_seconds", "Time that the log takes to append a commit.", timer, nil},
	}
}

func (a all) list() []*metric {
	return []*metric{
		a.summary, a.duration, a.size, a.users, a.authentication, a.storage, a.permission, a.cache, a.hits, a.misses,
		a.commits, a.commitEvents, a.appending,
	}
}

// ofPolicy is the metric of an authentication policy.
func ofPolicy(name string) *metric {
	return &metric{
		"authentication_" + underscored(name) + "_seconds", "Time that the policy " + name + " takes to recognise a caller.", timer, []string{"method"},
	}
}

// ofListener is the metric of a listener (protocol 7.7).
func ofListener(name string) *metric {
	return &metric{"listeners_" + underscored(name) + "_seconds", "Time that the listener " + name + " takes for an event.", timer, nil}
}

var underscores = strings.NewReplacer("-", "_", ".", "_", " ", "_")

func underscored(name string) string { return underscores.Replace(name) }
