package projections

import (
	"context"
	"fmt"
	"slices"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// derive puts what is derived of each event right after it: the change then depends on the log and on nothing
// else. Entries stay as they are if nothing is derived. It is ErrMoved if the store is not at the checkpoint.
func (a *applier) derive(ctx context.Context, entries []eventstore.Entry) ([]eventstore.Entry, error) {
	if !a.catalog.Derives() {
		return entries, nil
	}
	d := deriver{applier: a, memory: a.recall()}
	if err := d.load(ctx, d.needs(entries)); err != nil {
		return nil, err
	}
	derived := slices.Clone(entries)
	for i := range derived {
		events, err := d.extend(ctx, derived[i].Events)
		if err != nil {
			return nil, fmt.Errorf("derive from entry %d: %w", derived[i].Position, err)
		}
		derived[i].Events = events
	}
	d.at = derived[len(derived)-1].Tail()
	d.state.Settle()
	a.memory = d.memory
	return derived, nil
}

// deriver walks through the log with the state that derivations look at.
type deriver struct {
	*applier
	*memory
}

// memory is what is known from the changes before.
type memory struct {
	at     eventstore.Tail // the checkpoint that it is true at
	state  *domain.State
	bounds bounds
}

// How much is remembered from one change to the next.
const (
	maxKnown  = 256     // objects and endpoints
	maxListed = 100_000 // objects that are bounded
)

// recall is the memory, which is empty if it is not about the checkpoint: after a change that failed, or that somebody
// else made; or if it has become too much.
func (a *applier) recall() *memory {
	m := a.memory
	if a.memory = nil; m == nil || m.at != a.checkpoint {
		return &memory{state: domain.NewState(a.catalog, nil, nil), bounds: newBounds()}
	}
	if m.state.Known() > maxKnown {
		m.state = domain.NewState(a.catalog, nil, nil)
	}
	if m.bounds.size > maxListed {
		m.bounds = newBounds()
	}
	return m
}

func (d *deriver) needs(entries []eventstore.Entry) domain.Needs {
	var needs domain.Needs
	for _, entry := range entries {
		for _, e := range entry.Events {
			needs.Add(d.catalog.DerivationNeeds(e))
		}
	}
	return d.state.Unknown(needs.Distinct())
}

// maxLoaded bounds how many things are loaded at once: a database takes so many values in one statement.
const maxLoaded = 1000

// load makes the needs known as they are at the checkpoint.
func (d *deriver) load(ctx context.Context, needs domain.Needs) error {
	for !needs.Empty() {
		part := domain.Needs{
			Objects: cut(&needs.Objects), Scopes: cut(&needs.Scopes), Members: cut(&needs.Members), Moments: cut(&needs.Moments),
			Latest: needs.Latest,
		}
		needs.Latest = false
		loaded, err := d.store.Load(ctx, part)
		if err != nil {
			return err
		}
		if loaded.Position != d.checkpoint.Position {
			return fmt.Errorf("load at %d: %w", loaded.Position, ErrMoved)
		}
		d.state.Add(part, loaded)
	}
	return nil
}

// cut takes the first of many.
func cut[T any](all *[]T) []T {
	n := min(len(*all), maxLoaded)
	part := (*all)[:n]
	*all = (*all)[n:]
	return part
}

// extend is the events with those derived of them.
func (d *deriver) extend(ctx context.Context, events []domain.Event) ([]domain.Event, error) {
	extended := make([]domain.Event, 0, 2*len(events))
	for _, e := range events {
		if d.deletesNothing(e) {
			continue
		}
		d.bounds.note(e)
		d.state.Evolve(e)
		made, err := d.made(ctx, e)
		if err != nil {
			return nil, err
		}
		for _, m := range made {
			forgotten, err := d.forget(ctx, m)
			if err != nil {
				return nil, err
			}
			made = append(made, forgotten...)
		}
		d.state.Evolve(made...)
		extended = append(append(extended, e), made...)
	}
	return extended, nil
}

// deletesNothing tells that the event deletes a derived object that is not there: a derivation that was another when the
// event was decided made it, and this one does not.
func (d *deriver) deletesNothing(e domain.Event) bool {
	r := d.catalog.Resource(e.Resource)
	return e.Action == domain.Deleted && r != nil && r.Derived() && !d.state.Object(e.Object.URI).Live()
}

// made are the events derived of one that was applied to the state.
func (d *deriver) made(ctx context.Context, e domain.Event) ([]domain.Event, error) {
	for {
		made := d.state.Derive(e)
		missing, any := d.state.Missing()
		if !any {
			return made, nil
		}
		if err := d.load(ctx, missing.Distinct()); err != nil {
			return nil, err
		}
	}
}
