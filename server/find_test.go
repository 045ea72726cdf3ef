package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

// quote is a service that answers with the title of a note.
func quote(p server.Parts) ([]web.Endpoint, error) {
	return []web.Endpoint{{
		Name: "quote", Path: "/quote/{of...}", Stateful: true,
		Methods: []web.Method{{Name: http.MethodGet, Handle: func(w http.ResponseWriter, r *web.Request) error {
			o, err := p.Read.Find(r.Context(), r.Caller, domain.URI("/"+r.Params["of"]))
			if err != nil {
				return err
			}
			return server.WriteJSON(w, http.StatusOK, map[string]string{"quoted": string(o.Data)})
		}}},
	}}, nil
}

func TestAnEndpointFindsWhatItsCallerMayRead(t *testing.T) {
	t.Parallel()
	s := servertest.Open(t, server.App{
		Name: "notes", Resources: []domain.Resource{{Name: "note", Path: "/notes"}},
		Policy:         domain.Policy{Grants: map[string][]string{"note_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{server.Static(servertest.Users("test"))},
		Plugins:        []server.Plugin{{Name: "quote", Endpoints: quote}},
	}, server.Config{})
	servertest.Do(t, s, "alice", "PUT /notes/a", `{"data": {"title": "of alice"}}`)
	if got := servertest.Do(t, s, "alice", "GET /quote/notes/a").Body.String(); !strings.Contains(got, "of alice") {
		t.Errorf("got %s", got)
	}
	for _, c := range []struct {
		user, path string
		status     int
	}{
		{"bob", "/quote/notes/a", http.StatusForbidden},
		{"", "/quote/notes/a", http.StatusUnauthorized},
		{"alice", "/quote/notes/none", http.StatusForbidden},
		{"alice", "/quote/other/a", http.StatusNotFound},
		{"alice", "/quote/", http.StatusNotFound},
	} {
		servertest.Refused(t, servertest.Send(t, s, c.user, "GET "+c.path, ""), c.status, "")
	}
	batch := `{"requests": [{"method": "PATCH", "path": "/notes/a", "body": {"data": {"title": "new"}}}, {"path": "/quote/notes/a"}]}`
	if got := servertest.Do(t, s, "alice", "POST /batch", batch).Body.String(); !strings.Contains(got, `\"title\":\"new\"`) {
		t.Errorf("in a batch: got %s", got)
	}
}
