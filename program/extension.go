package program

import (
	"maps"
	"slices"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/openapi"
	"github.com/kintolog/kintolog/server"
)

// Extension is what a program has beside what its settings ask for. The zero Extension is nothing.
type Extension struct {
	// Plugins come after those of the settings, which may be about their resources and Grants as about those of Kinto, such as
	// "note_create_principals".
	Plugins []server.Plugin
	// Listeners are told of changes beside those of the settings, which have other names.
	Listeners []listeners.Listener
	// Authenticators are asked before those of the settings, and Security tells clients of them (server.App).
	Authenticators []server.Authentication
	Security       map[string]openapi.Scheme
}

// names are those that settings may be about (config.Load).
func (e Extension) names() []string {
	var names []string
	for _, p := range e.Plugins {
		for _, r := range p.Resources {
			names = append(names, r.Name)
			for _, permission := range r.Permissions {
				names = append(names, r.Name+"_"+permission)
			}
		}
		names = append(names, p.Grants...)
	}
	return names
}

// plugins are those of the extension, with the ids that the settings want for their resources.
func (e Extension) plugins(s config.Resources) ([]server.Plugin, error) {
	all := slices.Clone(e.Plugins)
	for i := range all {
		all[i].Resources = slices.Clone(all[i].Resources)
		if err := setIDs(all[i].Resources, s); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// authenticate adds the authenticators of the extension.
func (e Extension) authenticate(app *server.App) {
	app.Authenticators = slices.Concat(e.Authenticators, app.Authenticators)
	maps.Copy(app.Security, e.Security)
}
