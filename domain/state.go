package domain

import (
	"cmp"
	"maps"
	"slices"
)

// State is the part of the world that decisions are made on: what was loaded of it, with the events since then
// applied. What a decision looks at and was not loaded is remembered as missing, so that it can be loaded and the
// decision be made again. A State belongs to one goroutine.
type State struct {
	catalog *Catalog
	base    Snapshot // as of the position that was decided on
	now     Snapshot // base with the pending events applied; the same maps as long as there are none
	pending []Event  // decided since, in order
	settled []Event  // already in the log, possibly not in what will be loaded yet
	at      []Position
	missing Needs
}

// NewState is a state of which nothing is loaded. Settled are the events of the log that a snapshot loaded later
// may not hold yet, each with its position.
func NewState(catalog *Catalog, settled []Event, at []Position) *State {
	return &State{catalog: catalog, settled: settled, at: at}
}

// Add makes known what was loaded for these needs: all that is not in the snapshot does not exist. The snapshot is
// the state's from then on.
func (s *State) Add(needs Needs, loaded Snapshot) {
	loaded.complete(needs)
	first, _ := slices.BinarySearchFunc(s.at, loaded.Position, func(p, loaded Position) int {
		return cmp.Compare(p, loaded+1)
	})
	loaded.evolve(s.catalog, s.settled[first:]...)
	if len(s.pending) > 0 {
		decided := loaded.clone()
		decided.evolve(s.catalog, s.pending...)
		s.now.merge(decided)
		s.base.merge(loaded)
	} else {
		s.base.merge(loaded)
		s.now = s.base
	}
	s.missing = Needs{}
}

// complete fills in the zero value for everything that was asked for and not found.
func (s *Snapshot) complete(needs Needs) {
	s.Objects = completeMap(s.Objects, needs.Objects)
	s.Scopes = completeMap(s.Scopes, needs.Scopes)
	s.Groups = completeMap(s.Groups, needs.Members)
	s.Taken = completeMap(s.Taken, needs.Moments)
}

func completeMap[K comparable, V any](m map[K]V, keys []K) map[K]V {
	if m == nil && len(keys) > 0 {
		m = make(map[K]V, len(keys))
	}
	var none V
	for _, k := range keys {
		if _, found := m[k]; !found {
			m[k] = none
		}
	}
	return m
}

func (s Snapshot) clone() Snapshot {
	s.Objects, s.Scopes = maps.Clone(s.Objects), maps.Clone(s.Scopes)
	s.Groups, s.Taken = maps.Clone(s.Groups), maps.Clone(s.Taken)
	return s
}

// merge adds what is in more and not yet in s.
func (s *Snapshot) merge(more Snapshot) {
	s.Objects = mergeMap(s.Objects, more.Objects)
	s.Scopes = mergeMap(s.Scopes, more.Scopes)
	s.Groups = mergeMap(s.Groups, more.Groups)
	s.Taken = mergeMap(s.Taken, more.Taken)
	s.Latest = max(s.Latest, more.Latest)
}

func mergeMap[K comparable, V any](into, more map[K]V) map[K]V {
	if into == nil {
		return more
	}
	for k, v := range more {
		if _, known := into[k]; !known {
			into[k] = v
		}
	}
	return into
}

// Missing is what was looked at since the last Add without being known.
func (s *State) Missing() (Needs, bool) {
	return s.missing, !s.missing.Empty()
}

// Unknown leaves of the needs what is not known yet.
func (s *State) Unknown(needs Needs) Needs {
	var rest Needs
	for _, u := range needs.Objects {
		if _, ok := s.now.Objects[u]; !ok {
			rest.Objects = append(rest.Objects, u)
		}
	}
	for _, p := range needs.Scopes {
		if _, ok := s.now.Scopes[p]; !ok {
			rest.Scopes = append(rest.Scopes, p)
		}
	}
	for _, m := range needs.Members {
		if _, ok := s.now.Groups[m]; !ok {
			rest.Members = append(rest.Members, m)
		}
	}
	for _, m := range needs.Moments {
		if _, ok := s.now.Taken[m]; !ok {
			rest.Moments = append(rest.Moments, m)
		}
	}
	rest.Latest = needs.Latest && s.now.Latest == 0
	return rest
}

