package domain

// Needs names what a decision or an answer depends on, so that it can be loaded in one
// round trip. The zero value needs nothing; duplicates do no harm.
type Needs struct {
	Objects []URI    // wanted whole, tombstones included
	Scopes  []Plural // the root "" included, if wanted
	// Members are principals whose group memberships are wanted.
	Members []string
	// Moments are client-supplied timestamps, to know whether they are taken.
	Moments []Moment
	// Latest asks for the greatest timestamp of all plural endpoints.
	Latest bool
}

// Moment is a timestamp within a plural endpoint.
type Moment struct {
	Plural    Plural
	Timestamp Timestamp
}

// Add makes n the union of both.
func (n *Needs) Add(more Needs) {
	n.Objects = append(n.Objects, more.Objects...)
	n.Scopes = append(n.Scopes, more.Scopes...)
	n.Members = append(n.Members, more.Members...)
	n.Moments = append(n.Moments, more.Moments...)
	n.Latest = n.Latest || more.Latest
}

// Empty tells that nothing is needed.
func (n Needs) Empty() bool {
	return len(n.Objects)+len(n.Scopes)+len(n.Members)+len(n.Moments) == 0 && !n.Latest
}

// Distinct is the same needs, each once.
func (n Needs) Distinct() Needs {
	return Needs{distinct(n.Objects), distinct(n.Scopes), distinct(n.Members), distinct(n.Moments), n.Latest}
}

func distinct[T comparable](all []T) []T {
	seen := make(map[T]struct{}, len(all))
	kept := make([]T, 0, len(all))
	for _, v := range all {
		if _, dup := seen[v]; !dup {
			seen[v] = struct{}{}
			kept = append(kept, v)
		}
	}
	return kept
}

// Snapshot is a consistent part of a read model as of one position of the log: every
// entry up to Position is in it and none beyond. What was asked for and is not in a map does
// not exist.
type Snapshot struct {
	Position Position
	Objects  map[URI]Object
	Scopes   map[Plural]Scope
	Groups   map[string][]URI // principal to the groups that list it, sorted
	Taken    map[Moment]URI   // the object or tombstone that has this timestamp
	Latest   Timestamp        // the greatest of all plural endpoints, only if it was asked for
}
