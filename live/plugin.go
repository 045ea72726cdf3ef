package live

import (
	"cmp"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// Options of the plug-in. The zero value serves.
type Options struct {
	// Max is how many subscribers there may be at a time; more are Unavailable. Default 1000.
	Max int
	// Replay is how old a change may be to be told to a client that comes back; if there are older ones that it has
	// missed it is told to list anew. Default 24 hours; negative for none.
	Replay time.Duration
	// KeepAlive is the time between two signs of life, which also is how often it is looked whether the credentials of the
	// subscriber still hold, and whether it may still read. Default 20 s.
	KeepAlive time.Duration
	// Lifetime is how long a subscription lasts before the client has to come back, with credentials that still hold. Up
	// to a quarter less, so that not all come back at once. Default 15 minutes.
	Lifetime time.Duration
	// Measure, if set, is given what tells how many subscribers there are.
	Measure func(subscribers func() float64)
}

func (o Options) withDefaults() Options {
	o.Max = cmp.Or(o.Max, 1000)
	o.Replay = cmp.Or(o.Replay, 24*time.Hour)
	o.KeepAlive = cmp.Or(o.KeepAlive, 20*time.Second)
	o.Lifetime = cmp.Or(o.Lifetime, 15*time.Minute)
	return o
}

// Path is what follows the path of a plural endpoint.
const Path = "/__events__"

// Name is that of the plug-in and of its capability.
const Name = "events"

// New is the plug-in. It keeps nothing, so that any number of services can have it.
func New(o Options) server.Plugin {
	return server.Plugin{
		Name: Name,
		Capability: &server.Capability{
			Name:        Name,
			Description: "Changes are told as they happen, by server-sent events or WebSocket, at __events__ behind the path of a list.",
			URL:         "https://github.com/kintolog/kintolog/blob/main/docs/live.md",
		},
		Endpoints: func(p server.Parts) ([]web.Endpoint, error) {
			s := &service{Options: o.withDefaults(), parts: p, hub: &hub{parts: p}}
			if o.Measure != nil {
				o.Measure(func() float64 { return float64(s.subscribers.Load()) })
			}
			return s.endpoints(), nil
		},
	}
}

// service is the plug-in at work in one service.
type service struct {
	Options
	parts       server.Parts
	hub         *hub
	subscribers atomic.Int64
}

// endpoints are those of all resources of which others may hear.
func (s *service) endpoints() []web.Endpoint {
	var all []web.Endpoint
	for _, r := range s.parts.Catalog.Resources() {
		if s.audible(r) {
			all = append(all, s.endpoint(r))
		}
	}
	return all
}

// audible tells whether a resource can be listed, and its events are in the log for others to hear.
func (s *service) audible(r *domain.Resource) bool {
	enabled := s.parts.App.Enabled
	return !r.Internal() && !r.Secret && !r.Derived() && slices.Contains(r.PluralMethods, http.MethodGet) &&
		(enabled == nil || enabled(r, web.PluralEndpoint, http.MethodGet))
}

func (s *service) endpoint(r *domain.Resource) web.Endpoint {
	return web.Endpoint{
		Name: r.Name + "-events", Path: r.Path + Path, Resource: r,
		Methods: []web.Method{
			{Name: http.MethodGet, Handle: s.subscribe, Operation: map[string]any{
				"operationId": "get_" + r.Name + "_events",
				"summary":     "What changes in the list, as it happens.",
				"tags":        []string{"Events"},
				"produces":    []string{"text/event-stream"},
			}},
			{Name: http.MethodHead, Handle: s.subscribe},
		},
	}
}