// Snapshot is what the state knows of the needs, pending events applied. It is of no position of the log, which is 0.
func (s *State) Snapshot(needs Needs) Snapshot {
	return Snapshot{
		Objects: pick(s.now.Objects, needs.Objects),
		Scopes:  pick(s.now.Scopes, needs.Scopes),
		Groups:  pick(s.now.Groups, needs.Members),
		Taken:   pick(s.now.Taken, needs.Moments),
		Latest:  s.now.Latest,
	}
}

func pick[K comparable, V any](m map[K]V, keys []K) map[K]V {
	picked := make(map[K]V, len(keys))
	for _, k := range keys {
		picked[k] = m[k]
	}
	return picked
}

// Object is the object or tombstone, the zero Object if there is neither.
func (s *State) Object(u URI) Object {
	o, known := s.now.Objects[u]
	if !known {
		s.missing.Objects = append(s.missing.Objects, u)
	}
	return o
}

// absent makes known that there is nothing under a URI that is not known yet.
func (s *State) absent(u URI) {
	for _, known := range []*Snapshot{&s.base, &s.now} {
		known.Objects = completeMap(known.Objects, []URI{u})
	}
}

// Scope is what is known of a plural endpoint. Its timestamp is never zero: an endpoint never written to dates from
// its parent, or from the beginning of the log (protocol 1.3), and one that was cleared from when it was.
func (s *State) Scope(p Plural) Scope {
	scope, known := s.now.Scopes[p]
	if !known {
		s.missing.Scopes = append(s.missing.Scopes, p)
	}
	if p == "" {
		return scope
	}
	if !scope.Cleared {
		scope.Timestamp = max(scope.Timestamp, s.origin(p))
	}
	return scope
}

// Next is the timestamp that the server assigns to the next change in an endpoint: now, or just after the last one of the
// endpoint, and after what the endpoint would date from if it had not been cleared.
func (s *State) Next(p Plural, now Timestamp) Timestamp { return max(now, s.last(p)+1) }

func (s *State) last(p Plural) Timestamp {
	scope := s.Scope(p)
	if scope.Cleared {
		return max(scope.Timestamp, s.origin(p))
	}
	return scope.Timestamp
}

// origin is the moment from which an endpoint dates that was never written to.
func (s *State) origin(p Plural) Timestamp {
	beginning := s.Scope("").Timestamp
	if parent := p.Parent(); parent != "" {
		if above := s.Object(parent); above.Live() {
			return above.Created
		}
	}
	return beginning
}

// Latest is the greatest timestamp of all plural endpoints.
func (s *State) Latest() Timestamp {
	if s.now.Latest == 0 {
		s.missing.Latest = true
	}
	return s.now.Latest
}

// Taken tells which object, if any, has the timestamp.
func (s *State) Taken(p Plural, t Timestamp) URI {
	moment := Moment{p, t}
	u, known := s.now.Taken[moment]
	if !known {
		s.missing.Moments = append(s.missing.Moments, moment)
	}
	return u
}

// Principals are all that the caller holds, groups included.
func (s *State) Principals(c Caller) []string {
	for _, m := range c.Members() {
		if _, known := s.now.Groups[m]; !known {
			s.missing.Members = append(s.missing.Members, m)
		}
	}
	return c.Principals(s.now.Groups)
}

// Permits tells whether the caller has the right on the object, or, for the rights that concern it, on
// the plural endpoint it would be in.
func (s *State) Permits(c Caller, right Right, r *Resource, u URI) bool {
	return s.PermitsOne(s.Principals(c), right, r, u)
}

// PermitsOne tells whether one of the principals has the right, as [State.Permits] does.
func (s *State) PermitsOne(principals []string, right Right, r *Resource, u URI) bool {
	return s.catalog.Permits(right, r, principals, func(depth int) Permissions {
		at := u
		for range depth {
			at = at.Plural().Parent()
		}
		if at == "" {
			return nil
		}
		if o := s.Object(at); o.Live() {
			return o.Permissions
		}
		return nil
	})
}

// Evolve applies an event that was decided on this state.
func (s *State) Evolve(events ...Event) {
	if len(s.pending) == 0 {
		s.now = s.base.clone()
	}
	s.pending = append(s.pending, events...)
	s.now.evolve(s.catalog, events...)
}

// Settle makes what was decided the state to decide on: nothing is pending any more.
func (s *State) Settle() { s.base, s.pending = s.now, nil }

// Known is how many objects and plural endpoints are known.
func (s *State) Known() int { return len(s.now.Objects) + len(s.now.Scopes) }

// Pending are the events decided so far.
func (s *State) Pending() []Event { return s.pending }

