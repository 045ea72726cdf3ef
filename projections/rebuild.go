package projections

import (
	"context"
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// How much a rebuild applies in one transaction.
const (
	rebuildEvents = 10_000
	rebuildBytes  = 32 << 20
)

// Optimizer is a [Store] that answers faster after it has looked at what it holds.
type Optimizer interface {
	Optimize(ctx context.Context) error
}

// Rebuild applies the log, up to its tail as it was at the start, to a store that nobody else writes to: an
// empty one, or one whose rebuild was interrupted. progress, if not nil, is called after each transaction. The
// store is then what a [Runner] with the same catalog would have made of the same log.
func Rebuild(ctx context.Context, log eventstore.Log, target Store, catalog *domain.Catalog, progress func(done, total domain.Position)) error {
	if _, err := catchUp(ctx, log, target, catalog, progress); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	if o, ok := target.(Optimizer); ok {
		return o.Optimize(ctx)
	}
	return nil
}

// catchUp applies what the store lacks of the log as it is now, and returns how many entries those were.
func catchUp(
	ctx context.Context, log eventstore.Log, target Store, catalog *domain.Catalog, progress func(done, total domain.Position),
) (domain.Position, error) {
	checkpoint, tail, err := Verify(ctx, log, target)
	if err != nil {
		return 0, err
	}
	a := applier{store: target, catalog: catalog}
	if err := a.begin(ctx, checkpoint); err != nil {
		return 0, err
	}
	err = batches(ctx, log, checkpoint, tail, func(entries []eventstore.Entry) error {
		if err := a.apply(ctx, entries); err != nil {
			return err
		}
		if progress != nil {
			progress(a.checkpoint.Position, tail.Position)
		}
		return nil
	})
	return a.checkpoint.Position - checkpoint.Position, err
}

// batches reads the log up to the tail and hands over whole commits, many at a time.
func batches(ctx context.Context, log eventstore.Log, from, to eventstore.Tail, do func([]eventstore.Entry) error) error {
	var batch []eventstore.Entry
	events, bytes := 0, 0
	for entry, err := range log.Read(ctx, from.Position) {
		if err != nil {
			return err
		}
		batch = append(batch, entry)
		events += len(entry.Events)
		bytes += size(entry)
		if !entry.Last || entry.Position < to.Position && events < rebuildEvents && bytes < rebuildBytes {
			continue
		}
		if err := do(batch); err != nil {
			return err
		}
		if entry.Position >= to.Position {
			return nil
		}
		batch, events, bytes = nil, 0, 0
	}
	return nil
}
