package metrics

import (
	"context"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// Options of a Meter.
type Options struct {
	// Prefix begins the names of all metrics.
	Prefix string
	// Fields are the parameters of paths that requests are told apart by, such as "bucket_id". Those of requests that are
	// answered with 400 or above are empty.
	Fields []string
	// Disabled are names of metrics that are not wanted, with or without prefix and "_total".
	Disabled []string
	// Buckets are the bounds of histograms of time, in seconds, ascending, without infinity. Default 0.01, 0.05, 0.1,
	// 0.5, 1, 3 and 6.
	Buckets []float64
	// WithoutCreated leaves out when each series began.
	WithoutCreated bool
	// MaxSeries bounds by how many combinations of endpoint and fields, and by how many users, is measured; those that
	// come later are measured together, without fields and as the user "other". Default 10,000.
	MaxSeries int
}

func (o Options) withDefaults() Options {
	if o.Buckets == nil {
		o.Buckets = []float64{.01, .05, .1, .5, 1, 3, 6}
	}
	if o.MaxSeries == 0 {
		o.MaxSeries = 10_000
	}
	return o
}

// Meter measures one service.
type Meter struct {
	all
	sink     sink
	requests requests
	plugin   server.Plugin
}

func newMeter(o Options, s sink, p server.Plugin) *Meter {
	m := &Meter{all: newAll(o.Fields), sink: s, plugin: p}
	for _, metric := range m.list() {
		s.add(metric)
	}
	m.requests = newRequests(m, o)
	return m
}

// Plugin is what makes the service tell. It is for one service.
func (m *Meter) Plugin() server.Plugin {
	p := m.plugin
	p.Observe = m.requests.observe
	p.Wrap = server.Wrappers{
		Log:   func(l eventstore.Log) eventstore.Log { return log{l, m} },
		Model: func(s projections.Store) projections.Store { return model{s, m} },
		Cache: func(c domain.Cache) domain.Cache { return store{c, m} },
	}
	return p
}

// Authentication measures a policy. A nil Meter returns it as it is. It must not be called once the service runs.
func (m *Meter) Authentication(name string, make server.Authentication) server.Authentication {
	if m == nil {
		return make
	}
	metric := ofPolicy(name)
	m.sink.add(metric)
	return func(p server.Parts) (web.Authenticator, error) {
		inner, err := make(p)
		return authenticator{inner, m, metric}, err
	}
}

// Listener measures how long calls of a listener take. A nil Meter does not. It must not be called once the service runs.
func (m *Meter) Listener(name string) func(took time.Duration) {
	if m == nil {
		return func(time.Duration) {}
	}
	metric := ofListener(name)
	observe := m.Timer(metric.name, metric.help)
	return func(took time.Duration) { observe(took) }
}

// Timer measures how long something of the service's own takes, under a name without prefix that ends in "_seconds", such
// as "import_seconds". What it returns is told the values of the labels, one for each. A nil Meter does not measure. It must
// not be called once the service runs, and panics if there is another metric of that name.
func (m *Meter) Timer(name, help string, labels ...string) func(took time.Duration, values ...string) {
	if m == nil {
		return func(time.Duration, ...string) {}
	}
	metric := &metric{name, help, timer, labels}
	m.sink.add(metric)
	return func(took time.Duration, values ...string) { m.sink.observe(metric, took.Seconds(), values...) }
}

// Counter counts something of the service's own, as Timer measures. The name is without "_total".
func (m *Meter) Counter(name, help string, labels ...string) func(values ...string) {
	if m == nil {
		return func(...string) {}
	}
	metric := &metric{name, help, counter, labels}
	m.sink.add(metric)
	return func(values ...string) { m.sink.observe(metric, 1, values...) }
}

// Gauge tells a number of the service's own as it is when it is asked for, by calls that may be concurrent. A nil Meter does
// not. It must not be called once the service runs, and panics if there is another metric of that name.
func (m *Meter) Gauge(name, help string, read func() float64) {
	if m != nil {
		m.sink.gauge(gauge{name, help, func(context.Context) (float64, error) { return read(), nil }})
	}
}

// since observes the time that a method took.
func (m *Meter) since(start time.Time, metric *metric, method ...string) {
	m.sink.observe(metric, time.Since(start).Seconds(), method...)
}

// gauge is a number that is asked for.
type gauge struct {
	name, help string
	read       func(context.Context) (float64, error)
}

// gauges are those of a running service.
func gauges(p server.Parts) []gauge {
	return []gauge{
		{"projection_lag", "Entries of the log that are not in the read model.", func(ctx context.Context) (float64, error) {
			tail, err := p.Log.Tail(ctx)
			position := p.Progress.Position()
			return float64(max(tail.Position, position) - position), err
		}},
		{"waiting_transactions", "Transactions that wait for the next commit.", func(context.Context) (float64, error) {
			return float64(p.Loop.Waiting()), nil
		}},
	}
}
