package readapi

import (
	"net/http"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/web"
)

// Object answers GET and HEAD on an object (protocol 2.6).
func (a *API) Object(w http.ResponseWriter, r *web.Request) error {
	if err := a.catchUp(r); err != nil {
		return err
	}
	needs := domain.Needs{Objects: append(r.Plural.Ancestors(), r.URI), Members: r.Caller.Members()}
	state, err := a.load(r.Context(), needs)
	if err != nil {
		return err
	}
	o, err := visible(state, r)
	if err != nil {
		return err
	}
	return a.answerObject(w, r, state, o)
}

// visible is the object, if the caller may see it and it is there.
func visible(state *domain.State, r *web.Request) (domain.Object, error) {
	if !state.Permits(r.Caller, domain.ReadObject, r.Resource, r.URI) {
		return domain.Object{}, r.Caller.Refusal("read", string(r.URI))
	}
	if r.Resource.NeedsParent {
		if err := state.ParentMissing(r.Resource, r.Plural); err != nil {
			return domain.Object{}, err
		}
	}
	if !r.Resource.IDs.Valid(r.URI.ID()) {
		return domain.Object{}, domain.InvalidID()
	}
	o := state.Object(r.URI)
	if !o.Live() {
		return domain.Object{}, &domain.Error{Code: domain.UnknownObject, Resource: r.Resource.Name, ID: r.URI.ID()}
	}
	return o, nil
}

// answerObject writes an object that the caller may see.
func (a *API) answerObject(w http.ResponseWriter, r *web.Request, state *domain.State, o domain.Object) error {
	precondition, problem := rest.ParsePrecondition(r.Header)
	fields, err := rest.ParseFields(r.URL.RawQuery, a.queryOptions(r.Resource))
	if problem = rest.Join(problem, err); problem != nil {
		return problem
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
	a.setCache(h, r, state)
	writeJSON(w, objectBody(o, state.Shown(o, r.Caller), fields))
	return nil
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
