// Package server puts a service together and runs it: the log, a read model, the projector between them, the writer,
// and the HTTP endpoints of declared resources.
//
// An [App] is what a service is; it comes from code. A [Config] is how it runs; it comes from an operator. [Open] makes
// a [Server] of both, which is an http.Handler. Plug-ins add to an App through [Plugin], by the same means that
// the application itself has.
//
// This is the only package that knows every implementation by name.
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/batch"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/idempotency"
	"github.com/kintolog/kintolog/internal/nearest"
	"github.com/kintolog/kintolog/openapi"
	"github.com/kintolog/kintolog/projections/cached"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// App is what a service is.
type App struct {
	// Name and Version are those of the service, told by its root endpoint.
	Name, Version string
	// APIVersion is that of the HTTP API, "major.minor"; the major one prefixes every path. Default "1.23".
	APIVersion string
	// Docs is where people read about the service.
	Docs string
	// Contribute is the JSON document that tells people how to take part (protocol 6.5). Default none.
	Contribute []byte
	// Resources it serves, parents before children.
	Resources []domain.Resource
	// Policy grants permissions of resources, and what plug-ins ask for (Plugin.Grants).
	Policy domain.Policy
	// Authenticators are asked in order who calls.
	Authenticators []Authentication
	// Security tells clients how callers identify themselves, by the name of the policy (protocol 6.6).
	Security map[string]openapi.Scheme
	Plugins  []Plugin
	// Enabled, if set, tells whether a method of a resource's plural or object endpoint is served.
	Enabled func(r *domain.Resource, kind web.Kind, method string) bool
}

// Config is how a service runs. The zero value but for DataDir runs it in one process, with nothing else needed.
type Config struct {
	// DataDir is the folder of the embedded log and read model. Required unless both are external, or Memory is set.
	DataDir string
	// Memory keeps nothing: log and read model are in a temporary folder that Close removes.
	Memory bool
	Log    LogConfig
	Model  ModelConfig
	// File is the configuration file that the root endpoint tells of. Default "": none.
	File string
	// VersionFile holds the JSON that /__version__ answers with. Default "", and if there is no such file: not found.
	VersionFile string
	// RootCache is for how long the answer of the root endpoint can be kept in read-only mode. Default 24 hours;
	// negative forbids to keep it.
	RootCache time.Duration
	// WithoutProjector leaves it to other processes to fold the log into the read model. Both must be shared: the error of
	// Open wraps ErrNotShared otherwise.
	WithoutProjector bool

	// Web and Read have the limits of requests and of query strings. Web.Log is Logger, and Web.Now and Read.Now are Now,
	// unless they are set.
	Web   web.Config
	Read  readapi.Options
	Cache CacheConfig
	// Limits bound what else comes in.
	Limits Limits
	// BatchStrict makes the first request of a batch that is refused undo all of it.
	BatchStrict bool
	// TokenValidity is for how long a paginated deletion can be continued. Default 10 minutes.
	TokenValidity time.Duration
	// MaxLag, MaxLagBytes and Readable are those of writeapi.Config. A read model that is further behind than MaxLag fails the
	// heartbeat.
	MaxLag, MaxLagBytes int
	Readable            time.Duration
	// ReadTimeout bounds each reading of the read model, which is Unavailable then. Default 30 s.
	ReadTimeout time.Duration
	// HeartbeatTimeout bounds each check of the heartbeat. Default 10 s.
	HeartbeatTimeout time.Duration
	// Logger is told of requests and of what goes wrong. Default: the standard logger of logrus.
	Logger *logrus.Logger
	// Now is the wall clock. Default time.Now.
	Now func() time.Time
}

func (a App) withDefaults() App {
	a.APIVersion = cmp.Or(a.APIVersion, "1.23")
	return a
}

// prefix is what every path begins with, without slashes.
func (a App) prefix() string {
	major, _, _ := strings.Cut(a.APIVersion, ".")
	return "v" + major
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = logrus.StandardLogger()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Limits.BatchRequests = cmp.Or(c.Limits.BatchRequests, 25)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, 30*time.Second)
	c.HeartbeatTimeout = cmp.Or(c.HeartbeatTimeout, 10*time.Second)
	c.RootCache = cmp.Or(c.RootCache, 24*time.Hour)
	if c.MaxLag <= 0 {
		c.MaxLag = 10_000
	}
	c.Web.Log = cmp.Or(c.Web.Log, c.Logger)
	if c.Web.Now == nil {
		c.Web.Now = c.Now
	}
	c.Read.Limits.NextPage = c.Web.WithDefaults().Limits.URL
	if c.Read.Now == nil {
		c.Read.Now = c.Now
	}
	return c
}

