package program

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// Version of the software, set when it is built for a release.
var Version = "0.1.0-dev"

// application is Kinto as the settings want it, with the extension and the listeners of both.
func application(s *config.Settings, e Extension, told []listeners.Listener) (server.App, error) {
	app := server.App{
		Name: s.Project.Name, Version: s.Project.Version, APIVersion: s.Project.APIVersion, Docs: s.Project.Docs,
		Contribute: contribute, Security: security(s),
		Resources: kinto.Resources(kinto.Options{SchemaValidation: s.Resources.SchemaValidation}),
		Policy:    domain.Policy{KeepExplicit: !s.Resources.ExplicitPermissions},
		Enabled: func(r *domain.Resource, kind web.Kind, method string) bool {
			return s.Resources.Enabled(kind == web.PluralEndpoint, r.Name, method)
		},
	}
	if app.Version == "" {
		app.Version = Release()
	}
	if err := setIDs(app.Resources, s.Resources); err != nil {
		return server.App{}, err
	}
	if err := authenticate(&app, s); err != nil {
		return server.App{}, err
	}
	meter, err := meter(s)
	if err != nil {
		return server.App{}, err
	}
	app.Plugins = append(app.Plugins, plugins(s, meter)...)
	if err := attach(&app, s); err != nil {
		return server.App{}, err
	}
	more, err := e.plugins(s.Resources)
	if err != nil {
		return server.App{}, err
	}
	app.Plugins = append(app.Plugins, more...)
	if err := listen(&app, told, meter); err != nil {
		return server.App{}, err
	}
	measure(&app, s, meter)
	e.authenticate(&app)
	app.Policy.Grants = granted(&app, s.Resources.Grants)
	return app, nil
}

// granted are the grants of the settings without those of plug-ins that are not there.
func granted(app *server.App, grants map[string][]string) map[string][]string {
	there := map[string]bool{}
	resources := app.Resources
	for _, p := range app.Plugins {
		resources = slices.Concat(resources, p.Resources)
		for _, name := range p.Grants {
			there[name] = true
		}
	}
	for _, r := range resources {
		there[r.Name] = true
	}
	kept := maps.Clone(grants)
	maps.DeleteFunc(kept, func(name string, _ []string) bool {
		resource, _, _ := strings.Cut(name, "_")
		return !there[resource] && !there[name]
	})
	return kept
}

// Release is the version of the software, with the commit that it was built from where that is known.
func Release() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path != "github.com/kintolog/kintolog" {
		return Version // the commit would be that of somebody else's program
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
			return Version + "+" + setting.Value[:12]
		}
	}
	return Version
}

var generators = map[config.IDGenerator]domain.IDs{
	config.Names: domain.SafeIDs, config.RelaxedUUID: domain.RelaxedUUIDs, config.UUID4: domain.UUIDs,
}

// setIDs gives resources the ids that the settings want for them. What they want in general is for those that have no rule.
func setIDs(resources []domain.Resource, s config.Resources) error {
	for i := range resources {
		r := &resources[i]
		wanted, own := s.IDGenerators[r.Name]
		if !own && r.IDs.Valid == nil {
			wanted = s.IDGenerator
		}
		if wanted == "" {
			continue
		}
		ids, known := generators[wanted]
		if !known {
			return fmt.Errorf("there is no id generator %q for %s", wanted, r.Name)
		}
		r.IDs = ids
	}
	return nil
}

