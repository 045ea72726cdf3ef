package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Load implements [projections.Reader] with one statement, which sees one state.
func (s *Store) Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
	text, args := loadStatement(needs)
	rows, err := s.readers.Query(ctx, text, args...)
	if err != nil {
		return domain.Snapshot{}, fmt.Errorf("load: %w", wrap(err))
	}
	snapshot, err := scanSnapshot(rows)
	if err != nil {
		return domain.Snapshot{}, fmt.Errorf("load: %w", wrap(err))
	}
	return snapshot, nil
}

// loadStatement looks up everything by key. There are sixteen texts, so that they stay prepared.
func loadStatement(n domain.Needs) (string, sqlquery.Args) {
	var text strings.Builder
	var a sqlquery.Args
	text.WriteString("SELECT 0::bigint, position, 0::bigint, '', '', NULL, '' FROM checkpoint")
	if len(n.Objects) > 0 {
		plurals, ids := make([]string, len(n.Objects)), make([]string, len(n.Objects))
		for i, u := range n.Objects {
			plurals[i], ids[i] = string(u.Plural()), u.ID()
		}
		text.WriteString(`
UNION ALL SELECT CASE WHEN o.deleted THEN 2 ELSE 1 END, o.last_modified, o.created, o.plural, o.id, o.data, o.permissions
FROM unnest(` + a.Bind(plurals) + "::text[], " + a.Bind(ids) + `::text[]) w(plural, id)
JOIN objects o ON o.plural = w.plural AND o.id = w.id`)
	}
	if len(n.Scopes) > 0 {
		text.WriteString(`
UNION ALL SELECT 3, s.timestamp, s.live, s.plural, '', NULL, ''
FROM scopes s
WHERE s.plural = ANY(` + a.Bind(n.Scopes) + `::text[])`)
	}
	if len(n.Members) > 0 {
		text.WriteString(`
UNION ALL SELECT 4, 0, 0, m.principal, m.uri, NULL, ''
FROM members m
WHERE m.principal = ANY(` + a.Bind(n.Members) + `::text[])`)
	}
	if len(n.Moments) > 0 {
		plurals, times := make([]string, len(n.Moments)), make([]int64, len(n.Moments))
		for i, m := range n.Moments {
			plurals[i], times[i] = string(m.Plural), int64(m.Timestamp)
		}
		text.WriteString(`
UNION ALL SELECT 5, o.last_modified, 0, o.plural, o.id, NULL, ''
FROM unnest(` + a.Bind(plurals) + "::text[], " + a.Bind(times) + `::bigint[]) w(plural, at)
JOIN objects o ON o.plural = w.plural AND o.last_modified = w.at`)
	}
	return text.String(), a
}

func scanSnapshot(rows pgx.Rows) (domain.Snapshot, error) {
	defer rows.Close()
	snapshot := sqlquery.NewSnapshot()
	for rows.Next() {
		var p sqlquery.Part
		if err := rows.Scan(&p.Kind, &p.N, &p.M, &p.A, &p.B, &p.Data, &p.Permissions); err != nil {
			return domain.Snapshot{}, err
		}
		if err := p.AddTo(&snapshot); err != nil {
			return domain.Snapshot{}, err
		}
	}
	sqlquery.Finish(&snapshot)
	return snapshot, rows.Err()
}
