package server_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/writeapi"
)

// Code that is not Kintolog's need not know how it writes JSON: what it leaves unsaid, or says in another way, is the same.
func TestDataFromElsewhereAreNormalised(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ given, want string }{
		"as others write it": {"{\"a\": \"\u00e9\\u003c\", \"b\" : {} }\n", `{"a":"\u00E9<","b":{},"id":"x"}`},
		"twice the same":     {`{"a":1,"a":1e0}`, `{"a":1.0,"id":"x"}`},
		"with the id":        {`{"id": "x"}`, `{"id":"x"}`},
		"another id":         {`{"id": "y"}`, ""},
		"cut off":            {`{"a":`, ""},
		"what no store has":  {`{"a":"\u0000"}`, ""},
		"a list":             {`[1]`, ""},
	} {
		resources := []domain.Resource{
			{Name: "plain", Path: "/plains"},
			{Name: "checked", Path: "/checkeds", Check: func(domain.Write) ([]byte, error) { return []byte(c.given), nil }},
			{Name: "valid", Path: "/valids", Validate: func(domain.Write) ([]byte, error) { return []byte(c.given), nil }},
			{Name: "prepared", Path: "/prepareds", Prepare: func(_ context.Context, command *domain.Command) *domain.Error {
				command.Data = []byte(c.given)
				return nil
			}},
		}
		everyone := []string{domain.Everyone}
		s := servertest.Open(t, server.App{Name: "data", Resources: resources, Policy: domain.Policy{Grants: map[string][]string{
			"plain_read": everyone, "checked_create": everyone, "valid_create": everyone, "prepared_create": everyone,
		}}}, server.Config{})
		p := s.Parts()
		for _, path := range []string{"/plains/x", "/checkeds/x", "/valids/x", "/prepareds/x"} {
			refused := false
			if path == "/plains/x" {
				command := &domain.Command{Verb: domain.Put, URI: domain.URI(path), Resource: p.Catalog.Of("/plains/x"), Trusted: true, Data: []byte(c.given)}
				_, err := p.Loop.Do(t.Context(), domain.Needs{}, func(tx *writeapi.Tx) error {
					_, err := tx.Execute(command)
					return err
				})
				refused = err != nil
			} else {
				w := servertest.Send(t, s, "", "PUT "+path, `{"data": {}}`)
				refused = w.Code == http.StatusBadRequest || w.Code == http.StatusInternalServerError
			}
			snapshot, err := p.Model.Load(t.Context(), domain.Needs{Objects: []domain.URI{domain.URI(path)}})
			if err != nil {
				t.Fatal(err)
			}
			got := string(jsondoc.Without(snapshot.Objects[domain.URI(path)].Data, "last_modified"))
			if want := c.want; refused != (want == "") || !refused && got != want {
				t.Errorf("%s, %s: got %s, refused %t, want %s", name, path, got, refused, want)
			}
		}
		if err := p.Loop.Err(); err != nil {
			t.Errorf("%s: the log is blamed: %v", name, err)
		}
	}
}
