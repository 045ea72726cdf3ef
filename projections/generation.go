package projections

import (
	"context"
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// Successor is a read model built beside a live one, to take its place.
type Successor interface {
	Store
	// Replace puts the successor in the place of the live read model in one step, and keeps that from moving until
	// then. In between it calls catchUp, which makes the successor hold at least what the live one holds; it may be
	// called again after an attempt that came to nothing. After an error the live read model is as it was. The
	// successor is not to be used afterwards, but for Close.
	Replace(ctx context.Context, catchUp func(context.Context) error) error
}

// Rounds of catching up while the live read model moves, until one of them applied no more than few entries.
const (
	maxRounds = 20
	few       = 50
)

// Renew fills an empty successor from the log, as [Rebuild] does, and puts it in the place of the live read model.
// Whether readers and projectors may work on that meanwhile is for the successor to say. progress is as for Rebuild.
func Renew(
	ctx context.Context, log eventstore.Log, next Successor, catalog *domain.Catalog, progress func(done, total domain.Position),
) error {
	if err := Rebuild(ctx, log, next, catalog, progress); err != nil {
		return err
	}
	for range maxRounds {
		applied, err := catchUp(ctx, log, next, catalog, progress)
		if err != nil {
			return fmt.Errorf("catch up with the log: %w", err)
		}
		if applied <= few {
			break
		}
	}
	err := next.Replace(ctx, func(ctx context.Context) error {
		_, err := catchUp(ctx, log, next, catalog, progress)
		return err
	})
	if err != nil {
		return fmt.Errorf("put the new read model in place: %w", err)
	}
	return nil
}
