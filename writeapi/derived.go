package writeapi

import "github.com/kintolog/kintolog/domain"

// The log holds nothing of derived objects, so a transaction makes for itself those that the read model does not have
// yet: as the projector will, of the same events in the same order.

// listDerived is List for the endpoint of a derived resource.
func (t *Tx) listDerived(needs domain.Needs, q domain.Query) (domain.Snapshot, domain.Page, error) {
	touched, _ := t.state.Touched(q.Plural)
	var page domain.Page
	state, made, all, err := t.unfold(q.Plural, needs, func(needs domain.Needs) (loaded domain.Snapshot, err error) {
		loaded, page, err = t.loop.Model.List(t.ctx, needs, without(q, touched))
		return loaded, err
	})
	if err != nil {
		return domain.Snapshot{}, domain.Page{}, err
	}
	if all {
		page = domain.Page{}
	}
	for id, o := range made {
		if _, deleted := touched[id]; !deleted {
			touched[id] = o
		}
	}
	snapshot := state.Snapshot(needs)
	t.mix(&page, q, snapshot, touched)
	return snapshot, page, nil
}

// derivedScope is what is known of the endpoint of a derived resource.
func (t *Tx) derivedScope(p domain.Plural) (domain.Scope, error) {
	needs := domain.Needs{Scopes: []domain.Plural{p}}
	state, _, _, err := t.unfold(p, needs, func(needs domain.Needs) (domain.Snapshot, error) {
		return t.loop.Model.Load(t.ctx, needs)
	})
	if err != nil {
		return domain.Scope{}, err
	}
	return state.Snapshot(needs).Scopes[p], nil
}

// unfold returns a state that knows what is needed, and the objects of a derived endpoint that the read model, when it was
// read, did not have; all tells that there are no others. It is read again until all is known that these are made of.
func (t *Tx) unfold(
	p domain.Plural, needs domain.Needs, read func(domain.Needs) (domain.Snapshot, error),
) (state *domain.State, made map[string]domain.Object, all bool, err error) {
	t.state.KeepOrder(p)
	for {
		loaded, err := read(needs)
		if err != nil {
			return nil, nil, false, unavailable("read what is derived", err)
		}
		events, err := t.since(loaded.Position)
		if err != nil {
			return nil, nil, false, err
		}
		state = domain.NewState(t.loop.Catalog, nil, nil)
		state.Add(needs, loaded)
		made, all = state.Unfold(p, events)
		missing, any := state.Missing()
		if !any {
			return state, made, all, nil
		}
		needs.Add(missing.Distinct())
	}
}

// since are the events after a position of the log: those of the log, in its order, and those decided since.
func (t *Tx) since(position domain.Position) ([]domain.Event, error) {
	if err := t.fits(position); err != nil {
		return nil, err
	}
	var events []domain.Event
	if position < t.end {
		for entry, err := range t.loop.Log.Read(t.ctx, position) {
			if err != nil {
				return nil, unavailable("read the end of the log", err)
			}
			if entry.Position > t.end {
				break
			}
			events = append(events, entry.Events...)
		}
	}
	return append(events, t.state.Pending()...), nil
}
