package domain

import (
	"slices"
	"strconv"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// Value is the attribute of an object as a JSON value, nil if it is missing. "deleted" is true on tombstones and
// missing elsewhere, whatever the data says. All others can be had of an object with nothing but its data.
func (f Field) Value(o Object) []byte {
	switch {
	case f.Is("deleted"):
		if o.Deleted {
			return []byte("true")
		}
		return nil
	case o.URI == "":
	case f.Is("id"):
		return jsondoc.Quote(o.URI.ID())
	case f.Is("last_modified"):
		return strconv.AppendInt(nil, int64(o.LastModified), 10)
	}
	value, ok := jsondoc.Lookup(o.Data, f...)
	if !ok {
		return nil
	}
	return value
}

// Match tells whether a list holds the object: filters, tombstones and Except, but neither Shared nor After. It is
// the reference for what read models do in their own language (protocol 3.5, 3.6).
func (q Query) Match(o Object) bool {
	if o.URI == "" || o.Deleted && !q.Tombstones || slices.Contains(q.Except, o.URI.ID()) {
		return false
	}
	for _, f := range q.Filters {
		if !f.match(f.Field.Value(o)) {
			return false
		}
	}
	return true
}

func (f Filter) match(value []byte) bool {
	present := value != nil
	switch f.Op {
	case Equal:
		return present && jsondoc.Equal(value, f.Values[0])
	case Not:
		return !present || !jsondoc.Equal(value, f.Values[0])
	case Min:
		return jsondoc.Compare(value, f.Values[0]) >= 0
	case Greater:
		return jsondoc.Compare(value, f.Values[0]) > 0
	case Max:
		return present && jsondoc.Compare(value, f.Values[0]) <= 0
	case Less:
		return present && jsondoc.Compare(value, f.Values[0]) < 0
	case In:
		return present && f.holds(value)
	case Exclude:
		return !present || !f.holds(value)
	case Like:
		pattern, _ := jsondoc.String(f.Values[0])
		return present && jsondoc.MatchLike(jsondoc.Text(value), pattern)
	case Has:
		return present == (string(f.Values[0]) == "true")
	case Contains:
		return present && jsondoc.Contains(value, jsondoc.Array(f.Values))
	case ContainsAny:
		return present && jsondoc.ContainsAny(value, jsondoc.Array(f.Values))
	}
	return false
}

func (f Filter) holds(value []byte) bool {
	return slices.ContainsFunc(f.Values, func(v []byte) bool { return jsondoc.Equal(value, v) })
}

// Order is the complete order of the list.
func (q Query) Order() []Sort {
	if len(q.Sort) == 0 {
		return NewestFirst
	}
	return q.Sort
}

// Compare orders two objects as the list does: negative if a comes first.
func (q Query) Compare(a, b Object) int {
	for _, s := range q.Order() {
		if c := s.compare(s.Field.Value(a), s.Field.Value(b)); c != 0 {
			return c
		}
	}
	return 0
}

func (s Sort) compare(a, b []byte) int {
	if s.Descending {
		a, b = b, a
	}
	return jsondoc.Compare(a, b)
}

// Cut is the page of these objects, which are in order: as many as Limit and Bytes allow. More tells that some are left.
func (q Query) Cut(objects []Object) (page []Object, more bool) {
	bytes := 0
	for i := range objects {
		if q.Full(i, bytes) {
			return objects[:i], q.Limit > 0
		}
		bytes += len(objects[i].Data)
	}
	return objects, false
}

// Full tells whether a page takes no more objects after so many, with so many bytes of data.
func (q Query) Full(objects, bytes int) bool {
	return objects >= q.Limit || q.Bytes > 0 && bytes >= q.Bytes
}

// Following is the query for the page after one that has objects.
func (q Query) Following(page Page) Query {
	last := page.Objects[len(page.Objects)-1]
	q.After = make([][]byte, 0, len(q.Order()))
	for _, s := range q.Order() {
		q.After = append(q.After, s.Field.Value(last))
	}
	return q
}

// Beyond tells whether the object comes after the point where the pagination stands.
func (q Query) Beyond(o Object) bool {
	if q.After == nil {
		return true
	}
	for i, s := range q.Order() {
		if c := s.compare(s.Field.Value(o), q.After[i]); c != 0 {
			return c > 0
		}
	}
	return false
}

// Holds tells whether the object is shared as asked for, given the groups of the members. A nil Shared asks for nothing.
func (s *Shared) Holds(o Object, groups map[string][]URI) bool {
	if s == nil {
		return true
	}
	principals := WithGroups(s.Principals, s.Members, groups)
	return slices.ContainsFunc(s.Permissions, func(name string) bool {
		return o.Permissions.Allows(name, principals)
	})
}
