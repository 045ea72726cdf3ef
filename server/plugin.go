package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/idempotency"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// Plugin adds to an App. All of it is optional but the name, which no other plug-in of the app has.
type Plugin struct {
	Name string
	// Capability announces the plug-in to clients, under the name that they know.
	Capability *Capability
	// Settings are added to those that the root endpoint tells: values that encode as JSON.
	Settings  map[string]any
	Resources []domain.Resource
	// Grants are the names that its endpoints and checks look up in the grants of the policy, such as "position_read", beside
	// the permissions of resources. A policy that grants what nobody has declared is refused.
	Grants []string
	// Checks see every object of resources, by their names, before it is created or changed: after the check of the
	// resource itself and those of plug-ins before. They are as domain.Resource.Check.
	Checks map[string]func(domain.Write) ([]byte, error)
	// Endpoints are services of its own, made when the log and the read model are open. Those that write honour idempotency keys if their
	// handlers are wrapped by Parts.Keys.
	Endpoints func(Parts) ([]web.Endpoint, error)
	// Logins are the URLs where providers of OAuth 2 ask users, by the name of the policy, asked for after the endpoints.
	Logins func() (map[string]string, error)
	// Heartbeats are checked by the heartbeat endpoint, by name; nil is well.
	Heartbeats map[string]func(context.Context) error
	// Policy replaces what the operator decided about permissions, before the service runs.
	Policy func(domain.Policy) domain.Policy
	// Before makes what is called for each request that an endpoint is about to answer (web.Config.Before); nil for nothing.
	Before func(Parts) func(*web.Request) error
	// React is told of each change before it is committed (writeapi.Reaction): of all resources that have endpoints, and of
	// flushes.
	React func(context.Context, Parts, *writeapi.Tx, writeapi.Change) error
	// User adds to what the root endpoint tells callers of themselves; it is not asked for anonymous ones.
	User func(Parts, *web.Request) (map[string]any, error)
	// Wrap stands between the service and what it runs on, and between its clients and its endpoints.
	Wrap Wrappers
	// Observe is told of each request when it is answered (web.Config.Observe).
	Observe func(web.Summary)
	// Background runs beside the service until it closes, which ends the context and waits for Background to return.
	Background func(context.Context, Parts)
}

// Wrappers return the same contract as they get, and are called once, before anything uses what they wrap: those of the first
// plug-in first. Each of them may be missing.
type Wrappers struct {
	// Endpoint is called for each endpoint of the service, those of plug-ins included. It may replace the handlers of its
	// methods (web.Endpoint.Wrap), and what is said of them.
	Endpoint func(Parts, web.Endpoint) web.Endpoint

	Log   func(eventstore.Log) eventstore.Log
	Model func(projections.Store) projections.Store
	Cache func(domain.Cache) domain.Cache
}

func wrapped[T any](wrap func(T) T, inner T) T {
	if wrap == nil {
		return inner
	}
	return wrap(inner)
}

// inform tells both, of which either may be missing.
func inform(first, second func(web.Summary)) func(web.Summary) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return func(s web.Summary) { first(s); second(s) }
}

// reaction tells the plug-ins that react of changes, in their order; nil if there are none.
func (s *Server) reaction(app App) writeapi.Reaction {
	reacting := slices.DeleteFunc(slices.Clone(app.Plugins), func(p Plugin) bool { return p.React == nil })
	if len(reacting) == 0 {
		return nil
	}
	return func(ctx context.Context, tx *writeapi.Tx, c writeapi.Change) error {
		if r := s.parts.Catalog.Resource(c.Resource); c.Action == domain.Purged || r != nil && r.Internal() {
			return nil
		}
		for _, plugin := range reacting {
			if err := plugin.React(ctx, s.parts, tx, c); err != nil {
				return err
			}
		}
		return nil
	}
}

// Authentication makes an authenticator for a running service.
type Authentication func(Parts) (web.Authenticator, error)

// Static is an authenticator that needs nothing of the service. One that has a method Validate() error, as web.BasicAuth, must be
// valid.
func Static(a web.Authenticator) Authentication {
	return func(Parts) (web.Authenticator, error) {
		if v, ok := a.(interface{ Validate() error }); ok {
			return a, v.Validate()
		}
		return a, nil
	}
}

// authenticate makes the authenticators of an app.
func (p Parts) authenticate() ([]web.Authenticator, error) {
	var all []web.Authenticator
	for i, make := range p.App.Authenticators {
		var authenticator web.Authenticator
		var err error
		if make != nil {
			authenticator, err = make(p)
		}
		if err == nil && authenticator == nil {
			err = fmt.Errorf("authenticator %d of %d is nil: leave it out", i+1, len(p.App.Authenticators))
		}
		if err != nil {
			return nil, fmt.Errorf("set up authentication: %w", err)
		}
		all = append(all, authenticator)
	}
	return all, nil
}

// Capability is what the root endpoint tells of a plug-in.
type Capability struct {
	Name        string
	Description string
	URL         string
	Extra       map[string]any // values that encode as JSON
}

// Parts are those that a service runs on, with what plug-ins changed of them.
type Parts struct {
	App    App
	Config Config // with its defaults
	// Catalog has all resources, those of plug-ins included.
	Catalog *domain.Catalog
	Log     eventstore.Log
	// Durability tells whether what the log acknowledges is on disk.
	Durability func(context.Context) Durability
	// Model is the read model: what can be read now, without what a batch has not committed yet.
	Model    projections.Store
	Progress Progress
	Cache    domain.Cache
	// Loop commits transactions. Handlers of requests write through Write, which uses it.
	Loop *writeapi.Loop
	// Read reads for a request: from Model, and in a batch, or with an idempotency key, from the transaction.
	Read *readapi.API
	// Write writes for a request: in a transaction of its own, and in a batch in that of the batch.
	Write *writeapi.API
	// Keys carries out requests that have an idempotency key.
	Keys *idempotency.Keys
	// Identify finds out who makes a request, as was done before its handler is called (web.Frame). A handler that takes long may ask
	// again: it is somebody else when the credentials count no more.
	Identify func(*http.Request) (domain.Caller, error)
	// Serve answers a request that the handler of another one makes, with a context made of its own, and Find is the
	// endpoint that would (web.Frame). What the other writes in a transaction, it writes in the same. Both are for when the
	// service runs: there is nothing to find while plug-ins make endpoints.
	Serve func(outer *web.Request, r *http.Request) web.Answer
	Find  func(u *url.URL) *web.Endpoint

	link link
}

// Progress tells how far the read model is.
type Progress interface {
	// Position is that of the last entry known to be in the read model.
	Position() domain.Position
	// Wait returns nil once the read model holds the entry at the position, or the error of ctx.
	Wait(ctx context.Context, position domain.Position) error
	// Err is why the read model does not move, nil while it does.
	Err() error
}
