package postgres

import (
	"context"
	"fmt"
	"math/bits"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Load implements [projections.Reader] with one statement, which sees one state.
func (s *Store) Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
	text, args := loadStatement(needs)
	snapshot, err := query(ctx, s, sqlquery.ScanSnapshot, text, args...)
	if err != nil {
		return domain.Snapshot{}, fmt.Errorf("load: %w", wrap(err))
	}
	return snapshot, nil
}

// query runs a statement, and returns what scan makes of its rows.
func query[T any](ctx context.Context, s *Store, scan func(sqlquery.Rows) (T, error), text string, args ...any) (result T, err error) {
	rows, err := s.readers.Query(ctx, text, args...)
	if err != nil {
		return result, err
	}
	defer rows.Close()
	return scan(rows)
}

// loadStatement looks up everything by key. All columns are typed, so that the parts need no conversion.
func loadStatement(n domain.Needs) (string, sqlquery.Args) {
	var text strings.Builder
	var a sqlquery.Args
	text.WriteString("SELECT 0::bigint, position, 0::bigint, ''::text, ''::text, NULL::text, ''::text FROM checkpoint")
	if len(n.Objects) > 0 {
		text.WriteString(`
UNION ALL SELECT CASE WHEN o.deleted THEN 2::bigint ELSE 1::bigint END, o.last_modified, o.created, o.plural, o.id, o.data, o.permissions
FROM ` + pairs(&a, "text", n.Objects, func(u domain.URI) (string, string) { return string(u.Plural()), u.ID() }) + `
JOIN objects o ON o.plural = w.plural AND o.id = w.value`)
	}
	if len(n.Scopes) > 0 {
		text.WriteString(`
UNION ALL SELECT CASE WHEN s.position > 0 THEN 3::bigint ELSE 7::bigint END, s.timestamp, s.live, s.plural, ''::text, NULL::text, ''::text
FROM scopes s
WHERE s.plural = ANY(` + a.Bind(n.Scopes) + `::text[])`)
	}
	if len(n.Members) > 0 {
		text.WriteString(`
UNION ALL SELECT 4::bigint, 0::bigint, 0::bigint, m.principal, m.uri, NULL::text, ''::text
FROM members m
WHERE m.principal = ANY(` + a.Bind(n.Members) + `::text[])`)
	}
	if len(n.Moments) > 0 {
		text.WriteString(`
UNION ALL SELECT 5::bigint, o.last_modified, 0::bigint, o.plural, o.id, NULL::text, ''::text
FROM ` + pairs(&a, "bigint", n.Moments, func(m domain.Moment) (string, int64) { return string(m.Plural), int64(m.Timestamp) }) + `
JOIN objects o ON o.plural = w.plural AND o.last_modified = w.value`)
	}
	if n.Latest {
		text.WriteString(`
UNION ALL SELECT 6::bigint, max(timestamp), 0::bigint, ''::text, ''::text, NULL::text, ''::text
FROM scopes
HAVING count(*) > 0`)
	}
	return text.String(), a
}

// Up to this many keys are written out as rows, which the server looks up faster than those of arrays.
const maxRows = 16

// pairs is a table w of plural endpoints and values. The number of rows written out is rounded up to a power of two
// by repetition, so that there are few texts and they stay prepared.
func pairs[K any, V string | int64](a *sqlquery.Args, sqlType string, keys []K, pair func(K) (string, V)) string {
	if len(keys) > maxRows {
		plurals, values := make([]string, len(keys)), make([]V, len(keys))
		for i, k := range keys {
			plurals[i], values[i] = pair(k)
		}
		return "unnest(" + a.Bind(plurals) + "::text[], " + a.Bind(values) + "::" + sqlType + "[]) w(plural, value)"
	}
	var rows []string
	for i := range 1 << bits.Len(uint(len(keys)-1)) {
		plural, value := pair(keys[min(i, len(keys)-1)])
		rows = append(rows, "("+a.Bind(plural)+"::text, "+a.Bind(value)+"::"+sqlType+")")
	}
	return "(VALUES " + strings.Join(rows, ", ") + ") w(plural, value)"
}
