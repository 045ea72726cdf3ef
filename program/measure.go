package program

import (
	"cmp"
	"errors"
	"net/url"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/metrics"
	"github.com/kintolog/kintolog/server"
)

// measure adds the metrics that the settings ask for, if they do. There is one service for them: the last of those included.
func measure(app *server.App, s *config.Settings, meter *metrics.Meter) {
	if meter == nil {
		return
	}
	for i, p := range s.Auth.Policies {
		app.Authenticators[i] = meter.Authentication(p.Name, app.Authenticators[i])
	}
	app.Plugins = append(app.Plugins, meter.Plugin())
}

// meter is nil if nothing is to be measured. Older versions of Kinto have no plug-in for StatsD, but its address.
func meter(s *config.Settings) (*metrics.Meter, error) {
	wanted := config.Plugin("")
	if s.Metrics.StatsdURL != "" {
		wanted = config.PluginStatsd
	}
	for _, p := range s.Plugins.Includes {
		if p == config.PluginPrometheus || p == config.PluginStatsd {
			wanted = p
		}
	}
	o := metrics.Options{
		Prefix: s.Metrics.Prefix, Fields: s.Metrics.MatchdictFields, Disabled: s.Metrics.Disabled,
		Buckets: s.Metrics.HistogramBuckets, WithoutCreated: !s.Metrics.CreatedSeries,
	}
	switch wanted {
	case config.PluginPrometheus:
		return metrics.Prometheus(o), nil
	case config.PluginStatsd:
		return statsd(s, o)
	}
	return nil, nil //nolint:nilnil // there is none
}

func statsd(s *config.Settings, o metrics.Options) (*metrics.Meter, error) {
	if s.Metrics.StatsdURL == "" {
		return nil, errors.New("kinto.plugins.statsd needs statsd_url, such as udp://127.0.0.1:8125")
	}
	address, err := url.Parse(string(s.Metrics.StatsdURL))
	if err != nil {
		return nil, errors.New("statsd_url must be such as udp://127.0.0.1:8125")
	}
	o.Prefix = cmp.Or(s.Project.Name, s.Metrics.StatsdPrefix)
	return metrics.StatsD(address.Host, o)
}