// Query are the options of every query string: those of Read.
func (c Config) Query() rest.QueryOptions {
	return rest.QueryOptions{PaginateBy: c.Read.PaginateBy, MaxFetch: c.Read.MaxFetch, MaxBytes: c.Read.MaxBytes, Limits: c.Read.Limits}
}

// Server is a running service. It is an http.Handler.
type Server struct {
	*web.Frame
	parts  Parts
	nats   *nats.Conn
	closes []func() error // in the order of opening

	described *openapi.Description
	eventsURL string
}

// Open starts a service. What is wrong with the app or the config, or cannot be reached, is an error and leaves
// nothing running. The context bounds the start only.
func Open(ctx context.Context, app App, config Config) (_ *Server, err error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("configure the service: %w", err)
	}
	if config.WithoutProjector {
		if err := config.Shared(); err != nil {
			return nil, err
		}
	}
	s := &Server{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	app, config = app.withDefaults(), config.withDefaults()
	config.Web.Version = cmp.Or(config.Web.Version, app.prefix())
	if s.parts, err = s.open(ctx, app, config); err != nil {
		return nil, err
	}
	endpoints, err := s.endpoints(app, config)
	if err != nil {
		return nil, err
	}
	authenticators, err := s.parts.authenticate()
	if err != nil {
		return nil, err
	}
	config.Web.Authenticators = slices.Concat(config.Web.Authenticators, authenticators)
	for _, plugin := range app.Plugins {
		if plugin.Before != nil {
			if before := plugin.Before(s.parts); before != nil {
				config.Web.Before = append(config.Web.Before, before)
			}
		}
		config.Web.Observe = inform(config.Web.Observe, plugin.Observe)
	}
	if s.Frame, err = web.New(config.Web, endpoints); err != nil {
		return nil, err
	}
	s.background(app)
	return s, nil
}

// background starts what plug-ins do beside the service.
func (s *Server) background(app App) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, plugin := range app.Plugins {
		if plugin.Background != nil {
			running.Go(func() { plugin.Background(ctx, s.parts) })
		}
	}
	s.onClose(func() error { cancel(); running.Wait(); return nil })
}

// Close finishes the writes that are under way and stops everything. Requests must have ended, or their writes
// are refused.
func (s *Server) Close() error {
	var errs []error
	for _, stop := range slices.Backward(s.closes) {
		errs = append(errs, stop())
	}
	s.closes = nil
	return errors.Join(errs...)
}

// Parts are those of the running service.
func (s *Server) Parts() Parts { return s.parts }

// EventsURL is where other programs subscribe to the events of the embedded log, "" if it does not listen.
func (s *Server) EventsURL() string { return s.eventsURL }

func (s *Server) onClose(stop func() error) { s.closes = append(s.closes, stop) }

// open opens everything below the endpoints.
func (s *Server) open(ctx context.Context, app App, config Config) (Parts, error) {
	p, err := s.openStores(ctx, app, config)
	if err != nil {
		return Parts{}, err
	}
	if p.Progress, err = s.follow(ctx, config, p); err != nil {
		return Parts{}, err
	}
	if p.Cache, err = s.openCache(ctx, config); err != nil {
		return Parts{}, err
	}
	for _, plugin := range app.Plugins {
		p.Cache = wrapped(plugin.Wrap.Cache, p.Cache)
	}
	p.Loop = writeapi.NewLoop(writeapi.Config{
		Catalog: p.Catalog, Log: p.Log, Model: p.Model, Progress: p.Progress, Logger: config.Logger, Now: config.Now,
		MaxLag: domain.Position(config.MaxLag), MaxLagBytes: config.MaxLagBytes, MaxWaiting: config.Limits.Waiting, Readable: config.Readable,
		React: s.reaction(app),
	})
	s.onClose(func() error { p.Loop.Close(); return nil })
	// A transaction that does nothing begins the log if it is empty, and waits for what the log holds.
	switch _, err := p.Loop.Do(ctx, domain.Needs{}, func(*writeapi.Tx) error { return nil }); {
	case errors.Is(err, writeapi.ErrBehind): // as one that is new, beside a log that is not
		config.Logger.WithError(err).Warn("writes are refused until the read model is made from the log, reads see what it has so far")
	case err != nil:
		return Parts{}, fmt.Errorf("begin to write: %w", err)
	}
	config.Read.Waiter = p.Progress
	p.Read = readapi.New(p.Catalog, p.Model, config.Read)
	p.Write = writeapi.New(p.Loop, writeapi.Options{
		Query: config.Query(), Body: config.Limits.Body, Cache: p.Cache, TokenValidity: config.TokenValidity,
	})
	p.Identify = func(r *http.Request) (domain.Caller, error) { return s.Frame.Identify(r) }
	p.Keys = &idempotency.Keys{Loop: p.Loop, Model: p.Model, Limits: config.Limits.Keys, Identify: p.Identify}
	p.Serve = func(outer *web.Request, r *http.Request) web.Answer {
		return s.Frame.Serve(outer, r.WithContext(writeapi.WithOwnPart(r.Context())))
	}
	p.Find = func(u *url.URL) *web.Endpoint { return s.Frame.Find(u) }
	return p, nil
}

