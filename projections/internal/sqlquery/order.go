package sqlquery

import "github.com/kintolog/kintolog/domain"

// order is the criteria that matter: last_modified is unique, nothing after it does.
func (b *builder) order() []domain.Sort {
	sorts := b.q.Order()
	for i, s := range sorts {
		if s.Field.Is("last_modified") {
			return sorts[:i+1]
		}
	}
	return sorts
}

func (b *builder) orderBy() []string {
	var expressions []string
	for _, s := range b.order() {
		direction := " ASC"
		if s.Descending != s.Field.Is("deleted") { // deleted is true before missing
			direction = " DESC"
		}
		for _, e := range b.sortBy(s.Field) {
			expressions = append(expressions, e+direction)
		}
	}
	return expressions
}

func (b *builder) sortBy(f domain.Field) []string {
	for _, column := range []string{"id", "last_modified", "deleted"} {
		if f.Is(column) {
			return []string{"o." + column}
		}
	}
	return b.d.Order(&b.args, f)
}

// after is the condition to be beyond the values in the order: by the first criterion, or equal in it
// and beyond by the others.
func (b *builder) after(sorts []domain.Sort, values [][]byte) string {
	if len(sorts) == 0 || len(values) == 0 {
		return never
	}
	s, op := sorts[0], ">"
	if s.Descending {
		op = "<"
	}
	beyond := b.compare(s.Field, op, values[0])
	if len(sorts) == 1 {
		return beyond
	}
	equal := b.compare(s.Field, "=", values[0])
	return "(" + beyond + " OR " + equal + " AND " + b.after(sorts[1:], values[1:]) + ")"
}
