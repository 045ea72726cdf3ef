package readapi

import (
	"context"
	"net/http"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/web"
)

// object answers GET and HEAD on an object (protocol 2.6).
func (a *API) object(w http.ResponseWriter, r *web.Request) error {
	if err := a.catchUp(r); err != nil {
		return err
	}
	state, err := a.around(r.Context(), r.Caller, r.URI)
	if err != nil {
		return err
	}
	if err := readable(state, r.Caller, r.Resource, r.URI); err != nil {
		return err
	}
	precondition, problem := rest.ParsePrecondition(r.Header)
	fields, fault := rest.ParseFields(r.URL.RawQuery, a.queryOptions(r.Resource))
	problem = rest.Join(problem, fault)
	if err := problem.Early(); err != nil {
		return err
	}
	o, err := found(state, r.Resource, r.URI)
	if err != nil {
		return err
	}
	notModified, failed := precondition.CheckRead(o.LastModified, o.Data)
	if failed != nil {
		return failed
	}
	h := w.Header()
	rest.SetTimestamp(h, o.LastModified)
	if notModified {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if problem != nil {
		return problem
	}
	a.setCache(h, r, state)
	web.WriteDocument(w, http.StatusOK, objectBody(o, state.Shown(r.Resource, o, r.Caller), fields))
	return nil
}

// Find is the object that GET would answer the caller with, or the error.
func (a *API) Find(ctx context.Context, c domain.Caller, u domain.URI) (domain.Object, error) {
	resource := a.catalog.Of(u)
	if resource == nil {
		return domain.Object{}, &domain.Error{Code: domain.MissingResource}
	}
	state, err := a.around(ctx, c, u)
	if err != nil {
		return domain.Object{}, err
	}
	if err := readable(state, c, resource, u); err != nil {
		return domain.Object{}, err
	}
	return found(state, resource, u)
}

// around is the state that tells whether the caller may see an object.
func (a *API) around(ctx context.Context, c domain.Caller, u domain.URI) (*domain.State, error) {
	return a.load(ctx, domain.Needs{Objects: append(u.Plural().Ancestors(), u), Members: c.Members()})
}

// readable is the error for a caller who may not see the object, or for an object whose parent is missing.
func readable(state *domain.State, c domain.Caller, resource *domain.Resource, u domain.URI) error {
	if !state.Permits(c, domain.ReadObject, resource, u) {
		return c.Refusal("read", string(u))
	}
	if resource.NeedsParent {
		return state.ParentMissing(resource, u.Plural())
	}
	return nil
}

// found is the object, if it is there.
func found(state *domain.State, resource *domain.Resource, u domain.URI) (domain.Object, error) {
	if !resource.IDs.Valid(u.ID()) {
		return domain.Object{}, domain.InvalidID()
	}
	o := state.Object(u)
	if !o.Live() {
		return domain.Object{}, &domain.Error{Code: domain.UnknownObject, Resource: resource.Name, ID: u.ID()}
	}
	return o, nil
}

// objectBody is an object with the permissions shown, or only some of its attributes.
func objectBody(o domain.Object, shown domain.Permissions, fields [][]string) []byte {
	if fields == nil {
		return rest.AppendObject(nil, o.Data, shown)
	}
	b := append(make([]byte, 0, len(o.Data)+16), `{"data":`...)
	b = jsondoc.NewProjection(fields).Append(b, o.Data)
	return append(b, '}')
}
