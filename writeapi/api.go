package writeapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/web"
)

// Options of an API.
type Options struct {
	// Query rules query strings of DELETE on plural endpoints; Now is set for each request.
	Query rest.QueryOptions
	// Body bounds what request bodies hold.
	Body rest.BodyLimits
	// Cache keeps the tokens of paginated deletions, so that each is used once.
	Cache domain.Cache
	// TokenValidity is for how long such a token can be used. Default 10 minutes.
	TokenValidity time.Duration
}

// API makes the handlers that write resources.
type API struct {
	loop *Loop
	opts Options
}

// New is an API whose writes go through the loop.
func New(loop *Loop, opts Options) *API {
	if opts.TokenValidity == 0 {
		opts.TokenValidity = 10 * time.Minute
	}
	return &API{loop: loop, opts: opts}
}

// PluralMethods are those of a plural endpoint: POST and DELETE.
func (a *API) PluralMethods() []web.Method {
	return []web.Method{{Name: http.MethodPost, Handle: a.post}, {Name: http.MethodDelete, Handle: a.deleteMany}}
}

// ObjectMethods are those of an object: PUT, PATCH and DELETE.
func (a *API) ObjectMethods() []web.Method {
	return []web.Method{
		{Name: http.MethodPut, Handle: a.put}, {Name: http.MethodPatch, Handle: a.patch}, {Name: http.MethodDelete, Handle: a.delete},
	}
}

// Do runs a transaction through the loop: the one of ctx, if a request is part of one, else a new one. The step
// of ctx comes first, if there is one.
func (a *API) Do(ctx context.Context, needs domain.Needs, run func(*Tx) error) (Outcome, error) {
	needs, run = withStep(ctx, needs, run)
	return a.loop.Do(ctx, needs, run)
}

// do carries out one command and answers with it.
func (a *API) do(w http.ResponseWriter, r *web.Request, c *domain.Command, answer func(domain.Result)) error {
	var result domain.Result
	outcome, err := a.Do(r.Context(), c.Needs(), func(tx *Tx) (err error) {
		result, err = tx.execute(c)
		return err
	})
	if err != nil {
		return err
	}
	Mark(w, outcome)
	rest.SetTimestamp(w.Header(), result.Timestamp)
	answer(result)
	return nil
}

// Mark names the position of a write that is not readable yet.
func Mark(w http.ResponseWriter, outcome Outcome) {
	if !outcome.Readable {
		rest.Expose(w.Header(), rest.PositionHeader)
		w.Header().Set(rest.PositionHeader, strconv.FormatUint(uint64(outcome.Position), 10))
	}
}

func (a *API) post(w http.ResponseWriter, r *web.Request) error {
	c, err := a.command(domain.Post, r)
	if err != nil {
		return err
	}
	return a.do(w, r, c, func(result domain.Result) {
		status := http.StatusCreated
		if result.Unchanged {
			status = http.StatusOK
		}
		writeObject(w, status, result)
	})
}

func (a *API) put(w http.ResponseWriter, r *web.Request) error {
	c, err := a.command(domain.Put, r)
	if err != nil {
		return err
	}
	return a.do(w, r, c, func(result domain.Result) {
		status := http.StatusOK
		if result.Created {
			status = http.StatusCreated
		}
		writeObject(w, status, result)
	})
}

func (a *API) patch(w http.ResponseWriter, r *web.Request) error {
	c, err := a.command(domain.Patch, r)
	if err != nil {
		return err
	}
	behavior, problem := rest.ResponseBehavior(r.Header)
	c.Problem = rest.Join(c.Problem, problem)
	return a.do(w, r, c, func(result domain.Result) {
		if behavior == rest.Full {
			writeObject(w, http.StatusOK, result)
			return
		}
		writeData(w, rest.Changed(result, behavior == rest.Diff))
	})
}

func (a *API) delete(w http.ResponseWriter, r *web.Request) error {
	c, err := a.command(domain.Delete, r)
	if err != nil {
		return err
	}
	return a.do(w, r, c, func(result domain.Result) { writeData(w, result.Object.Data) })
}

func (a *API) deleteMany(w http.ResponseWriter, r *web.Request) error {
	c, err := a.command(domain.DeleteMany, r)
	if err != nil {
		return err
	}
	opts := a.opts.Query
	opts.Now, opts.Known, opts.Texts = domain.TimestampOf(a.loop.Now()), r.Resource.Known(), r.Resource.Texts()
	opts.Deletes = true
	list, problem := rest.ParseQuery(r.URL.RawQuery, opts)
	if c.Problem = rest.Join(c.Problem, problem); c.Problem == nil {
		c.Problem = a.useUp(r.Context(), list.Token)
	}
	var result domain.Result
	var next string
	token := rest.Token{Nonce: "pagination-token-" + uuid.NewString()}
	outcome, err := a.Do(r.Context(), c.Needs(), func(tx *Tx) (err error) {
		result, next, err = tx.deletePage(c, list, r.URL.EscapedPath(), token)
		return err
	})
	if err != nil {
		return err
	}
	Mark(w, outcome)
	rest.SetTimestamp(w.Header(), result.Timestamp)
	list.Alert.Set(w.Header())
	if next != "" {
		if err := a.opts.Cache.Set(r.Context(), token.Nonce, []byte{1}, a.opts.TokenValidity); err != nil {
			return &domain.Error{Code: domain.Unavailable, Cause: err}
		}
		w.Header().Set("Next-Page", r.Absolute(next))
	}
	writeList(w, result.Tombstones)
	return nil
}

