package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/web"
)

// utilities are the endpoints that every service has (protocol section 6).
func (p Parts) utilities() []web.Endpoint {
	get := func(name, path string, public bool, handle web.Handler) web.Endpoint {
		return web.Endpoint{
			Name: name, Path: path, Public: public,
			Methods: []web.Method{{Name: http.MethodGet, Handle: handle}, {Name: http.MethodHead, Handle: handle}},
		}
	}
	return []web.Endpoint{
		get("hello", "/", false, p.hello),
		get("heartbeat", "/__heartbeat__", true, p.heartbeat),
		get("lbheartbeat", "/__lbheartbeat__", true, func(w http.ResponseWriter, _ *web.Request) error {
			return WriteJSON(w, http.StatusOK, struct{}{})
		}),
	}
}

// hello tells what the service is and who the caller is (protocol 6.1).
func (p Parts) hello(w http.ResponseWriter, r *web.Request) error {
	hello := map[string]any{
		"project_name": p.App.Name, "project_version": p.App.Version, "http_api_version": p.App.APIVersion,
		"project_docs": p.App.Docs, "url": r.Absolute("/" + p.Config.Web.Version + "/"), "config": nil,
		"settings": map[string]any{
			"batch_max_requests": max(p.Config.BatchMaxRequests, 0), "readonly": p.Config.Web.ReadOnly,
			"explicit_permissions": !p.App.Policy.KeepExplicit,
		},
		"capabilities": p.capabilities(),
	}
	if !r.Caller.Anonymous() {
		user, err := p.user(r)
		if err != nil {
			return err
		}
		hello["user"] = user
	}
	return WriteJSON(w, http.StatusOK, hello)
}

func (p Parts) user(r *web.Request) (map[string]any, error) {
	c := r.Caller
	snapshot, err := p.Model.Load(r.Context(), domain.Needs{Members: c.Members()})
	if err != nil {
		return nil, &domain.Error{Code: domain.Unavailable, Cause: err}
	}
	user := map[string]any{"id": c.UserID, "principals": c.Principals(snapshot.Groups)}
	for _, plugin := range p.App.Plugins {
		if plugin.User == nil {
			continue
		}
		more, err := plugin.User(p, r)
		if err != nil {
			return nil, fmt.Errorf("plug-in %s: %w", plugin.Name, err)
		}
		maps.Copy(user, more)
	}
	return user, nil
}

func (p Parts) capabilities() map[string]any {
	all := map[string]any{}
	for _, plugin := range p.App.Plugins {
		if c := plugin.Capability; c != nil {
			told := map[string]any{"description": c.Description, "url": c.URL}
			for name, value := range c.Extra {
				told[name] = value
			}
			all[c.Name] = told
		}
	}
	return all
}

// heartbeat checks everything that the service depends on, at the same time (protocol 6.2).
func (p Parts) heartbeat(w http.ResponseWriter, r *web.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), p.Config.HeartbeatTimeout)
	defer cancel()
	results := map[string]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for name, check := range p.checks() {
		wg.Go(func() {
			err := check(ctx)
			if err != nil {
				p.Config.Logger.WithError(err).WithField("check", name).Warn("heartbeat fails")
			}
			mu.Lock()
			defer mu.Unlock()
			results[name] = err == nil
		})
	}
	wg.Wait()
	status := http.StatusOK
	for _, ok := range results {
		if !ok {
			status = http.StatusServiceUnavailable
		}
	}
	return WriteJSON(w, status, results)
}

// checks are those of the log, the read model, and the plug-ins.
func (p Parts) checks() map[string]func(context.Context) error {
	checks := map[string]func(context.Context) error{
		"log": func(ctx context.Context) error {
			_, err := p.Log.Tail(ctx)
			return err
		},
		"log_durable": func(ctx context.Context) error {
			if d := p.Durability(ctx); d.Known && !d.Synced {
				return errors.New("the log acknowledges what is not on disk: " + d.Detail)
			}
			return nil
		},
		"storage": func(ctx context.Context) error {
			_, err := p.Model.Checkpoint(ctx)
			return err
		},
		"projection": func(ctx context.Context) error {
			tail, err := p.Log.Tail(ctx)
			if err == nil {
				err = errors.Join(p.Progress.Err(), p.Progress.Wait(ctx, tail.Position))
			}
			return err
		},
	}
	checks["permission"] = checks["storage"]
	for _, plugin := range slices.Clone(p.App.Plugins) {
		for name, check := range plugin.Heartbeats {
			checks[name] = check
		}
	}
	return checks
}

// WriteJSON answers with a value as JSON, members of maps in the order of their names.
func WriteJSON(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client that does not read it does not want it
	return nil
}
