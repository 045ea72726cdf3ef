// Package permissions is the endpoint that lists what the caller holds permissions on, over the whole service
// (protocol 4.9). It is answered from the read model's index of permissions, not by looking at objects.
package permissions

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// New is the plug-in. It takes a grant named permissions_read to use it: without one in the policy of the service, such as to
// system.Everyone, the endpoint refuses everybody.
func New() server.Plugin {
	return server.Plugin{
		Name:   "permissions",
		Grants: []string{"permissions_read"},
		Capability: &server.Capability{
			Name:        "permissions_endpoint",
			URL:         "https://kinto.readthedocs.io/en/latest/configuration/settings.html#activating-the-permissions-endpoint",
			Description: "The permissions endpoint can be used to list all user objects permissions.",
		},
		Endpoints: func(p server.Parts) ([]web.Endpoint, error) {
			e := endpoint{p, known(p.Catalog)}
			return []web.Endpoint{{
				Name: "permissions-plural", Path: "/permissions", Stateful: true,
				Methods: []web.Method{{Name: http.MethodHead, Handle: e.serve}, {Name: http.MethodGet, Handle: e.serve}},
			}}, nil
		},
	}
}

type endpoint struct {
	server.Parts
	known []string
}

// known are the attributes of entries, beside "id".
func known(c *domain.Catalog) []string {
	names := []string{"uri", "resource_name", "permissions"}
	for _, r := range told(c) {
		names = append(names, r.Name+"_id")
	}
	return names
}

// told are the resources of which there can be entries.
func told(c *domain.Catalog) []*domain.Resource {
	return slices.DeleteFunc(slices.Clone(c.Resources()), func(r *domain.Resource) bool { return r.Derived() || r.Internal() })
}

func (e endpoint) serve(w http.ResponseWriter, r *web.Request) error {
	// Browsers show what lists expose, although this is no list of objects.
	w.Header().Set("Access-Control-Expose-Headers", rest.Exposed(rest.PluralEndpoint, r.Method))
	snapshot, err := e.Read.Load(r.Context(), domain.Needs{Members: r.Caller.Members(), Scopes: []domain.Plural{""}})
	if err != nil {
		return err
	}
	principals := r.Caller.Principals(snapshot.Groups)
	if !e.grants("permissions_read", principals) {
		return r.Caller.Refusal("read", "/permissions")
	}
	list, problem := e.query(r)
	if problem != nil {
		return problem
	}
	entries, err := e.entries(r.Context(), r.Caller, principals, wanted(e.Catalog, list.Query))
	if err != nil {
		return err
	}
	rest.SetTimestamp(w.Header(), snapshot.Scopes[""].Timestamp)
	w.Header().Set("Cache-Control", "no-cache, no-store")
	list.Alert.Set(w.Header())
	entries = slices.DeleteFunc(entries, func(o domain.Object) bool { return !list.Query.Match(o) })
	if r.Method == http.MethodHead {
		total := strconv.Itoa(len(entries))
		w.Header().Set("Total-Objects", total)
		w.Header().Set("Total-Records", total)
		w.Header().Set("Content-Type", rest.JSON)
		w.WriteHeader(http.StatusOK)
		return nil
	}
	return e.page(w, r, list, entries)
}

// grants tells whether the operator allows something to one of the principals.
func (e endpoint) grants(name string, principals []string) bool {
	return domain.Permissions(e.Catalog.Policy.Grants).Allows(name, principals)
}

// inside is where an entry's attributes are within the object that carries it through the rules of lists, which treat
// some names at the top specially.
const inside = "entry"

// query reads the query string. Filters on last_modified are accepted and ignored: entries have none.
func (e endpoint) query(r *web.Request) (rest.List, *domain.Error) {
	opts := e.Config.Query()
	opts.Known, opts.Now = e.known, domain.TimestampOf(e.Config.Now())
	opts.Texts = append([]string{"id"}, e.known...)
	opts.Order = order
	list, err := rest.ParseQuery(r.URL.RawQuery, opts)
	if err != nil {
		return rest.List{}, err
	}
	q := &list.Query
	if err := filterable(q.Filters); err != nil {
		return rest.List{}, err
	}
	q.Filters = slices.DeleteFunc(q.Filters, func(f domain.Filter) bool { return f.Field.Is("last_modified") })
	for i := range q.Filters {
		q.Filters[i].Field = slices.Concat(domain.Field{inside}, q.Filters[i].Field)
	}
	return list, nil
}

// order is that of entries, which ends in their URI and not in a last_modified.
func order(asked []domain.Sort) []domain.Sort {
	var entries []domain.Sort
	for _, s := range asked {
		if !s.Field.Is("last_modified") {
			entries = append(entries, domain.Sort{Field: slices.Concat(domain.Field{inside}, s.Field), Descending: s.Descending})
		}
	}
	return append(entries, domain.Sort{Field: domain.Field{inside, "uri"}, Descending: true})
}

// filterable refuses filters on permissions, of which an entry has several.
func filterable(filters []domain.Filter) *domain.Error {
	for _, f := range filters {
		if f.Field[0] == "permissions" {
			name := f.Field.String()
			if f.Op != domain.Equal {
				name = string(f.Op) + "_" + name
			}
			return domain.Invalidf(domain.InQuery, name, "Unknown filter field 'permissions'")
		}
	}
	return nil
}