// running is how the service runs as the settings want it.
func running(s *config.Settings, logger *logrus.Logger) server.Config {
	return server.Config{
		DataDir: s.Storage.DataDir, Memory: s.Storage.Volatile, Log: logConfig(s.EventLog), Model: modelConfig(s.Storage),
		Web: webConfig(s), File: s.File, VersionFile: s.Project.VersionFile, RootCache: rootCache(s.HTTP.RootCacheExpires),
		Read: readapi.Options{
			PaginateBy: s.Limits.PaginateBy, MaxFetch: s.Limits.MaxFetchSize, MaxBytes: s.Limits.MaxPageBytes,
			Limits: queryLimits(s.Limits), Cache: cacheExpiry(s.Resources),
		},
		Limits: limits(s.Limits), BatchStrict: s.Limits.BatchStrict,
		Cache: server.CacheConfig{
			Shared: s.Storage.Cache.Backend == config.Shared, Prefix: s.Storage.Cache.Prefix, MaxBytes: s.Storage.Cache.MaxBytes,
		},
		TokenValidity: s.Limits.TokenValidity, MaxLag: s.Limits.MaxLag, MaxLagBytes: s.Limits.MaxLagBytes, Readable: s.Limits.AnswerTimeout,
		ReadTimeout: s.Limits.ReadTimeout, HeartbeatTimeout: s.HTTP.HeartbeatTimeout, Logger: logger,
	}
}

// rootCache is negative for an answer that is not to be kept.
func rootCache(expiry time.Duration) time.Duration {
	if expiry == 0 {
		return -1
	}
	return expiry
}

func logConfig(l config.EventLog) server.LogConfig {
	c := server.LogConfig{
		Stream: l.Stream, Replicas: l.Replicas, Listen: l.Listen, NoSync: l.Sync != config.SyncAlways,
	}
	var urls []string
	for _, u := range l.URLs {
		urls = append(urls, string(u))
	}
	c.URL = strings.Join(urls, ",")
	for _, u := range l.MonitorURLs {
		c.MonitorURLs = append(c.MonitorURLs, string(u))
	}
	if l.User != "" {
		c.Options = append(c.Options, nats.UserInfo(l.User, string(l.Password)))
	}
	if l.Credentials != "" {
		c.Options = append(c.Options, nats.UserCredentials(l.Credentials))
	}
	return c
}

func modelConfig(s config.Storage) server.ModelConfig {
	if s.ReadModel != config.PostgreSQL {
		return server.ModelConfig{}
	}
	return server.ModelConfig{Postgres: string(s.URL)}
}

func webConfig(s *config.Settings) web.Config {
	h := s.HTTP
	c := web.Config{
		Version: s.Project.Prefix(), Scheme: h.Scheme, Host: h.Host, ReadOnly: h.ReadOnly,
		CORS:            rest.CORS{Origins: h.CORS.Origins, MaxAge: seconds(h.CORS.MaxAge), NoCache: h.CORS.MaxAge == 0},
		VersionRedirect: redirect(h.VersionRedirect, h.VersionRedirectTTL), SlashRedirect: redirect(h.SlashRedirect, h.SlashRedirectTTL),
		Errors: rest.ErrorOptions{RetryAfter: seconds(h.RetryAfter), Info: s.Project.ErrorLink},
		EOS:    h.EndOfService.At, EOSMessage: h.EndOfService.Message, EOSURL: cmp.Or(h.EndOfService.URL, s.Project.Docs),
		Limits: requestLimits(s.Limits),
	}
	if h.Backoff > 0 {
		c.Backoff = func() int {
			if h.BackoffPercentage < 100 && rand.IntN(100) >= h.BackoffPercentage {
				return 0
			}
			return seconds(h.Backoff)
		}
	}
	return c
}

func redirect(enabled bool, ttl time.Duration) web.Redirect {
	return web.Redirect{Disabled: !enabled, TTL: seconds(ttl), NoCache: ttl == 0}
}

func seconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return int(d / time.Second)
}

// cacheExpiry is for how long anonymous readers may keep what they read (protocol 2.7).
func cacheExpiry(r config.Resources) readapi.Cache {
	c := readapi.Cache{Seconds: map[string]int{}, Attributes: map[string]string{"record": "cache_expires"}}
	for name, expiry := range r.CacheExpires {
		c.Seconds[strings.TrimSuffix(name, "_cache_expires_seconds")] = seconds(expiry)
	}
	return c
}
