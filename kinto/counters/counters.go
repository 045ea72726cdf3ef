// Package counters is the endpoint that counts objects and tombstones by resource (protocol 6.8).
package counters

import (
	"net/http"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// New is the plug-in. An answer costs a scan of the read model.
func New() server.Plugin {
	return server.Plugin{
		Name: "counters",
		Capability: &server.Capability{
			Name: "counters_endpoint", URL: "https://kinto.readthedocs.io/en/latest/api/1.x/counters.html",
			Description: "The __counters__ endpoint tells the number of objects and tombstones of each resource.",
		},
		Endpoints: func(p server.Parts) ([]web.Endpoint, error) {
			handle := func(w http.ResponseWriter, r *web.Request) error {
				counts, err := p.Model.Counts(r.Context())
				if err != nil {
					return &domain.Error{Code: domain.Unavailable, Cause: err}
				}
				return server.WriteJSON(w, http.StatusOK, map[string]map[string]int64{
					"objects": some(counts.Live), "tombstones": some(counts.Tombstones),
				})
			}
			return []web.Endpoint{{
				Name: "counters", Path: "/__counters__", Public: true,
				Methods: []web.Method{{Name: http.MethodGet, Handle: handle}, {Name: http.MethodHead, Handle: handle}},
			}}, nil
		},
	}
}

// some is the map, which is empty rather than nil, so that it shows as an object.
func some(m map[string]int64) map[string]int64 {
	if m == nil {
		return map[string]int64{}
	}
	return m
}
