// Package flush is the endpoint that empties the service (protocol 6.7). What came before a flush is gone from the
// read models; the log still tells the story.
package flush

import (
	"net/http"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// New is the plug-in. Anybody may flush: it is for tests and trials.
func New() server.Plugin {
	return server.Plugin{
		Name: "flush",
		Capability: &server.Capability{
			Name: "flush_endpoint", URL: "https://kinto.readthedocs.io/en/latest/api/1.x/flush.html",
			Description: "The __flush__ endpoint can be used to remove all data from all backends.",
		},
		Endpoints: func(p server.Parts) ([]web.Endpoint, error) {
			return []web.Endpoint{{
				Name: "flush", Path: "/__flush__",
				Methods: []web.Method{{Name: http.MethodPost, Handle: p.Keys.Wrap(handler(p))}},
			}}, nil
		},
	}
}

func handler(p server.Parts) web.Handler {
	return func(w http.ResponseWriter, r *web.Request) error {
		outcome, err := p.Write.Do(r.Context(), domain.Needs{Latest: true}, func(tx *writeapi.Tx) error {
			latest, err := tx.Latest()
			if err != nil {
				return err
			}
			// Later than all that clients can poll with, so that they see that it is gone.
			at := tx.Now()
			if next := latest + 1; next.InTime(at) {
				at = max(at, next)
			}
			tx.Append(domain.Event{Action: domain.Flushed, Origin: r.Origin(), Object: domain.Object{LastModified: at}})
			return nil
		})
		if err != nil {
			return err
		}
		if err := p.Cache.Flush(r.Context()); err != nil {
			return &domain.Error{Code: domain.Unavailable, Cause: err}
		}
		writeapi.Mark(w, outcome)
		return server.WriteJSON(w, http.StatusAccepted, struct{}{})
	}
}
