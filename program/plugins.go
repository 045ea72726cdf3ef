package program

import (
	"cmp"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/kinto/admin"
	"github.com/kintolog/kintolog/kinto/counters"
	"github.com/kintolog/kintolog/kinto/defaultbucket"
	"github.com/kintolog/kintolog/kinto/flush"
	"github.com/kintolog/kintolog/kinto/history"
	"github.com/kintolog/kintolog/kinto/permissions"
	"github.com/kintolog/kintolog/kinto/userdata"
	"github.com/kintolog/kintolog/live"
	"github.com/kintolog/kintolog/metrics"
	"github.com/kintolog/kintolog/server"
)

// plugins are those that the settings ask for, beside those that come with authentication policies.
func plugins(s *config.Settings, meter *metrics.Meter) []server.Plugin {
	has := s.Plugins.Has
	all := []server.Plugin{userdata.New()}
	for _, p := range []struct {
		wanted bool
		plugin server.Plugin
	}{
		{s.Auth.HasPolicy(config.BasicAuth), announced("basicauth",
			"http://kinto.readthedocs.io/en/stable/api/1.x/authentication.html",
			"Very basic authentication sessions. Not for production use.")},
		{s.Resources.SchemaValidation, announced("schema",
			"https://kinto.readthedocs.io/en/latest/api/1.x/collections.html#collection-json-schema",
			"Validates collection records with JSON schemas.")},
		{has(config.PluginDefaultBucket), defaultbucket.New(defaultbucket.Options{Secret: string(s.Plugins.DefaultBucketSecret)})},
		{s.Resources.PermissionsEndpoint || has(config.PluginAdmin), permissions.New()},
		{has(config.PluginHistory), history.New(historyOptions(s.Plugins.History))},
		{has(config.PluginAdmin), admin.New(admin.Options{Assets: s.Plugins.AdminAssets})},
		{has(config.PluginFlush), flush.New()},
		{has(config.PluginCounters), counters.New()},
		{s.Limits.MaxSubscribers > 0, live.New(liveOptions(s.Limits, meter))},
	} {
		if p.wanted {
			all = append(all, p.plugin)
		}
	}
	return all
}

func liveOptions(l config.Limits, meter *metrics.Meter) live.Options {
	return live.Options{
		Max: l.MaxSubscribers, Replay: cmp.Or(l.MaxReplay, -1),
		Measure: func(subscribers func() float64) {
			meter.Gauge("subscribers", "Clients that hear of changes as they happen.", subscribers)
		},
	}
}

func historyOptions(h config.History) history.Options {
	o := history.Options{ExcludeResources: h.ExcludeResources, ExcludeUserIDs: h.ExcludeUserIDs}
	if h.TrimMaxCount > 0 {
		o.Trim = &history.Trim{MaxCount: h.TrimMaxCount, Threshold: h.TrimThreshold, UserIDs: h.TrimUserIDs}
	}
	return o
}

// announced is a capability that something else provides.
func announced(name, url, description string) server.Plugin {
	return server.Plugin{Name: name, Capability: &server.Capability{Name: name, URL: url, Description: description}}
}
