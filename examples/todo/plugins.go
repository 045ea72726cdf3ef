package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// visits are made of what happens to items.
var visits = server.Plugin{Name: "visits", Resources: []domain.Resource{
	{Name: "visit", Path: "/lists/{list}/visits", Derivation: &domain.Derivation{
		Into: func(e domain.Event) domain.Plural {
			if e.Resource != "item" {
				return ""
			}
			return domain.Plural(e.Plural().Parent().Below() + "visits")
		},
		Derive: func(_ *domain.State, e domain.Event, at domain.Timestamp) domain.Object {
			id := fmt.Sprint(at)
			data := fmt.Appendf(nil, `{"item":%s,"id":%q,"last_modified":%d}`, jsondoc.Quote(e.Object.URI.ID()), id, at)
			return domain.Object{URI: domain.Plural(e.Plural().Parent().Below() + "visits").Object(id), Data: data}
		},
	}},
}}

// position tells how far the read model is.
var position = server.Plugin{
	Name:       "position",
	Capability: &server.Capability{Name: "position", Description: "How far the service is.", URL: "https://todo.example"},
	Endpoints: func(p server.Parts) ([]web.Endpoint, error) {
		return []web.Endpoint{{Name: "position", Path: "/position", Methods: []web.Method{{
			Name: http.MethodGet,
			Handle: func(w http.ResponseWriter, r *web.Request) error {
				if r.Caller.Anonymous() {
					return r.Caller.Refusal("read", "/position")
				}
				return server.WriteJSON(w, http.StatusOK, map[string]any{"entries": p.Progress.Position()})
			},
			Operation: map[string]any{"summary": "How many entries of the log can be read."},
		}}}}, nil
	},
}

// counted keeps in each list how many items it has, and lets it have a hundred.
var counted = server.Plugin{
	Name: "counted",
	React: func(ctx context.Context, p server.Parts, tx *writeapi.Tx, c writeapi.Change) error {
		if c.Resource != "item" || c.Action == domain.Updated {
			return nil
		}
		list := c.Object.URI.Plural().Parent()
		snapshot, err := tx.Load(ctx, domain.Needs{Scopes: []domain.Plural{c.Plural()}})
		if err != nil {
			return err
		}
		items := snapshot.Scopes[c.Plural()].Live
		if items > 100 {
			return domain.Invalidf(domain.InBody, nil, "a list has 100 items at most")
		}
		_, err = tx.Execute(&domain.Command{
			Verb: domain.Patch, Resource: p.Catalog.Of(list), URI: list,
			Data: fmt.Appendf(nil, `{"items":%d}`, items), Trusted: true, Origin: c.Origin,
		})
		return err
	},
}

// linked shows with an item where it is.
var linked = server.Plugin{
	Name: "linked",
	Wrap: server.Wrappers{Endpoint: func(_ server.Parts, e web.Endpoint) web.Endpoint {
		if e.Name != "item-object" {
			return e
		}
		return e.Wrap(func(next web.Handler) web.Handler {
			return next.Shape(func(r *web.Request, a *web.Answer) error {
				if data, ok := jsondoc.Lookup(a.Body, "data"); ok {
					url := jsondoc.Quote(r.Absolute(r.URL.EscapedPath()))
					data = jsondoc.With(data, jsondoc.Field{Name: "url", Value: url})
					a.Body = jsondoc.With(a.Body, jsondoc.Field{Name: "data", Value: data})
				}
				return nil
			})
		}, http.MethodGet, http.MethodHead)
	}},
}

// moving moves an item to another list.
var moving = server.Plugin{
	Name: "moving",
	Endpoints: func(p server.Parts) ([]web.Endpoint, error) {
		handle := p.Keys.Wrap(func(w http.ResponseWriter, r *web.Request) error { return move(w, r, p) })
		return []web.Endpoint{{
			Name: "move", Path: "/lists/{list}/items/{item}/move", TakesJSON: true,
			Methods: []web.Method{{Name: http.MethodPost, Handle: handle}},
		}}, nil
	},
}

func move(w http.ResponseWriter, r *web.Request, p server.Parts) error {
	list, err := writeapi.Once(r.Context(), func() (string, error) { return wanted(r) })
	if err != nil {
		return err
	}
	from := domain.Plural("/lists/" + r.Params["list"] + "/items").Object(r.Params["item"])
	to := domain.Plural("/lists/" + list + "/items").Object(r.Params["item"])
	if from == to {
		return domain.Invalidf(domain.InBody, "to", "it is there already")
	}
	if _, err := p.Read.Find(r.Context(), r.Caller, from); err != nil {
		return err // as GET would refuse it
	}
	needs := domain.Needs{Objects: []domain.URI{from, to}} // what is known beforehand is loaded at once
	outcome, err := p.Write.Do(r.Context(), needs, func(tx *writeapi.Tx) error {
		snapshot, err := tx.Load(r.Context(), needs)
		if err != nil {
			return err
		}
		data := jsondoc.Without(snapshot.Objects[from].Data, "id", "last_modified")
		put := domain.Command{Verb: domain.Put, Resource: p.Catalog.Of(to), URI: to, Data: data, Caller: r.Caller, Origin: r.Origin()}
		remove := domain.Command{Verb: domain.Delete, Resource: p.Catalog.Of(from), URI: from, Caller: r.Caller, Origin: r.Origin()}
		if _, err := tx.Execute(&put); err != nil {
			return err // nothing of both happens
		}
		_, err = tx.Execute(&remove)
		return err
	})
	if err != nil {
		return err
	}
	writeapi.Mark(w, outcome) // the position, if the read model does not have it yet
	return server.WriteJSON(w, http.StatusOK, map[string]string{"moved": string(to)})
}

// wanted is the list that the body of a request names.
func wanted(r *web.Request) (string, error) {
	body, err := r.ReadBody()
	if err != nil {
		return "", err
	}
	var asked struct{ To string }
	if err := json.Unmarshal(body, &asked); err != nil || !domain.SafeIDs.Valid(asked.To) {
		return "", domain.Invalidf(domain.InBody, "to", "the id of a list is needed")
	}
	return asked.To, nil
}
