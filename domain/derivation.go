package domain

// Derivation makes objects of a resource out of the events of other resources, while the log is folded into a read
// model: a history of changes, for one. Derived objects are not in the log, cost writers nothing, and come with
// the event they are made of: who can read the change can read them. A read model that is rebuilt has the same ones, as
// long as the derivation is the same.
//
// Nobody creates or changes them; they can be deleted, which is in the log. One event makes one object at
// most. All functions are pure and may be called concurrently. A panic in one of them stops the read model at the event: the
// heartbeat fails, and once the function is mended the read model goes on from there.
type Derivation struct {
	// Into is the plural endpoint of the object that is made of the event, "" if none is. It must be one of the
	// resource. Events of derived objects are not asked about, nor are Started and Flushed.
	Into func(Event) Plural
	// Needs is what Derive looks at in the state, beside the endpoint and what is above it. It spares
	// loads; what it leaves out is loaded when it is looked at.
	Needs func(Event) Needs
	// Derive makes the object of an event that was applied to the state, with this last_modified: its URI, in the endpoint
	// that Into has named; its Data, normalised as package jsondoc says, with "id" and "last_modified"; its Permissions. The
	// URI must never have been used before: its id can be made of the endpoint and the timestamp. Nothing of this is checked.
	Derive func(s *State, e Event, at Timestamp) Object
	// Bound, if set, says how many objects are kept. It is asked about each object after it was made; ok is false
	// for no bound.
	Bound func(Object) (b Bound, ok bool)
}

// Bound is how many objects of a plural endpoint are kept: as soon as those that match the filters are more than Max and
// Slack together, the oldest are forgotten until Max are left. The filters match the object that the bound is for, and
// all objects that they match have the same bound.
type Bound struct {
	Filters    []Filter
	Max, Slack int
}

// Derived tells whether the objects of the resource are made of events.
func (r *Resource) Derived() bool { return r.Derivation != nil }

// Derives tells whether there is any derived resource.
func (c *Catalog) Derives() bool { return len(c.derived) > 0 }

// IsDerived tells whether the endpoint is one of a derived resource.
func (c *Catalog) IsDerived(p Plural) bool {
	if !c.Derives() {
		return false
	}
	r := c.OfPlural(p)
	return r != nil && r.Derived()
}

// DerivationNeeds is what [State.Derive] looks at, for the event.
func (c *Catalog) DerivationNeeds(e Event) Needs {
	if e.Action == Deleted && c.IsDerived(e.Plural()) {
		return Needs{Objects: []URI{e.Object.URI}}
	}
	var needs Needs
	c.derivations(e, func(r *Resource, into Plural) {
		needs.Scopes = append(needs.Scopes, into, "")
		needs.Objects = append(needs.Objects, into.Ancestors()...)
		if r.Derivation.Needs != nil {
			needs.Add(r.Derivation.Needs(e))
		}
	})
	return needs
}

// derivations calls do for each resource of which an object is made of the event.
func (c *Catalog) derivations(e Event, do func(r *Resource, into Plural)) {
	if e.Object.URI == "" || c.IsDerived(e.Plural()) {
		return
	}
	for _, r := range c.derived {
		if into := r.Derivation.Into(e); into != "" {
			do(r, into)
		}
	}
}

// Derive returns the events of the objects made of an event that was applied to the state. They are not applied.
// As after [Decide], if [State.Missing] reports anything, the outcome means nothing.
func (s *State) Derive(e Event) []Event {
	var made []Event
	s.catalog.derivations(e, func(r *Resource, into Plural) {
		at := s.Next(into, e.Origin.Time)
		o := r.Derivation.Derive(s, e, at)
		o.LastModified, o.Created = at, at
		made = append(made, Event{Action: Created, Resource: r.Name, Secret: r.Secret, Object: o, Origin: e.Origin})
	})
	return made
}

// Unfold applies events that a read model does not hold yet, in the order of the log, to the state that it holds, and makes
// the objects of one derived endpoint that it will have. They are returned by id; if all is true, no other object of the
// endpoint exists any more. What a bound forgets is still there. As after [Decide], if [State.Missing] reports anything,
// the outcome means nothing.
func (s *State) Unfold(p Plural, events []Event) (made map[string]Object, all bool) {
	made = map[string]Object{}
	for _, e := range events {
		if e.Empties(p) {
			clear(made)
			all = true
		}
		s.Evolve(e)
		if !s.catalog.derivesInto(e, p) {
			continue
		}
		for _, m := range s.Derive(e) {
			if m.Plural() == p {
				s.Evolve(m)
				made[m.Object.URI.ID()] = m.Object
			}
		}
	}
	return made, all
}

// derivesInto tells whether an object of the endpoint is made of the event.
func (c *Catalog) derivesInto(e Event, p Plural) (found bool) {
	c.derivations(e, func(_ *Resource, into Plural) { found = found || into == p })
	return found
}

// KeepOrder makes the pending events of which objects of a derived endpoint are made keep their place in the commit, so
// that what is shown of the endpoint now is what it will be.
func (s *State) KeepOrder(p Plural) {
	for i, e := range s.pending {
		s.pending[i].Ordered = e.Ordered || s.catalog.derivesInto(e, p)
	}
}

// Policy is that of the catalog.
func (s *State) Policy() Policy { return s.catalog.Policy }

// settledAt is a timestamp that the endpoint does not exceed when all events before the next one are in the read model,
// those derived included: of each event comes one object at most, dated when the event was decided or one after the last.
func (s *State) settledAt(p Plural, now Timestamp) Timestamp {
	at := s.last(p)
	if !s.catalog.IsDerived(p) {
		return at
	}
	at = max(at, now)
	for _, e := range s.settled {
		at = max(at, e.Origin.Time)
	}
	return at + Timestamp(len(s.settled)+len(s.pending))
}
