package domain

import (
	"cmp"
	"maps"
	"slices"
)

// AccessQuery asks which objects someone holds an explicit permission on, over all plural endpoints (protocol 4.9).
type AccessQuery struct {
	// Principals hold permissions themselves, Members through the groups that list them.
	Principals, Members []string
	// Resources restricts the answer to these; nil for all.
	Resources []string
	// Granted are resources of which every live object is wanted, whoever holds what: without permissions, if nobody
	// asked for does.
	Granted []string
}

// Access is one object with the permissions explicitly held on it, sorted.
type Access struct {
	URI         URI
	Resource    string
	Permissions []string
}

// Accessible brings what a read model answered to an access query up to the settled and pending events. The principals of the
// query are all that count: its members have been replaced by their groups.
func (s *State) Accessible(q AccessQuery, held []Access) []Access {
	changed := map[URI]Event{}
	for _, events := range [][]Event{s.settled, s.pending} {
		for _, e := range events {
			if e.Cascade || e.Action == Flushed {
				held = slices.DeleteFunc(held, func(a Access) bool { return e.Empties(a.URI.Plural()) })
				maps.DeleteFunc(changed, func(u URI, _ Event) bool { return e.Empties(u.Plural()) })
			}
			if e.Object.URI != "" {
				changed[e.Object.URI] = e
			}
		}
	}
	held = slices.DeleteFunc(held, func(a Access) bool { _, again := changed[a.URI]; return again })
	for _, e := range changed {
		if access, ok := q.access(e); ok {
			held = append(held, access)
		}
	}
	slices.SortFunc(held, func(a, b Access) int {
		return cmp.Or(cmp.Compare(a.URI.Plural(), b.URI.Plural()), cmp.Compare(a.URI.ID(), b.URI.ID()))
	})
	return held
}

// access is what the query tells of the object that an event left behind.
func (q AccessQuery) access(e Event) (a Access, ok bool) {
	if !e.Object.Live() || q.Resources != nil && !slices.Contains(q.Resources, e.Resource) {
		return Access{}, false
	}
	a = Access{URI: e.Object.URI, Resource: e.Resource}
	for _, name := range e.Object.Permissions.Names() {
		if e.Object.Permissions.Allows(name, q.Principals) {
			a.Permissions = append(a.Permissions, name)
		}
	}
	return a, len(a.Permissions) > 0 || slices.Contains(q.Granted, e.Resource)
}

// Counts are numbers of objects by resource, without those of which there are none.
type Counts struct {
	Live, Tombstones map[string]int64
}
