package sqlquery

import (
	"errors"
	"fmt"
	"slices"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
)

// Part is one row of the statement that loads a snapshot: a union, so that a single statement sees one
// state. What the columns mean depends on the kind.
type Part struct {
	Kind        int64
	N, M        int64
	A, B        string
	Data        []byte
	Permissions string
}

// The kinds of parts.
const (
	partPosition  = 0 // N
	partObject    = 1 // N last_modified, M created, A plural, B id, Data, Permissions
	partTombstone = 2 // the same
	partScope     = 3 // N timestamp, M live, A plural
	partGroup     = 4 // A principal, B uri
	partMoment    = 5 // N timestamp, A plural, B id
	partLatest    = 6 // N timestamp
)

// NewSnapshot is one without content.
func NewSnapshot() domain.Snapshot {
	return domain.Snapshot{
		Objects: map[domain.URI]domain.Object{},
		Scopes:  map[domain.Plural]domain.Scope{},
		Groups:  map[string][]domain.URI{},
		Taken:   map[domain.Moment]domain.URI{},
	}
}

// AddTo puts the part where it belongs.
func (p Part) AddTo(s *domain.Snapshot) error {
	plural := domain.Plural(p.A)
	switch p.Kind {
	case partPosition:
		s.Position = domain.Position(p.N)
	case partObject, partTombstone:
		permissions, err := DecodePermissions(p.Permissions)
		if err != nil {
			return fmt.Errorf("permissions of %s/%s: %w", p.A, p.B, err)
		}
		u := plural.Object(p.B)
		s.Objects[u] = domain.Object{
			URI: u, LastModified: domain.Timestamp(p.N), Created: domain.Timestamp(p.M),
			Deleted: p.Kind == partTombstone, Data: p.Data, Permissions: permissions,
		}
	case partScope:
		s.Scopes[plural] = domain.Scope{Timestamp: domain.Timestamp(p.N), Live: p.M}
	case partGroup:
		s.Groups[p.A] = append(s.Groups[p.A], domain.URI(p.B))
	case partLatest:
		s.Latest = domain.Timestamp(p.N)
	case partMoment:
		s.Taken[domain.Moment{Plural: plural, Timestamp: domain.Timestamp(p.N)}] = plural.Object(p.B)
	}
	return nil
}

// Finish puts the groups in order, once each, when all parts are there.
func Finish(s *domain.Snapshot) {
	for principal, groups := range s.Groups {
		slices.Sort(groups)
		s.Groups[principal] = slices.Compact(groups)
	}
}

// EncodePermissions is how the column permissions holds them: normalised JSON with sorted names, empty for none.
func EncodePermissions(p domain.Permissions) string {
	if len(p) == 0 {
		return ""
	}
	return string(rest.AppendPermissions(nil, p))
}

// DecodePermissions is the inverse of [EncodePermissions].
func DecodePermissions(text string) (domain.Permissions, error) {
	if text == "" {
		return nil, nil
	}
	p := domain.Permissions{}
	for name, list := range jsondoc.Members([]byte(text)) {
		var principals []string
		for value := range jsondoc.Elements(list) {
			principal, ok := jsondoc.String(value)
			if !ok {
				return nil, fmt.Errorf("a principal of %s is no string", name)
			}
			principals = append(principals, principal)
		}
		p[name] = principals
	}
	if len(p) == 0 {
		return nil, errors.New("they are no JSON object with members")
	}
	return p, nil
}

// WithScope adds the scope that the query lists, if the total comes from it.
func WithScope(n domain.Needs, q domain.Query) domain.Needs {
	if q.Total && !Counted(q) && !slices.Contains(n.Scopes, q.Plural) {
		n.Scopes = append(slices.Clip(n.Scopes), q.Plural)
	}
	return n
}
