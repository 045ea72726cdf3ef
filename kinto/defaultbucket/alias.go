package defaultbucket

import (
	"net/http"
	"slices"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

// alias turns requests for the alias into those for the personal bucket.
type alias struct {
	secret             string
	readOnly           bool
	parts              server.Parts
	bucket, collection *domain.Resource
}

// before makes a request for the alias one for the personal bucket, and sees to it that what it takes for granted
// is there.
func (a *alias) before(r *web.Request) error {
	path := r.Segments()
	if len(path) < 2 || path[0] != "buckets" || path[1] != Alias {
		return nil
	}
	switch {
	case r.Caller.Anonymous():
		return r.Caller.Refusal("write", "/buckets/"+Alias)
	case a.readOnly:
		return &domain.Error{Code: domain.MethodNotAllowed}
	}
	path = slices.Clone(path)
	path[1] = BucketID(a.secret, r.Caller.UserID)
	r.Readdress(path)
	if err := a.nameBucket(r); err != nil {
		return err
	}
	creations, err := a.granted(r)
	if err != nil || len(creations) == 0 {
		return err
	}
	return a.ensure(r, creations)
}

// nameBucket replaces the alias where the body of a request for the bucket itself names its id.
func (a *alias) nameBucket(r *web.Request) error {
	if r.Resource != a.bucket || r.URI == "" || r.Method != http.MethodPut && r.Method != http.MethodPatch {
		return nil
	}
	raw, err := r.ReadBody()
	if err != nil {
		return err
	}
	if len(raw) > 0 {
		r.ReplaceBody(named(raw, r.URI.ID()))
	}
	return nil
}

// named is the body with the id for the alias in data.id. A body that is not well formed stays as it is, for
// whoever reads it to say so.
func named(raw []byte, id string) []byte {
	body, err := jsondoc.Normalize(raw, jsondoc.Limits{})
	if err != nil {
		return raw
	}
	data, _ := jsondoc.Lookup(body, "data")
	value, _ := jsondoc.Lookup(data, "id")
	text, ok := jsondoc.String(value)
	if !ok || !strings.Contains(text, Alias) {
		return raw
	}
	data = jsondoc.With(data, jsondoc.Field{Name: "id", Value: jsondoc.Quote(strings.ReplaceAll(text, Alias, id))})
	return jsondoc.With(body, jsondoc.Field{Name: "data", Value: data})
}

// granted are the creations of what the request takes for granted: the bucket, and the collection that its
// path is in, but not what the request itself puts there.
func (a *alias) granted(r *web.Request) ([]domain.Command, error) {
	bucket := domain.Plural("/buckets").Object(r.Segments()[1])
	if r.URI == bucket && r.Method == http.MethodPut {
		return nil, nil
	}
	creations := []domain.Command{a.bucketOf(r, bucket)}
	collection, ok := collectionOf(r)
	if !ok || r.URI == collection && r.Method == http.MethodPut {
		return creations, nil
	}
	if !a.collection.IDs.Valid(collection.ID()) {
		return nil, domain.Invalidf(domain.InPath, nil, "Invalid collection id")
	}
	return append(creations, creation(r, a.collection, collection)), nil
}

// collectionOf is the collection that a request is for, or for something below it. What is behind the path of the collections
// need not be one.
func collectionOf(r *web.Request) (u domain.URI, ok bool) {
	path := r.Segments()
	if len(path) < 4 || path[2] != "collections" || len(path) == 4 && r.URI == "" {
		return "", false
	}
	return domain.URI("/" + strings.Join(path[:4], "/")), true
}

// bucketOf is the creation of the personal bucket, which the caller may write, whatever the policy says of those who create
// buckets.
func (a *alias) bucketOf(r *web.Request, u domain.URI) domain.Command {
	c := creation(r, a.bucket, u)
	c.Trusted = true
	c.Permissions = map[string][]string{"write": {r.Caller.UserID}}
	return c
}

func creation(r *web.Request, resource *domain.Resource, u domain.URI) domain.Command {
	return domain.Command{Verb: domain.Post, Resource: resource, URI: u, Caller: r.Caller, Origin: r.Origin()}
}

// ensure sees to it that the creations are carried out: in the transaction of a request that writes objects, by the
// reader of one that reads them, and otherwise at once.
func (a *alias) ensure(r *web.Request, creations []domain.Command) error {
	g := &grant{parts: a.parts, creations: creations}
	switch isObjects := slices.Contains(a.parts.Catalog.Resources(), r.Resource); {
	case isObjects && isRead(r.Method):
		from := reader{a.parts.Read.From(r.Context()), g}
		r.Request = r.WithContext(readapi.WithReader(r.Context(), from))
		return nil
	case isObjects:
		r.Request = r.WithContext(writeapi.WithStep(r.Context(), g.needs(), g.create))
		return nil
	}
	snapshot, err := a.parts.Read.Load(r.Context(), domain.Needs{Objects: g.objects()})
	if err != nil || len(g.missing(snapshot)) == 0 {
		return err
	}
	return g.carryOut(r.Context(), func(readapi.Reader) error { return nil })
}
