package sqlquery

import (
	"fmt"
	"slices"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

// ScanSnapshot reads the parts of a snapshot that a statement yields.
func ScanSnapshot(rows Rows) (domain.Snapshot, error) {
	snapshot := domain.Snapshot{
		Objects: map[domain.URI]domain.Object{},
		Scopes:  map[domain.Plural]domain.Scope{},
		Groups:  map[string][]domain.URI{},
		Taken:   map[domain.Moment]domain.URI{},
	}
	var p part
	columns := []any{&p.kind, &p.n, &p.m, &p.a, &p.b, &p.data, &p.permissions}
	for rows.Next() {
		p.data = nil // which the snapshot keeps
		if err := rows.Scan(columns...); err != nil {
			return domain.Snapshot{}, err
		}
		if err := p.addTo(&snapshot); err != nil {
			return domain.Snapshot{}, err
		}
	}
	for principal, groups := range snapshot.Groups {
		slices.Sort(groups)
		snapshot.Groups[principal] = slices.Compact(groups)
	}
	return snapshot, rows.Err()
}

// part is one row of the statement that loads a snapshot: a union, so that a single statement sees one
// state. What the columns mean depends on the kind.
type part struct {
	kind        int64
	n, m        int64
	a, b        string
	data        []byte
	permissions string
}

// The kinds of parts.
const (
	partPosition  = 0 // n
	partObject    = 1 // n last_modified, m created, a plural, b id, data, permissions
	partTombstone = 2 // the same
	partScope     = 3 // n timestamp, m live, a plural
	partGroup     = 4 // a principal, b uri
	partMoment    = 5 // n timestamp, a plural, b id
	partLatest    = 6 // n timestamp
	partCleared   = 7 // a scope
)

// addTo puts the part where it belongs.
func (p part) addTo(s *domain.Snapshot) error {
	plural := domain.Plural(p.a)
	switch p.kind {
	case partPosition:
		s.Position = domain.Position(p.n)
	case partObject, partTombstone:
		permissions, err := DecodePermissions(p.permissions)
		if err != nil {
			return fmt.Errorf("permissions of %s/%s: %w", p.a, p.b, err)
		}
		u := plural.Object(p.b)
		s.Objects[u] = domain.Object{
			URI: u, LastModified: domain.Timestamp(p.n), Created: domain.Timestamp(p.m),
			Deleted: p.kind == partTombstone, Data: p.data, Permissions: permissions,
		}
	case partScope, partCleared:
		s.Scopes[plural] = domain.Scope{Timestamp: domain.Timestamp(p.n), Live: p.m, Cleared: p.kind == partCleared}
	case partGroup:
		s.Groups[p.a] = append(s.Groups[p.a], domain.URI(p.b))
	case partLatest:
		s.Latest = domain.Timestamp(p.n)
	case partMoment:
		s.Taken[domain.Moment{Plural: plural, Timestamp: domain.Timestamp(p.n)}] = plural.Object(p.b)
	}
	return nil
}

// EncodePermissions is how the column permissions holds them: normalised JSON with sorted names, empty for none.
func EncodePermissions(p domain.Permissions) string {
	if len(p) == 0 {
		return ""
	}
	return string(rest.AppendPermissions(make([]byte, 0, 128), p))
}

// DecodePermissions is the inverse of [EncodePermissions].
func DecodePermissions(text string) (domain.Permissions, error) {
	if text == "" {
		return nil, nil
	}
	return domain.ReadPermissions([]byte(text))
}

// WithScope adds the scope that the query lists, if the total comes from it.
func WithScope(n domain.Needs, q domain.Query) domain.Needs {
	if q.Total && !Counted(q) && !slices.Contains(n.Scopes, q.Plural) {
		n.Scopes = append(slices.Clip(n.Scopes), q.Plural)
	}
	return n
}
