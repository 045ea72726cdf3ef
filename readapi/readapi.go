// Package readapi answers GET and HEAD on resources from a read model: one object, or a list.
//
// It decides nothing by itself: what a caller may see is for package domain to say, what a query string means for
// package domain/rest, and what the frame of every request does is in package web. Bodies are put together
// from the bytes that the read model holds.
//
// Start with object.go for one object and list.go for a list.
package readapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/web"
)

// Reader is the read model, or a view of it inside a transaction. Each call sees one consistent state.
// An error that is no *domain.Error counts as Unavailable.
type Reader interface {
	Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error)
	List(ctx context.Context, needs domain.Needs, query domain.Query) (domain.Snapshot, domain.Page, error)
	// Accessible lists objects by plural endpoint and id.
	Accessible(ctx context.Context, query domain.AccessQuery) ([]domain.Access, error)
}

// Waiter knows how far a read model is.
type Waiter interface {
	// Position is one that the read model is known to have reached.
	Position() domain.Position
	// Wait returns nil once the read model holds everything up to the position, or the error of ctx.
	Wait(ctx context.Context, position domain.Position) error
}

// Options are what the operator decides about reads. The zero value reads.
type Options struct {
	// PaginateBy is the greatest page of a list; 0, the default, for none but MaxFetch.
	PaginateBy int
	// MaxFetch is the greatest number of objects in one answer. Default 10000.
	MaxFetch int
	// MaxBytes is how many bytes of data end a list, with the object that has the last of them. Default 64 MiB.
	MaxBytes int
	// Limits bound query strings; the zero value has defaults.
	Limits rest.QueryLimits
	// Cache is for how long anonymous answers may be cached. The zero value forbids it.
	Cache Cache
	// Waiter, if set, lets a request wait until the read model holds the position that its header
	// Kintolog-Position names, and with it a write that was answered before. And no request is answered from an earlier state
	// than the Waiter knows of, even if the read model has gone back to one. Default none: the header is ignored.
	Waiter Waiter
	// WaitTimeout bounds that. Default 2 s.
	WaitTimeout time.Duration
	// Now is the wall clock. Default time.Now.
	Now func() time.Time
}

// API makes the handlers. It is safe for concurrent use.
type API struct {
	catalog *domain.Catalog
	reader  Reader
	options Options
}

// New reads the resources of the catalog from the reader.
func New(catalog *domain.Catalog, reader Reader, o Options) *API {
	o.WaitTimeout = cmp.Or(o.WaitTimeout, 2*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Waiter != nil {
		reader = &steady{Reader: reader, waiter: o.Waiter, patience: o.WaitTimeout}
	}
	return &API{catalog: catalog, reader: reader, options: o}
}

// PluralMethods are those of every plural endpoint.
func (a *API) PluralMethods() []web.Method {
	return []web.Method{
		{Name: http.MethodHead, Handle: a.list},
		{Name: http.MethodGet, Handle: a.list},
	}
}

// ObjectMethods are those of every object.
func (a *API) ObjectMethods() []web.Method {
	return []web.Method{
		{Name: http.MethodGet, Handle: a.object},
		{Name: http.MethodHead, Handle: a.object},
	}
}

type readerKey struct{}

// WithReader makes the handlers answer a request with this context from another reader, as a batch does so
// that its reads see its writes. With nil it is answered from that of the API.
func WithReader(ctx context.Context, r Reader) context.Context {
	return context.WithValue(ctx, readerKey{}, r)
}

// From is where the handlers read for a request with this context.
func (a *API) From(ctx context.Context) Reader {
	if r, ok := ctx.Value(readerKey{}).(Reader); ok {
		return r
	}
	return a.reader
}

// Load returns what is needed from where the handlers read for a request with this context.
func (a *API) Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
	snapshot, err := a.From(ctx).Load(ctx, needs)
	if err != nil {
		return domain.Snapshot{}, unavailable(err)
	}
	return snapshot, nil
}

// load is the state of what is needed.
func (a *API) load(ctx context.Context, needs domain.Needs) (*domain.State, error) {
	snapshot, err := a.Load(ctx, needs)
	if err != nil {
		return nil, err
	}
	return a.state(needs, snapshot), nil
}

func (a *API) state(needs domain.Needs, snapshot domain.Snapshot) *domain.State {
	state := domain.NewState(a.catalog, nil, nil)
	state.Add(needs, snapshot)
	return state
}

// unavailable is an error of the read model as clients are to see it.
func unavailable(err error) error {
	if _, known := errors.AsType[*domain.Error](err); known {
		return err
	}
	return &domain.Error{Code: domain.Unavailable, Cause: err}
}

// queryOptions are those for the query string of a request on the resource.
func (a *API) queryOptions(r *domain.Resource) rest.QueryOptions {
	return rest.QueryOptions{
		Known:      r.Known(),
		Texts:      r.Texts(),
		PaginateBy: a.options.PaginateBy,
		MaxFetch:   a.options.MaxFetch,
		MaxBytes:   a.options.MaxBytes,
		Limits:     a.options.Limits,
		Now:        domain.TimestampOf(a.options.Now()),
	}
}
