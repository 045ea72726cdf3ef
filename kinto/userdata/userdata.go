// Package userdata is the endpoint that removes everything of one user (protocol 4.10).
package userdata

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// New is the plug-in. It takes a grant named user-data_delete to use it: without one in the policy of the service the endpoint
// refuses everybody.
//
// What the principal alone may write is deleted; from the permissions of everything else, and from the members of groups,
// the principal is removed. All of it is one commit. Derived objects, such as entries of a history, stay as they are.
func New() server.Plugin {
	return server.Plugin{
		Name:   "user-data",
		Grants: []string{"user-data_delete"},
		Endpoints: func(p server.Parts) ([]web.Endpoint, error) {
			return []web.Endpoint{
				{Name: "user-data-plural", Path: "/__user_data__"},
				{
					Name: "user-data-object", Path: "/__user_data__/{principal...}", // which may have slashes
					Methods: []web.Method{{Name: http.MethodDelete, Handle: p.Keys.Wrap(endpoint{p}.delete)}},
				},
			}, nil
		},
	}
}

type endpoint struct{ server.Parts }

func (e endpoint) delete(w http.ResponseWriter, r *web.Request) error {
	principal := r.Params["principal"]
	if principal == "" {
		return &domain.Error{Code: domain.MissingResource}
	}
	needs := domain.Needs{Members: slices.Concat(r.Caller.Members(), []string{principal})}
	outcome, err := e.Write.Do(r.Context(), needs, func(tx *writeapi.Tx) error {
		snapshot, err := tx.Load(r.Context(), needs)
		if err != nil {
			return err
		}
		grants := domain.Permissions(e.Catalog.Policy.Grants)
		if !grants.Allows("user-data_delete", r.Caller.Principals(snapshot.Groups)) {
			return r.Caller.Refusal("delete", "/__user_data__/"+principal)
		}
		return e.remove(r, tx, principal, snapshot.Groups[principal])
	})
	if err != nil {
		return err
	}
	writeapi.Mark(w, outcome)
	return server.WriteJSON(w, http.StatusOK, map[string]any{"data": map[string]string{"principal": principal}})
}

// remove carries out what New says, for a principal who is a member of the groups.
func (e endpoint) remove(r *web.Request, tx *writeapi.Tx, principal string, groups []domain.URI) error {
	held, err := e.accessible(r.Context(), tx, principal)
	if err != nil {
		return err
	}
	held = append(held, groups...)
	if err := load(r.Context(), tx, held); err != nil {
		return err
	}
	for _, u := range held {
		o, err := object(r.Context(), tx, u)
		switch {
		case err != nil:
		case !o.Live(): // gone with what is above it
		case slices.Equal(o.Permissions["write"], []string{principal}):
			_, err = tx.Execute(&domain.Command{
				Verb: domain.Delete, Resource: e.Catalog.Of(u), URI: u, Caller: r.Caller, Origin: r.Origin(), Trusted: true,
			})
		default:
			err = e.withdraw(r, tx, o, principal)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// accessible are the objects on which the principal holds anything, those above before those below. Derived ones are
// as they were made.
func (e endpoint) accessible(ctx context.Context, tx *writeapi.Tx, principal string) ([]domain.URI, error) {
	var names []string
	for _, r := range e.Catalog.Resources() {
		if !r.Derived() {
			names = append(names, r.Name)
		}
	}
	held, err := tx.Accessible(ctx, domain.AccessQuery{Principals: []string{principal}, Resources: names})
	if err != nil {
		return nil, err
	}
	uris := make([]domain.URI, len(held))
	for i, access := range held {
		uris[i] = access.URI
	}
	slices.SortStableFunc(uris, func(a, b domain.URI) int { return len(a.Plural().Ancestors()) - len(b.Plural().Ancestors()) })
	return uris, nil
}

// load makes everything about the objects known to the transaction in one round trip.
func load(ctx context.Context, tx *writeapi.Tx, uris []domain.URI) error {
	needs := domain.Needs{Objects: slices.Clone(uris), Scopes: []domain.Plural{""}}
	for _, u := range uris {
		needs.Scopes = append(needs.Scopes, u.Plural())
		needs.Objects = append(needs.Objects, u.Plural().Ancestors()...)
	}
	_, err := tx.Load(ctx, needs.Distinct())
	return err
}

func object(ctx context.Context, tx *writeapi.Tx, u domain.URI) (domain.Object, error) {
	snapshot, err := tx.Load(ctx, domain.Needs{Objects: []domain.URI{u}})
	return snapshot.Objects[u], err
}

// withdraw removes the principal from the permissions of an object and, if it is a group, from its members.
func (e endpoint) withdraw(r *web.Request, tx *writeapi.Tx, o domain.Object, principal string) error {
	resource := e.Catalog.Of(o.URI)
	permissions, changed := without(o.Permissions, principal)
	if members, isGroup := e.Catalog.Members(resource.Name, o); isGroup && slices.Contains(members, principal) {
		rest := slices.DeleteFunc(slices.Clone(members), func(m string) bool { return m == principal })
		o.Data, changed = jsondoc.With(o.Data, jsondoc.Field{Name: "members", Value: jsondoc.AppendTexts(nil, rest)}), true
	}
	if !changed {
		return nil // a group that was among the objects too
	}
	at, err := tx.Next(o.URI.Plural())
	if err != nil {
		return err
	}
	o.Permissions, o.LastModified = permissions, at
	o.Data = jsondoc.With(o.Data, jsondoc.Field{Name: "last_modified", Value: strconv.AppendInt(nil, int64(at), 10)})
	tx.Append(domain.Event{
		Action: domain.Updated, Resource: resource.Name, Secret: resource.Secret, Object: o, Origin: r.Origin(),
	})
	return nil
}

// without are the permissions that are left when the principal holds none.
func without(p domain.Permissions, principal string) (left domain.Permissions, changed bool) {
	left = p
	for name, principals := range p {
		if slices.Contains(principals, principal) {
			rest := slices.DeleteFunc(slices.Clone(principals), func(held string) bool { return held == principal })
			left, changed = left.With(name, rest...), true
		}
	}
	return left, changed
}
