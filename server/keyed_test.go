package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// adding makes a note with a new id, and knows nothing of the ways in which it may be called.
func adding(p server.Parts) ([]web.Endpoint, error) {
	add := func(w http.ResponseWriter, r *web.Request) error {
		body, err := r.ReadBody()
		if err != nil {
			return err
		}
		var made domain.Result
		_, err = p.Write.Do(r.Context(), domain.Needs{}, func(tx *writeapi.Tx) (err error) {
			notes := p.Catalog.Resource("note")
			made, err = tx.Execute(&domain.Command{
				Verb: domain.Post, Resource: notes, URI: domain.Plural("/notes").Object(notes.IDs.New()), Data: body, Trusted: true,
			})
			return err
		})
		if err != nil {
			return err
		}
		return server.WriteJSON(w, http.StatusCreated, string(made.Object.URI))
	}
	return []web.Endpoint{{
		Name: "add", Path: "/add", TakesJSON: true, Methods: []web.Method{{Name: http.MethodPost, Handle: p.Keys.Wrap(add)}},
	}}, nil
}

func TestAHandlerThatDoesNotKnowOfKeysHasOneEffect(t *testing.T) {
	t.Parallel()
	s := notes(t, map[string][]string{"note_read": {domain.Everyone}}, server.Plugin{Name: "add", Endpoints: adding})
	const body = `{"n": 1}`
	send := func(path, body string) string {
		w := servertest.Send(t, s, "alice", "POST "+path, body, "Content-Type: application/json", "Idempotency-Key: for"+path)
		if w.Code >= http.StatusBadRequest {
			t.Fatalf("%s: got %d %s", path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	if first, again := send("/add", body), send("/add", body); first != again {
		t.Errorf("got %s, and again %s", first, again)
	}
	batch := `{"requests": [{"method": "POST", "path": "/add", "headers": {"Idempotency-Key": "b"}, "body": {"n": 2}}]}`
	if first, again := send("/batch", batch), send("/batch", batch); first != again {
		t.Errorf("in a batch: got %s, and again %s", first, again)
	}
	got := servertest.Do(t, s, "", "GET /notes?_sort=n").Body.String()
	if strings.Count(got, `"id"`) != 2 || strings.Count(got, `"n":1`) != 1 || strings.Count(got, `"n":2`) != 1 {
		t.Errorf("got %s, want two notes", got)
	}
}
