package sqlquery

import (
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

func (b *builder) filters() []string {
	conditions := make([]string, len(b.q.Filters))
	for i, f := range b.q.Filters {
		conditions[i] = b.filter(f)
	}
	return conditions
}

// filter is the condition of one filter, true or not; the order of values has "missing" at its end, so
// min and gt hold for missing attributes and max and lt do not.
func (b *builder) filter(f domain.Filter) string {
	switch f.Op {
	case domain.Equal:
		return b.compare(f.Field, "=", f.Values[0])
	case domain.Not:
		return not(b.compare(f.Field, "=", f.Values[0]))
	case domain.Min:
		return b.compare(f.Field, ">=", f.Values[0])
	case domain.Greater:
		return b.compare(f.Field, ">", f.Values[0])
	case domain.Max:
		return b.compare(f.Field, "<=", f.Values[0])
	case domain.Less:
		return b.compare(f.Field, "<", f.Values[0])
	case domain.In:
		return b.in(f.Field, f.Values)
	case domain.Exclude:
		return not(b.in(f.Field, f.Values))
	case domain.Like:
		pattern, _ := jsondoc.String(f.Values[0])
		return b.d.Like(&b.args, b.text(f.Field), pattern)
	case domain.Has:
		if string(f.Values[0]) == "true" {
			return b.has(f.Field)
		}
		return not(b.has(f.Field))
	case domain.Contains, domain.ContainsAny:
		return b.contains(f)
	}
	return never
}

func (b *builder) compare(f domain.Field, op string, value []byte) string {
	switch {
	case f.Is("id"):
		return b.compareID(op, value)
	case f.Is("last_modified"):
		return b.compareTime(op, value)
	case f.Is("deleted"):
		return compareDeleted(op, value)
	}
	return b.d.Compare(&b.args, f, op, value)
}

func (b *builder) in(f domain.Field, values [][]byte) string {
	switch {
	case len(values) == 0:
		return never
	case f.Is("id"):
		var ids []string
		for _, v := range values {
			if id, ok := jsondoc.String(v); ok {
				ids = append(ids, id)
			}
		}
		return b.d.OneOf("o.id", b.d.Texts(&b.args, ids))
	case f.Is("last_modified"):
		return b.inTimes(values)
	case f.Is("deleted"):
		for _, v := range values {
			if string(v) == "true" {
				return "o.deleted"
			}
		}
		return never
	}
	return b.d.In(&b.args, f, values)
}

func (b *builder) has(f domain.Field) string {
	switch {
	case f.Is("id"), f.Is("last_modified"):
		return always
	case f.Is("deleted"):
		return "o.deleted"
	}
	return b.d.Has(&b.args, f)
}

func (b *builder) text(f domain.Field) string {
	switch {
	case f.Is("id"):
		return "o.id"
	case f.Is("last_modified"):
		return "CAST(o.last_modified AS TEXT)"
	case f.Is("deleted"):
		return "CASE WHEN o.deleted THEN 'true' END"
	}
	return b.d.Text(&b.args, f)
}

func (b *builder) contains(f domain.Filter) string {
	if f.Field.Is("id") || f.Field.Is("last_modified") || f.Field.Is("deleted") {
		return never // none of them is an array
	}
	return b.d.Contains(&b.args, f.Field, f.Values, f.Op == domain.ContainsAny)
}