// Truncate forgets all pending events but the first n.
func (s *State) Truncate(n int) {
	if n == len(s.pending) {
		return
	}
	s.pending = s.pending[:n:n]
	if s.now = s.base; n == 0 {
		return
	}
	s.now = s.base.clone()
	s.now.evolve(s.catalog, s.pending...)
}

// Touched are the latest states of the objects of a plural endpoint that settled or pending events changed, by id,
// deleted ones as tombstones. If all is true, no other object of the endpoint exists any more.
func (s *State) Touched(p Plural) (touched map[string]Object, all bool) {
	touched = map[string]Object{}
	for _, events := range [][]Event{s.settled, s.pending} {
		for _, e := range events {
			switch {
			case e.Empties(p):
				clear(touched)
				all = true
			case e.Plural() == p:
				touched[e.Object.URI.ID()] = e.Object
			}
		}
	}
	return touched, all
}

// Empties tells that nothing that was in the endpoint before the event is there after it.
func (e Event) Empties(p Plural) bool {
	return e.Action == Flushed || e.Cascade && e.Object.URI.Contains(p)
}

// evolve applies events to what the snapshot knows; what it does not know stays unknown.
func (s *Snapshot) evolve(c *Catalog, events ...Event) {
	for _, e := range events {
		switch {
		case s.Latest == 0: // not asked for
		case e.Action == Flushed:
			s.Latest = e.Object.LastModified
		default:
			s.Latest = max(s.Latest, e.Object.LastModified)
		}
		switch {
		case e.Action == Flushed, e.Action == Started:
			s.flush(e.Object.LastModified)
		case e.Action == Purged: // takes tombstones, which are as good as nothing
		case e.Action == Forgotten:
			s.forget(e)
		default:
			s.put(c, e)
		}
	}
}

func (s *Snapshot) flush(at Timestamp) {
	zero(s.Objects)
	zero(s.Scopes)
	zero(s.Groups)
	zero(s.Taken)
	if _, known := s.Scopes[""]; known {
		s.Scopes[""] = Scope{Timestamp: at}
	}
}

func (s *Snapshot) forget(e Event) {
	if _, known := s.Objects[e.Object.URI]; known {
		s.Objects[e.Object.URI] = Object{}
	}
	if scope, known := s.Scopes[e.Plural()]; known {
		scope.Live += e.Action.Live()
		s.Scopes[e.Plural()] = scope
	}
}

func zero[K comparable, V any](m map[K]V) {
	var none V
	for k := range m {
		m[k] = none
	}
}

func (s *Snapshot) put(c *Catalog, e Event) {
	o := e.Object
	plural := o.URI.Plural()
	if _, known := s.Objects[o.URI]; known {
		s.Objects[o.URI] = o
	}
	if scope, known := s.Scopes[plural]; known {
		s.Scopes[plural] = Scope{Timestamp: max(scope.Timestamp, o.LastModified), Live: scope.Live + e.Action.Live()}
	}
	for m, u := range s.Taken {
		if m.Plural == plural && (u == o.URI || m.Timestamp == o.LastModified) {
			s.Taken[m] = ""
			if m.Timestamp == o.LastModified {
				s.Taken[m] = o.URI
			}
		}
	}
	if members, isGroup := c.Members(e.Resource, o); isGroup {
		s.regroup(o.URI, members)
	}
	if e.Cascade {
		s.purge(o.URI, e.At())
	}
}

// regroup keeps the memberships of the principals that are known.
func (s *Snapshot) regroup(group URI, members []string) {
	for principal, groups := range s.Groups {
		isMember := slices.Contains(members, principal)
		i, listed := slices.BinarySearch(groups, group)
		switch {
		case isMember && !listed:
			s.Groups[principal] = slices.Insert(slices.Clone(groups), i, group)
		case !isMember && listed:
			s.Groups[principal] = slices.Delete(slices.Clone(groups), i, i+1)
		}
	}
}

func (s *Snapshot) purge(top URI, at Timestamp) {
	for u := range s.Objects {
		if top.Contains(u.Plural()) {
			s.Objects[u] = Object{}
		}
	}
	for p, scope := range s.Scopes {
		if top.Contains(p) {
			s.Scopes[p] = scope.cleared(at)
		}
	}
	for principal, groups := range s.Groups {
		s.Groups[principal] = slices.DeleteFunc(slices.Clone(groups), func(g URI) bool { return top.Contains(g.Plural()) })
	}
	for m := range s.Taken {
		if top.Contains(m.Plural) {
			s.Taken[m] = ""
		}
	}
}
