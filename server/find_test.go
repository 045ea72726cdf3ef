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
	s := notes(t, map[string][]string{"note_create": {domain.Authenticated}}, server.Plugin{Name: "quote", Endpoints: quote})
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

// rename is an endpoint that asks others of its service: it changes a note twice as PATCH does, and answers with what GET does.
func rename(p server.Parts) ([]web.Endpoint, error) {
	handle := func(w http.ResponseWriter, r *web.Request) error {
		var a web.Answer
		for _, part := range [][2]string{
			{http.MethodPatch, `{"data":{"title":"renamed"}}`}, {http.MethodPatch, `{"data":{"by":"rename"}}`}, {http.MethodGet, ""},
		} {
			ctx := web.WithCaller(r.Context(), r.Caller)
			asked, err := http.NewRequestWithContext(ctx, part[0], "/v1/"+r.Params["of"], strings.NewReader(part[1]))
			if err != nil {
				return err
			}
			if e := p.Find(asked.URL); e == nil || e.Name != "note-object" {
				return &domain.Error{Code: domain.MissingResource}
			}
			if a = p.Serve(r, asked); a.Status != http.StatusOK {
				break
			}
		}
		w.Header().Set("Content-Type", a.Header.Get("Content-Type"))
		w.WriteHeader(a.Status)
		_, err := w.Write(a.Body)
		return err
	}
	return []web.Endpoint{{
		Name: "rename", Path: "/rename/{of...}", Stateful: true,
		Methods: []web.Method{{Name: http.MethodPost, Handle: p.Keys.Wrap(handle)}},
	}}, nil
}

func TestAnEndpointAsksOthers(t *testing.T) {
	t.Parallel()
	s := notes(t, map[string][]string{"note_create": {domain.Authenticated}}, server.Plugin{Name: "rename", Endpoints: rename})
	const renamed = `"title":"renamed","by":"rename"}`
	ask := func(note, request, body string, headers ...string) {
		servertest.Do(t, s, "alice", "PUT /notes/"+note)
		headers = append(headers, "Content-Type: application/json")
		for range 2 {
			got := servertest.Send(t, s, "alice", request, body, headers...).Body.String()
			if !strings.Contains(got, renamed) {
				t.Errorf("%s with %s: got %s", request, headers, got)
			}
		}
	}
	ask("a", "POST /rename/notes/a", "")
	ask("b", "POST /rename/notes/b", "", "Idempotency-Key: b")
	ask("c", "POST /batch", `{"requests": [{"method": "PUT", "path": "/notes/c"}, {"method": "POST", "path": "/rename/notes/c"}]}`)
	ask("d", "POST /batch", `{"requests": [{"method": "POST", "path": "/rename/notes/d", "headers": {"Idempotency-Key": "d"}}]}`)
	servertest.Refused(t, servertest.Send(t, s, "bob", "POST /rename/notes/a", ""), http.StatusForbidden, "")
	servertest.Refused(t, servertest.Send(t, s, "alice", "POST /rename/notes", ""), http.StatusNotFound, "")
}