// deletePage deletes a page of objects. It returns the path and query of the next one as well, "" if this is the last.
func (t *Tx) deletePage(c *domain.Command, list rest.List, path string, token rest.Token) (domain.Result, string, error) {
	result, last, more, err := t.ExecuteMany(c, list.Query)
	if err != nil || !more {
		return result, "", err
	}
	next, tooLong := list.NextPage(path, len(result.Tombstones), last, token)
	if tooLong != nil {
		return result, "", tooLong
	}
	return result, next, nil
}

// useUp makes sure that the token of a paginated deletion serves once (protocol 3.8).
func (a *API) useUp(ctx context.Context, token *rest.Token) *domain.Error {
	if token == nil {
		return nil
	}
	part := partOf(ctx)
	if part.token == nil {
		part.token = &used{a.take(ctx, token)}
	}
	return part.token.problem
}

func (a *API) take(ctx context.Context, token *rest.Token) *domain.Error {
	_, ok, err := a.opts.Cache.Take(ctx, token.Nonce)
	switch {
	case err != nil:
		return &domain.Error{Code: domain.Unavailable, Cause: err}
	case !ok:
		problem := domain.Invalidf(domain.InQuery, nil, "_token was already used or has expired.")
		problem.Late = true
		return problem
	}
	return nil
}

// command reads a request. What is wrong with its content becomes the command's Problem; an error is returned only
// for what comes before permissions.
func (a *API) command(verb domain.Verb, r *web.Request) (*domain.Command, error) {
	part := partOf(r.Context())
	return part.prepared(func() (*domain.Command, error) { return a.read(verb, r, part) })
}

func (a *API) read(verb domain.Verb, r *web.Request, part *Part) (*domain.Command, error) {
	c := &domain.Command{Verb: verb, Resource: r.Resource, URI: r.URI, Caller: r.Caller, Origin: r.Origin()}
	if r.URI == "" {
		c.URI = r.Plural.Object("")
	}
	c.Precondition, c.Problem = rest.ParsePrecondition(r.Header)
	var err *domain.Error
	switch verb {
	case domain.Delete:
		c.LastModified, err = rest.ParseDeletion(r.URL.RawQuery, a.opts.Query.Limits)
	case domain.Post, domain.Put, domain.Patch:
		raw, readErr := r.ReadBody()
		if readErr != nil {
			return nil, readErr
		}
		if err = a.body(c, r, raw); verb == domain.Post {
			if idErr := identify(c, part); idErr != nil {
				return nil, idErr
			}
		}
		if err == nil && c.Resource.Prepare != nil {
			err = c.Resource.Prepare(r.Context(), c)
		}
	}
	if c.Problem = rest.Join(c.Problem, err); c.Resource.Prepare != nil {
		normalize(c) // it may be another now
	}
	return c, nil
}

// body reads the envelope into the command.
func (a *API) body(c *domain.Command, r *web.Request, raw []byte) (problem *domain.Error) {
	opts := rest.BodyOptions{Permissions: c.Resource.Permissions, Limits: a.opts.Body}
	var body rest.Envelope
	if c.Verb == domain.Patch {
		if c.PatchKind, problem = rest.PatchKind(r.Header); problem != nil {
			return problem
		}
		body, problem = rest.ParsePatch(raw, c.PatchKind, opts)
	} else {
		body, problem = rest.ParseBody(raw, opts)
	}
	c.Data, c.Permissions, c.Operations = body.Data, body.Permissions, body.Operations
	return problem
}

// writeObject answers with the object and the permissions that the caller may see.
func writeObject(w http.ResponseWriter, status int, result domain.Result) {
	web.WriteDocument(w, status, rest.AppendObject(nil, result.Object.Data, result.Shown))
}

// writeData answers with data alone.
func writeData(w http.ResponseWriter, data []byte) {
	web.WriteDocument(w, http.StatusOK, slices.Concat([]byte(`{"data":`), data, []byte("}")))
}

func writeList(w http.ResponseWriter, objects []domain.Object) {
	web.WriteDocument(w, http.StatusOK, rest.AppendList(nil, objects))
}
