package server

import (
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/web"
)

// hello is the root endpoint: what the service is, and who the caller is (protocol 6.1).
type hello struct {
	Parts
	same map[string]any // what it tells to all; never changed
}

// newHello refuses what would be told twice, or cannot be told.
func newHello(p Parts) (*hello, error) {
	file, err := readConfigFile(p.Config.File)
	if err != nil {
		return nil, fmt.Errorf("describe the configuration: %w", err)
	}
	h := &hello{Parts: p, same: map[string]any{
		"project_name": p.App.Name, "project_version": p.App.Version, "project_docs": p.App.Docs,
		"http_api_version": p.App.APIVersion, "config": file,
	}}
	if h.same["settings"], err = p.settings(); err != nil {
		return nil, err
	}
	if h.same["capabilities"], err = p.capabilities(); err != nil {
		return nil, err
	}
	if at := p.Config.Web.EOS; !at.IsZero() {
		h.same["eos"] = date(at)
	}
	if _, err := json.Marshal(h.same); err != nil {
		return nil, fmt.Errorf("tell what the service is: %w", err)
	}
	return h, nil
}

func (h *hello) serve(w http.ResponseWriter, r *web.Request) error {
	told := maps.Clone(h.same)
	told["url"] = r.Absolute("/" + h.Config.Web.Version + "/")
	if !r.Caller.Anonymous() {
		user, err := h.user(r)
		if err != nil {
			return err
		}
		told["user"] = user
	}
	if h.Config.Web.ReadOnly {
		w.Header().Add("Vary", "Authorization") // which decides about user
		rest.SetCaching(w.Header(), max(0, int(h.Config.RootCache/time.Second)), h.Config.Now())
	}
	return WriteJSON(w, http.StatusOK, told)
}

// settings are those that clients may know. It refuses those that are told twice.
func (p Parts) settings() (map[string]any, error) {
	all := map[string]any{
		"batch_max_requests": max(p.Config.Limits.BatchRequests, 0), "readonly": p.Config.Web.ReadOnly,
		"explicit_permissions": !p.Catalog.Policy.KeepExplicit,
	}
	for _, plugin := range p.App.Plugins {
		for name, value := range plugin.Settings {
			if _, taken := all[name]; taken {
				return nil, fmt.Errorf("plug-in %s: there is a setting %s already", plugin.Name, name)
			}
			if _, err := json.Marshal(value); err != nil {
				return nil, fmt.Errorf("plug-in %s: its setting %s is to be JSON: %w", plugin.Name, name, err)
			}
			all[name] = value
		}
	}
	return all, nil
}

// capabilities are those of the plug-ins. It refuses those that are announced twice.
func (p Parts) capabilities() (map[string]any, error) {
	all := map[string]any{}
	for _, plugin := range p.App.Plugins {
		c := plugin.Capability
		if c == nil {
			continue
		}
		if c.Name == "" {
			return nil, fmt.Errorf("plug-in %s: its capability has no name", plugin.Name)
		}
		if _, taken := all[c.Name]; taken {
			return nil, fmt.Errorf("plug-in %s: the capability %s is announced already", plugin.Name, c.Name)
		}
		told := map[string]any{"description": c.Description, "url": c.URL}
		maps.Copy(told, c.Extra)
		if _, err := json.Marshal(told); err != nil {
			return nil, fmt.Errorf("plug-in %s: what its capability tells is to be JSON: %w", plugin.Name, err)
		}
		all[c.Name] = told
	}
	return all, nil
}

// user is what the root endpoint tells callers of themselves.
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

// date leaves out the time if it is midnight.
func date(t time.Time) string {
	if t = t.UTC(); t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}
