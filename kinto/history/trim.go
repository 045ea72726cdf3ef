package history

import (
	"slices"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// bound is how many entries like this one are kept.
func (t *Trim) bound(entry domain.Object) (domain.Bound, bool) {
	b := domain.Bound{Filters: []domain.Filter{same(entry, "resource_name")}, Max: t.MaxCount, Slack: t.Threshold}
	if len(t.UserIDs) == 0 {
		return b, true
	}
	user := same(entry, "user_id")
	id, _ := jsondoc.String(user.Values[0])
	b.Filters = append(b.Filters, user)
	return b, slices.Contains(t.UserIDs, id)
}

// same matches entries with the same value of an attribute.
func same(entry domain.Object, attribute string) domain.Filter {
	value, _ := jsondoc.Lookup(entry.Data, attribute)
	return domain.Filter{Field: domain.Field{attribute}, Op: domain.Equal, Values: [][]byte{value}}
}
