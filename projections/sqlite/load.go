package sqlite

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
	// Reads by key are too short to be worth the goroutine that would watch the context.
	var snapshot domain.Snapshot
	err := s.readers.query(context.WithoutCancel(ctx), text, args, func(rows sqlquery.Rows) (err error) {
		snapshot, err = sqlquery.ScanSnapshot(rows)
		return err
	})
	if err != nil {
		return domain.Snapshot{}, fmt.Errorf("load: %w", s.wrap(err))
	}
	return snapshot, nil
}

// loadStatement looks up everything by key. Sizes are rounded up to powers of two by
// repetition, so that there are few statements to keep prepared.
func loadStatement(n domain.Needs) (string, []any) {
	var text strings.Builder
	var args []any
	text.WriteString("SELECT 0, position, 0, '', '', NULL, '' FROM checkpoint")
	part := func(sql string, count int, columns func(i int)) {
		if count == 0 {
			return
		}
		before := len(args)
		columns(0)
		row := "(?" + strings.Repeat(", ?", len(args)-before-1) + ")"
		size := 1 << bits.Len(uint(count-1))
		for i := 1; i < size; i++ {
			columns(min(i, count-1))
		}
		text.WriteString(strings.Replace(sql, "{}", "(VALUES "+row+strings.Repeat(", "+row, size-1)+") w", 1))
	}
	part(`
UNION ALL SELECT 1 + o.deleted, o.last_modified, o.created, w.column1, o.id, o.data, o.permissions
FROM {} CROSS JOIN scopes s ON s.plural = w.column1 CROSS JOIN objects o ON o.scope = s.number AND o.id = w.column2`, len(n.Objects), func(i int) {
		u := n.Objects[i]
		args = append(args, string(u.Plural()), u.ID())
	})
	part(`
UNION ALL SELECT CASE WHEN s.position > 0 THEN 3 ELSE 7 END, s.timestamp, s.live, s.plural, '', NULL, ''
FROM {} CROSS JOIN scopes s ON s.plural = w.column1`, len(n.Scopes), func(i int) {
		args = append(args, string(n.Scopes[i]))
	})
	part(`
UNION ALL SELECT 4, 0, 0, m.principal, m.uri, NULL, ''
FROM {} CROSS JOIN members m ON m.principal = w.column1`, len(n.Members), func(i int) {
		args = append(args, n.Members[i])
	})
	part(`
UNION ALL SELECT 5, o.last_modified, 0, w.column1, o.id, NULL, ''
FROM {} CROSS JOIN scopes s ON s.plural = w.column1 CROSS JOIN objects o ON o.scope = s.number AND o.last_modified = w.column2`, len(n.Moments), func(i int) {
		args = append(args, string(n.Moments[i].Plural), int64(n.Moments[i].Timestamp))
	})
	if n.Latest {
		text.WriteString("\nUNION ALL SELECT 6, max(timestamp), 0, '', '', NULL, '' FROM scopes HAVING count(*) > 0")
	}
	return text.String(), args
}
