// Package cached keeps in memory what nearly every answer needs and what seldom changes: the objects above others, and
// who belongs to which groups. It wraps any store.
//
// What it remembers holds as long as the scope projections.Structure of the store has not moved, which it reads together
// with everything else, in the same consistent state. So it never answers from another state than the store would, in
// however many processes.
package cached

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections"
)

// Limits of what is remembered; beyond one, everything is forgotten.
const (
	maxItems = 50_000
	maxBytes = 64 << 20
)

// Store is a read model with a memory. All methods may be called concurrently.
type Store struct {
	projections.Store
	catalog *domain.Catalog

	mu      sync.RWMutex
	known   bool // whether version is one of the store
	version domain.Timestamp
	objects map[domain.URI]domain.Object // that are not there as the zero Object
	groups  map[string][]domain.URI
	bytes   int
}

var _ projections.Store = (*Store)(nil)

// New wraps a store that holds the resources of the catalog.
func New(store projections.Store, catalog *domain.Catalog) *Store {
	s := &Store{Store: store, catalog: catalog}
	s.forget(0)
	return s
}

// Load implements [projections.Reader], with fewer rows where it can.
func (s *Store) Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
	snapshot, _, err := s.read(needs, func(rest domain.Needs) (domain.Snapshot, domain.Page, error) {
		loaded, err := s.Store.Load(ctx, rest)
		return loaded, domain.Page{}, err
	})
	return snapshot, err
}

// List implements [projections.Reader], with fewer rows where it can.
func (s *Store) List(ctx context.Context, needs domain.Needs, q domain.Query) (domain.Snapshot, domain.Page, error) {
	return s.read(needs, func(rest domain.Needs) (domain.Snapshot, domain.Page, error) {
		return s.Store.List(ctx, rest, q)
	})
}

type reading func(rest domain.Needs) (domain.Snapshot, domain.Page, error)

// read reads what is not remembered, and all of it if what is remembered turns out not to hold any more.
func (s *Store) read(needs domain.Needs, do reading) (domain.Snapshot, domain.Page, error) {
	rest, hits, version := s.split(needs)
	snapshot, page, err := do(rest)
	if err != nil {
		return snapshot, page, err
	}
	now := snapshot.Scopes[projections.Structure].Timestamp
	if len(hits.Objects)+len(hits.Groups) > 0 && now != version {
		rest, hits = structured(needs), domain.Snapshot{}
		if snapshot, page, err = do(rest); err != nil {
			return snapshot, page, err
		}
		now = snapshot.Scopes[projections.Structure].Timestamp
	}
	s.remember(now, rest, snapshot)
	return joined(snapshot, hits), page, nil
}

// structured are needs with the version of the structure.
func structured(n domain.Needs) domain.Needs {
	n.Scopes = append(slices.Clip(n.Scopes), projections.Structure)
	return n
}

// split takes what is remembered out of the needs.
func (s *Store) split(n domain.Needs) (rest domain.Needs, hits domain.Snapshot, version domain.Timestamp) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	rest = structured(domain.Needs{Scopes: n.Scopes, Moments: n.Moments, Latest: n.Latest})
	hits.Objects, hits.Groups = map[domain.URI]domain.Object{}, map[string][]domain.URI{}
	for _, u := range n.Objects {
		if o, known := s.objects[u]; known {
			hits.Objects[u] = o
		} else {
			rest.Objects = append(rest.Objects, u)
		}
	}
	for _, m := range n.Members {
		if groups, known := s.groups[m]; known {
			hits.Groups[m] = groups
		} else {
			rest.Members = append(rest.Members, m)
		}
	}
	return rest, hits, s.version
}

// remember keeps what was read of the structure at a version.
func (s *Store) remember(version domain.Timestamp, read domain.Needs, snapshot domain.Snapshot) {
	if len(read.Members) == 0 && !slices.ContainsFunc(read.Objects, s.isStructural) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.known && version < s.version:
		return // another reading was later
	case version != s.version || len(s.objects)+len(s.groups) > maxItems || s.bytes > maxBytes:
		s.forget(version)
	}
	s.known = true
	for _, u := range read.Objects {
		if s.isStructural(u) {
			s.objects[u] = snapshot.Objects[u]
			s.bytes += len(u) + size(snapshot.Objects[u])
		}
	}
	for _, m := range read.Members {
		s.groups[m] = snapshot.Groups[m]
		s.bytes += len(m) + length(snapshot.Groups[m])
	}
}

// size is about how many bytes an object takes. Its permissions may be as many as its data.
func size(o domain.Object) int {
	bytes := len(o.Data)
	for _, principals := range o.Permissions {
		bytes += length(principals)
	}
	return bytes
}

func length[S ~string](texts []S) int {
	bytes := 0
	for _, text := range texts {
		bytes += len(text)
	}
	return bytes
}

func (s *Store) isStructural(u domain.URI) bool {
	r := s.catalog.Of(u)
	return r != nil && s.catalog.Structural(r.Name)
}

func (s *Store) forget(version domain.Timestamp) {
	s.version, s.bytes = version, 0
	s.objects, s.groups = map[domain.URI]domain.Object{}, map[string][]domain.URI{}
}

// joined is what was read together with what was remembered. What is not there is left out, as a store does.
func joined(read, hits domain.Snapshot) domain.Snapshot {
	delete(read.Scopes, projections.Structure)
	for u, o := range hits.Objects {
		if o.URI == "" {
			delete(hits.Objects, u)
		}
	}
	for m, groups := range hits.Groups {
		if len(groups) == 0 {
			delete(hits.Groups, m)
		}
	}
	if read.Objects == nil {
		read.Objects = hits.Objects
	} else {
		maps.Copy(read.Objects, hits.Objects)
	}
	if read.Groups == nil {
		read.Groups = hits.Groups
	} else {
		maps.Copy(read.Groups, hits.Groups)
	}
	return read
}
