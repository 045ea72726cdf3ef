package projections

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kintolog/kintolog/domain"
)

// bounds know of which derived objects there are how many, where a derivation bounds them, so that the same ones are
// forgotten at the same events however the log is cut into changes.
type bounds struct {
	lists map[domain.Plural]map[string][]domain.URI // what a bound counts, oldest first, by the filters
	size  int                                       // about how many objects are listed
}

func newBounds() bounds { return bounds{lists: map[domain.Plural]map[string][]domain.URI{}} }

// note takes an event into account.
func (b *bounds) note(e domain.Event) {
	switch {
	case e.Action == domain.Flushed:
		clear(b.lists)
	case e.Cascade:
		maps.DeleteFunc(b.lists, func(p domain.Plural, _ map[string][]domain.URI) bool { return e.Object.URI.Contains(p) })
	case e.Action == domain.Deleted:
		for key, list := range b.lists[e.Plural()] {
			b.lists[e.Plural()][key] = slices.DeleteFunc(slices.Clone(list), func(u domain.URI) bool { return u == e.Object.URI })
		}
	}
}

// forget returns the events that forget what is too much after an object was made.
func (d *deriver) forget(ctx context.Context, made domain.Event) (events []domain.Event, err error) {
	r := d.catalog.Resource(made.Resource)
	if r.Derivation.Bound == nil {
		return nil, nil
	}
	bound, ok := r.Derivation.Bound(made.Object)
	if !ok {
		return nil, nil
	}
	plural, key := made.Plural(), text(bound.Filters)
	list, known := d.bounds.lists[plural][key]
	if !known {
		if list, err = d.list(ctx, plural, key, bound.Filters); err != nil {
			return nil, err
		}
	}
	list = append(list, made.Object.URI)
	if len(list) > bound.Max+bound.Slack {
		n := len(list) - bound.Max
		for _, u := range list[:n] {
			events = append(events, domain.Event{Action: domain.Forgotten, Resource: r.Name, Object: domain.Object{URI: u}})
		}
		list = slices.Clone(list[n:])
	}
	d.bounds.keep(plural, key, list)
	return events, nil
}

func (b *bounds) keep(plural domain.Plural, key string, list []domain.URI) {
	if b.lists[plural] == nil {
		b.lists[plural] = map[string][]domain.URI{}
	}
	b.size += len(list) - len(b.lists[plural][key])
	b.lists[plural][key] = list
}

// list is what the filters select at this place in the log: at the checkpoint, less what was deleted since. Nothing that they
// select was made since, or it would be listed.
func (d *deriver) list(ctx context.Context, plural domain.Plural, key string, filters []domain.Filter) ([]domain.URI, error) {
	if d.state.Scope(plural).Live == 0 {
		return nil, nil
	}
	const page = 5_000
	q := domain.Query{Plural: plural, Filters: filters, Limit: page, Sort: []domain.Sort{{Field: domain.Field{"last_modified"}}}}
	var list []domain.URI
	for more := true; more; {
		loaded, found, err := d.store.List(ctx, domain.Needs{}, q)
		if err != nil {
			return nil, err
		}
		if loaded.Position != d.checkpoint.Position {
			return nil, fmt.Errorf("list at %d: %w", loaded.Position, ErrMoved)
		}
		for _, o := range found.Objects {
			list = append(list, o.URI)
		}
		if more = found.More; more {
			q = q.Following(found)
		}
	}
	since := bounds{lists: map[domain.Plural]map[string][]domain.URI{plural: {key: list}}}
	for _, e := range d.state.Pending() {
		since.note(e)
	}
	return since.lists[plural][key], nil
}

// text is the same for the same filters.
func text(filters []domain.Filter) string {
	var b strings.Builder
	for _, f := range filters {
		fmt.Fprintf(&b, "%q %s %q\n", []string(f.Field), f.Op, f.Values)
	}
	return b.String()
}
