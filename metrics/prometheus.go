package metrics

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// Prometheus serves what is measured at /__metrics__, together with what the Go runtime and the operating system know of
// the process. Of the prefix, blanks and the characters ".", "-" and "_" are left out; it is followed by "_".
func Prometheus(o Options) *Meter {
	o = o.withDefaults()
	p := &exposition{
		options: o, prefix: cleaned(o.Prefix), registry: prometheus.NewRegistry(), metrics: map[*metric]observer{},
	}
	p.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return newMeter(o, p, server.Plugin{
		Name: "prometheus",
		Capability: &server.Capability{
			Name: "prometheus", Description: "Prometheus metrics.", URL: "https://github.com/Kinto/kinto/",
			Extra: map[string]any{"prefix": p.prefix, "disabled_metrics": slices.Concat([]string{}, o.Disabled)},
		},
		Endpoints: p.endpoints,
	})
}

// cleaned is a prefix as metrics have it, "" for none.
func cleaned(prefix string) string {
	prefix = strings.ToLower(strings.NewReplacer("-", "", ".", "", " ", "", "_", "").Replace(prefix))
	if prefix == "" {
		return ""
	}
	return prefix + "_"
}

// observer takes the values of one metric.
type observer func(value float64, labels []string)

// exposition keeps what is measured until Prometheus asks.
type exposition struct {
	options  Options
	prefix   string
	registry *prometheus.Registry
	metrics  map[*metric]observer // without those that are disabled
}

func (p *exposition) add(m *metric) {
	if p.disabled(m.name) {
		return
	}
	for other, observe := range p.metrics {
		if other.name != m.name {
			continue
		}
		if other.kind != m.kind || !slices.Equal(other.labels, m.labels) {
			panic("there is another metric " + m.name)
		}
		p.metrics[m] = observe // of policies or listeners whose names differ in what names of metrics cannot have
		return
	}
	name := p.prefix + m.name
	switch m.kind {
	case counter, unique:
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name + "_total", Help: m.help}, m.labels)
		p.registry.MustRegister(v)
		p.metrics[m] = func(_ float64, labels []string) { v.WithLabelValues(labels...).Inc() }
		if len(m.labels) == 0 {
			v.WithLabelValues() // shows as zero before the first
		}
	case sizes:
		v := prometheus.NewSummaryVec(prometheus.SummaryOpts{Name: name, Help: m.help}, m.labels)
		p.registry.MustRegister(v)
		p.metrics[m] = func(value float64, labels []string) { v.WithLabelValues(labels...).Observe(value) }
	default:
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: m.help, Buckets: p.buckets(m)}, m.labels)
		p.registry.MustRegister(v)
		p.metrics[m] = func(value float64, labels []string) { v.WithLabelValues(labels...).Observe(value) }
	}
}

func (p *exposition) buckets(m *metric) []float64 {
	if m.kind == numbers {
		return []float64{1, 2, 5, 10, 25, 50, 100, 250, 1000}
	}
	return p.options.Buckets
}

func (p *exposition) disabled(name string) bool {
	return slices.ContainsFunc(p.options.Disabled, func(given string) bool {
		given = strings.TrimSuffix(strings.TrimPrefix(underscored(given), p.prefix), "_total")
		return given == name
	})
}

func (p *exposition) observe(m *metric, value float64, labels ...string) {
	if observe := p.metrics[m]; observe != nil {
		observe(value, labels)
	}
}

func (p *exposition) endpoints(parts server.Parts) ([]web.Endpoint, error) {
	for _, g := range gauges(parts) {
		p.gauge(g)
	}
	return []web.Endpoint{{
		Name: "metrics", Path: "/__metrics__", Public: true, Methods: []web.Method{{Name: http.MethodGet, Handle: p.serve}},
	}}, nil
}

func (p *exposition) gauge(g gauge) {
	if !p.disabled(g.name) {
		opts := prometheus.GaugeOpts{Name: p.prefix + g.name, Help: g.help}
		p.registry.MustRegister(prometheus.NewGaugeFunc(opts, func() float64 { return read(g) }))
	}
}

// read asks for no longer than a second. What is not known is no number.
func read(g gauge) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	value, err := g.read(ctx)
	if err != nil {
		return math.NaN()
	}
	return value
}

func (p *exposition) serve(w http.ResponseWriter, _ *web.Request) error {
	families, err := p.registry.Gather()
	if err != nil {
		return &domain.Error{Code: domain.Internal, Cause: err}
	}
	if !p.options.WithoutCreated {
		families = withCreated(families)
	}
	var body bytes.Buffer
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	encoder := expfmt.NewEncoder(&body, format)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return &domain.Error{Code: domain.Internal, Cause: err}
		}
	}
	w.Header().Set("Content-Type", string(format))
	_, _ = w.Write(body.Bytes())
	return nil
}

// withCreated adds after each family that counts another one, which tells when its series began.
func withCreated(families []*dto.MetricFamily) []*dto.MetricFamily {
	var all []*dto.MetricFamily
	for _, f := range families {
		all = append(all, f)
		created := &dto.MetricFamily{
			Name: new(strings.TrimSuffix(f.GetName(), "_total") + "_created"), Help: f.Help, Type: dto.MetricType_GAUGE.Enum(),
		}
		for _, m := range f.GetMetric() {
			since := cmp.Or(m.GetCounter().GetCreatedTimestamp(), m.GetSummary().GetCreatedTimestamp(), m.GetHistogram().GetCreatedTimestamp())
			if since == nil {
				continue
			}
			seconds := float64(since.AsTime().UnixNano()) / float64(time.Second)
			created.Metric = append(created.Metric, &dto.Metric{Label: m.GetLabel(), Gauge: &dto.Gauge{Value: &seconds}})
		}
		if len(created.GetMetric()) > 0 {
			all = append(all, created)
		}
	}
	return all
}
