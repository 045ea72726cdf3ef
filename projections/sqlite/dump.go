package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Dump implements [projections.Store] in one transaction.
func (s *Store) Dump(ctx context.Context, line func(string) error) (err error) {
	tx, err := s.readers.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("dump: %w", s.wrap(err))
	}
	defer func() { err = errors.Join(err, ended(tx.Rollback())) }()
	for _, table := range sqlquery.Tables(named) {
		err := s.readers.queryIn(ctx, tx, table.Statement, nil, func(rows sqlquery.Rows) error { return table.Lines(rows, line) })
		if err != nil {
			return fmt.Errorf("dump %s: %w", table.Name, s.wrap(err))
		}
	}
	return nil
}

// named is the table with the plural endpoint in place of its number.
func named(table string) string {
	if table == "objects" || table == "aces" {
		return "(SELECT (SELECT plural FROM scopes WHERE number = t.scope) AS plural, t.* FROM " + table + " t)"
	}
	return table
}