// openStores opens the log and the read model for the resources of an app.
func (s *Server) openStores(ctx context.Context, app App, config Config) (Parts, error) {
	catalog, err := declare(app, config.Limits)
	if err != nil {
		return Parts{}, err
	}
	p := Parts{App: app, Config: config, Catalog: catalog}
	dir, err := s.folder(config)
	if err != nil {
		return Parts{}, err
	}
	if p.Log, p.link, err = s.openLog(ctx, config, dir, false); err != nil {
		return Parts{}, err
	}
	p.Durability = p.link.durability
	if p.Model, err = s.openModel(ctx, config, dir); err != nil {
		return Parts{}, err
	}
	for _, plugin := range app.Plugins {
		p.Log = wrapped(plugin.Wrap.Log, p.Log)
		p.Model = wrapped(plugin.Wrap.Model, p.Model)
	}
	if p.Catalog, err = completed(ctx, app, config, p); err != nil {
		return Parts{}, err
	}
	p.Model = bounded{cached.New(p.Model, p.Catalog), config.ReadTimeout}
	return p, nil
}

// completed is the catalog with what the read model tells of resources that are not declared any more: what is below an object
// goes with it, declared or not, or it would belong to whoever makes the object anew.
func completed(ctx context.Context, app App, config Config, p Parts) (*domain.Catalog, error) {
	written, err := bounded{p.Model, config.ReadTimeout}.Written(ctx)
	if err != nil {
		return nil, err
	}
	var above []string
	for _, plural := range written {
		for u := plural.Parent(); u != ""; u = u.Plural().Parent() {
			if r := p.Catalog.Of(u); r != nil && len(r.Children()) == 0 {
				above = append(above, r.Name)
			}
		}
	}
	if len(above) == 0 {
		return p.Catalog, nil
	}
	return declare(app, config.Limits, above...)
}

// declare makes the catalog of all resources, of which some are above others that are not declared, and refuses checks and grants
// of what is not there.
func declare(app App, limits Limits, above ...string) (*domain.Catalog, error) {
	catalog, err := domain.NewCatalog(policy(app), resources(app, limits, above)...)
	if err != nil {
		return nil, fmt.Errorf("declare resources: %w", err)
	}
	names := map[string]bool{}
	for _, plugin := range app.Plugins {
		switch {
		case plugin.Name == "":
			return nil, errors.New("a plug-in has no name")
		case names[plugin.Name]:
			return nil, fmt.Errorf("plug-in %s: there is another one of that name: leave one of them out, or rename it", plugin.Name)
		}
		names[plugin.Name] = true
		for name := range plugin.Checks {
			if catalog.Resource(name) == nil {
				return nil, fmt.Errorf("plug-in %s: there is no resource %q to check", plugin.Name, name)
			}
		}
	}
	return catalog, checkGrants(app, catalog)
}

// checkGrants refuses grants that nothing asks for.
func checkGrants(app App, catalog *domain.Catalog) error {
	var known []string
	for _, r := range catalog.Resources() {
		for _, permission := range slices.Concat([]string{"create", "read", "write"}, r.Permissions) {
			known = append(known, r.Name+"_"+permission)
		}
	}
	for _, plugin := range app.Plugins {
		known = append(known, plugin.Grants...)
	}
	for _, name := range slices.Sorted(maps.Keys(catalog.Policy.Grants)) {
		if slices.Contains(known, name) {
			continue
		}
		advice := "the permissions of a resource and the Grants of plug-ins are what there is to grant"
		if near := nearest.Of(name, known); near != "" {
			advice = "did you mean " + near + "?"
		}
		return fmt.Errorf("the policy grants %q, which nothing asks for: %s", name, advice)
	}
	return nil
}

