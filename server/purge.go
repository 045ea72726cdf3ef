package server

import (
	"context"
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/writeapi"
)

// Purge forgets tombstones of resources: in each plural endpoint as many stay as are to be retained, the newest.
// Who asks for changes since before those that are gone does not hear of them any more. It is a fact of the log, so that a
// read model that is rebuilt forgets the same ones; the log keeps the deletions. Purge returns when the read model
// has forgotten, and how many tombstones of each resource are fewer.
func Purge(ctx context.Context, p Parts, resources []string, retain int64) (map[string]int64, error) {
	for _, name := range resources {
		if p.Catalog.Resource(name) == nil {
			return nil, fmt.Errorf("purge: there is no resource %q", name)
		}
	}
	before, err := p.Model.Counts(ctx)
	if err != nil {
		return nil, fmt.Errorf("purge: %w", err)
	}
	outcome, err := p.Loop.Do(ctx, domain.Needs{}, func(tx *writeapi.Tx) error {
		for _, name := range resources {
			tx.Append(domain.Event{Action: domain.Purged, Resource: name, Retain: retain, Ordered: true})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("purge: %w", err)
	}
	if err := p.Progress.Wait(ctx, outcome.Position); err != nil {
		return nil, fmt.Errorf("purge: it is in the log, but not yet in the read model: %w", err)
	}
	after, err := p.Model.Counts(ctx)
	if err != nil {
		return nil, fmt.Errorf("count what was purged: %w", err)
	}
	gone := map[string]int64{}
	for _, name := range resources {
		gone[name] = max(0, before.Tombstones[name]-after.Tombstones[name])
	}
	return gone, nil
}
