// Package readapi answers GET and HEAD on resources from a read model: one object, or a list.
package readapi

import (
	"context"

	"github.com/kintolog/kintolog/domain"
)

// Reader is the read model, or a view of it inside a transaction. Each call sees one consistent state.
type Reader interface {
	Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error)
	List(ctx context.Context, needs domain.Needs, query domain.Query) (domain.Snapshot, domain.Page, error)
}

type readerKey struct{}

// WithReader makes the handlers answer a request with this context from another reader, as a batch does so
// that its reads see its writes.
func WithReader(ctx context.Context, r Reader) context.Context {
	return context.WithValue(ctx, readerKey{}, r)
}
