package server

import (
	"fmt"
	"maps"
	"net/http"

	"github.com/kintolog/kintolog/openapi"
	"github.com/kintolog/kintolog/web"
)

// describe answers with the description of the API, for the host that the client knows (protocol 6.6).
func (s *Server) describe(w http.ResponseWriter, r *web.Request) error {
	body, err := s.described.At(r.Absolute(""))
	if err != nil {
		return err
	}
	web.WriteDocument(w, http.StatusOK, body)
	return nil
}

// security is how callers identify themselves, by policy (protocol 6.6).
func security(app App) (map[string]openapi.Scheme, error) {
	all := map[string]openapi.Scheme{}
	maps.Copy(all, app.Security)
	for _, plugin := range app.Plugins {
		if plugin.Logins == nil {
			continue
		}
		logins, err := plugin.Logins()
		if err != nil {
			return nil, fmt.Errorf("plug-in %s: %w", plugin.Name, err)
		}
		for name, url := range logins {
			all[name] = openapi.Scheme{AuthorizationURL: url}
		}
	}
	return all, nil
}
