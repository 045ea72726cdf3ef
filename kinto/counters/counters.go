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
					"objects": told(p.Catalog, counts.Live), "tombstones": told(p.Catalog, counts.Tombstones),
				})
			}
			return []web.Endpoint{{
				Name: "counters", Path: "/__counters__", Public: true,
				Methods: []web.Method{{Name: http.MethodGet, Handle: handle}, {Name: http.MethodHead, Handle: handle}},
			}}, nil
		},
	}
}

// told are the counts that clients are told of: those of resources that the service has, without internal ones.
func told(c *domain.Catalog, counts map[string]int64) map[string]int64 {
	all := map[string]int64{}
	for name, n := range counts {
		if r := c.Resource(name); r != nil && !r.Internal() {
			all[name] = n
		}
	}
	return all
}