// wanted are the resources that the query can match, so that others are not even looked up.
func wanted(c *domain.Catalog, q domain.Query) []string {
	names := []string{} // nil would be all
	for _, r := range told(c) {
		o := domain.Object{URI: "/", Data: []byte(`{"` + inside + `":{"resource_name":"` + r.Name + `"}}`)}
		only := domain.Query{Tombstones: true}
		for _, f := range q.Filters {
			if len(f.Field) == 2 && f.Field[1] == "resource_name" {
				only.Filters = append(only.Filters, f)
			}
		}
		if only.Match(o) {
			names = append(names, r.Name)
		}
	}
	return names
}

// entries are all that the caller holds something on, as objects whose attributes are inside.
func (e endpoint) entries(ctx context.Context, c domain.Caller, principals, resources []string) ([]domain.Object, error) {
	granted := map[string][]string{}
	var ofAll []string
	for _, name := range resources {
		if held := e.granted(e.Catalog.Resource(name), principals); len(held) > 0 {
			granted[name] = held
			ofAll = append(ofAll, name)
		}
	}
	held, err := e.Read.From(ctx).Accessible(ctx, domain.AccessQuery{
		Principals: principals, Members: c.Members(), Resources: resources, Granted: ofAll,
	})
	if err != nil {
		return nil, &domain.Error{Code: domain.Unavailable, Cause: err}
	}
	entries := make([]domain.Object, 0, len(held)+1)
	for _, access := range held {
		r := e.Catalog.Resource(access.Resource)
		if r == nil {
			continue
		}
		permissions := expand(r, slices.Concat(access.Permissions, granted[r.Name]))
		entries = append(entries, object(attributes(r, access.URI, permissions)))
	}
	if root := e.root(principals); len(root) > 0 {
		entries = append(entries, object(map[string]any{"uri": "/", "resource_name": "root", "permissions": root}))
	}
	return entries, nil
}

// granted are the permissions that the operator gives the principals on every object of a resource. Records and accounts
// are too many to be told one by one.
func (e endpoint) granted(r *domain.Resource, principals []string) []string {
	if r.Secret || r.Parent() != nil && len(r.Parent().Ancestors()) > 0 {
		return nil
	}
	var held []string
	for _, permission := range r.Permissions {
		child, creates := strings.CutSuffix(permission, ":create")
		if e.grants(r.Name+"_"+permission, principals) || creates && e.grants(child+"_create", principals) {
			held = append(held, permission)
		}
	}
	return held
}

// root are the permissions to create at the root.
func (e endpoint) root(principals []string) []string {
	var held []string
	for _, r := range told(e.Catalog) {
		if r.Parent() == nil && e.grants(r.Name+"_create", principals) {
			held = append(held, r.CreatePermission())
		}
	}
	return held
}

// expand adds the permissions that one gives on the same object.
func expand(r *domain.Resource, held []string) []string {
	all := map[string]bool{}
	for _, permission := range held {
		all[permission] = true
		switch {
		case permission == "write":
			for _, implied := range r.Permissions {
				all[implied] = true
			}
		case permission != "read" && !strings.HasSuffix(permission, ":create"):
			continue
		}
		if len(r.Children()) > 0 {
			all["read:attributes"] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// attributes of the entry for an object.
func attributes(r *domain.Resource, u domain.URI, permissions []string) map[string]any {
	entry := map[string]any{
		"uri": string(u), "resource_name": r.Name, "id": u.ID(), r.Name + "_id": u.ID(), "permissions": permissions,
	}
	for i, above := range u.Plural().Ancestors() {
		entry[r.Ancestors()[i].Name+"_id"] = above.ID()
	}
	return entry
}

func object(entry map[string]any) domain.Object {
	data, err := json.Marshal(map[string]any{inside: entry}, json.Deterministic(true))
	if err == nil {
		data, err = jsondoc.Normalize(data, jsondoc.DefaultLimits)
	}
	if err != nil {
		panic(err) // strings, which were normalised before
	}
	return domain.Object{URI: domain.URI("/entries/" + entry["uri"].(string)), Data: data}
}

// page answers with one page of the entries.
func (e endpoint) page(w http.ResponseWriter, r *web.Request, list rest.List, entries []domain.Object) error {
	q := list.Query
	slices.SortFunc(entries, q.Compare)
	entries = slices.DeleteFunc(entries, func(o domain.Object) bool { return !q.Beyond(o) })
	if len(entries) > q.Limit {
		entries = entries[:q.Limit]
		next, err := list.NextPage(r.URL.EscapedPath(), q.Limit, entries[q.Limit-1], rest.Token{Nonce: "pagination-token"})
		if err != nil {
			return err
		}
		w.Header().Set("Next-Page", r.Absolute(next))
	}
	projection := jsondoc.NewProjection(list.Fields)
	for i, o := range entries {
		entries[i].Data, _ = jsondoc.Lookup(o.Data, inside)
		if list.Fields != nil {
			entries[i].Data = projection.Append(nil, entries[i].Data)
		}
	}
	web.WriteDocument(w, http.StatusOK, rest.AppendList(nil, entries))
	return nil
}