func resources(app App, limits Limits, above []string) []domain.Resource {
	all := slices.Concat(app.Resources, idempotency.Resources())
	for _, plugin := range app.Plugins {
		all = append(all, plugin.Resources...)
	}
	for i := range all {
		limits.ids(&all[i])
		all[i].Cascades = all[i].Cascades || slices.Contains(above, all[i].Name)
		for _, plugin := range app.Plugins {
			all[i].Check = inTurn(all[i].Check, plugin.Checks[all[i].Name])
		}
	}
	return all
}

// inTurn is one check and then another, of which both may be missing.
func inTurn(first, second func(domain.Write) ([]byte, error)) func(domain.Write) ([]byte, error) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return func(w domain.Write) (_ []byte, err error) {
		if w.Data, err = first(w); err != nil {
			return nil, err
		}
		return second(w)
	}
}

// policy is the operator's, as the plug-ins want it.
func policy(app App) domain.Policy {
	policy := app.Policy
	for _, plugin := range app.Plugins {
		if plugin.Policy != nil {
			policy = plugin.Policy(policy)
		}
	}
	return policy
}

// endpoints are those of all resources, the utilities, and those of plug-ins.
func (s *Server) endpoints(app App, config Config) ([]web.Endpoint, error) {
	var all []web.Endpoint
	for _, r := range s.parts.Catalog.Resources() {
		for _, e := range s.resource(app, r) {
			all = append(all, s.repeatable(s.wrap(e)))
		}
	}
	utilities, err := s.utilities(config)
	if err != nil {
		return nil, err
	}
	for _, e := range utilities {
		all = append(all, s.wrap(e))
	}
	all = append(all, s.repeatable(s.wrap(batch.Endpoint(batch.Config{
		Max: config.Limits.BatchRequests, Limits: config.batch(), Strict: config.BatchStrict, Prefix: "/" + config.Web.Version,
		Catalog: s.parts.Catalog, Loop: s.parts.Loop,
		Serve:    func(outer *web.Request, r *http.Request) web.Answer { return s.Frame.Serve(outer, r) },
		Identify: s.parts.Identify, Find: s.parts.Find,
	}))))
	for _, plugin := range app.Plugins {
		if plugin.Endpoints == nil {
			continue
		}
		more, err := plugin.Endpoints(s.parts)
		if err != nil {
			return nil, fmt.Errorf("plug-in %s: %w", plugin.Name, err)
		}
		for _, e := range more {
			all = append(all, s.wrap(e))
		}
	}
	schemes, err := security(app)
	if err != nil {
		return nil, err
	}
	s.described, err = openapi.New(openapi.Info{
		Title: app.Name, Version: app.APIVersion, Prefix: "/" + config.Web.Version, Security: schemes,
		ReadOnly: config.Web.ReadOnly,
	}, all)
	return all, err
}

// wrap is the endpoint as the plug-ins want it.
func (s *Server) wrap(e web.Endpoint) web.Endpoint {
	for _, plugin := range s.parts.App.Plugins {
		if plugin.Wrap.Endpoint != nil {
			e = plugin.Wrap.Endpoint(s.parts, e)
		}
	}
	return e
}

// repeatable is the endpoint with writes that can be repeated with a key.
func (s *Server) repeatable(e web.Endpoint) web.Endpoint {
	return e.Wrap(s.parts.Keys.Wrap, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete)
}

// resource makes the plural endpoint and that of the objects, those that the resource has.
func (s *Server) resource(app App, r *domain.Resource) []web.Endpoint {
	read, write := s.parts.Read, s.parts.Write
	var endpoints []web.Endpoint
	if len(r.PluralMethods) > 0 {
		all := slices.Concat(read.PluralMethods(), write.PluralMethods())
		endpoints = append(endpoints, web.PluralOf(r, app.served(r, web.PluralEndpoint, r.PluralMethods, all)...))
	}
	if len(r.ObjectMethods) > 0 {
		all := slices.Concat(read.ObjectMethods(), write.ObjectMethods())
		endpoints = append(endpoints, web.ObjectOf(r, app.served(r, web.ObjectEndpoint, r.ObjectMethods, all)...))
	}
	return endpoints
}

// served are the methods that the resource has and the app enables, of all there are.
func (a App) served(r *domain.Resource, kind web.Kind, names []string, all []web.Method) []web.Method {
	var methods []web.Method
	for _, name := range names {
		i := slices.IndexFunc(all, func(m web.Method) bool { return m.Name == name })
		if i >= 0 && (a.Enabled == nil || a.Enabled(r, kind, name)) {
			methods = append(methods, all[i])
		}
	}
	return methods
}
