package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Dump implements [projections.Store] in one transaction.
func (s *Store) Dump(ctx context.Context, line func(string) error) (err error) {
	tx, err := s.readers.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("dump: %w", wrap(err))
	}
	defer func() { err = errors.Join(err, ended(tx.Rollback())) }()
	for _, table := range sqlquery.Tables(named) {
		if err := dump(ctx, tx, table, line); err != nil {
			return fmt.Errorf("dump %s: %w", table.Name, wrap(err))
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

func dump(ctx context.Context, tx *sql.Tx, table sqlquery.Table, line func(string) error) error {
	rows, err := tx.QueryContext(ctx, table.Statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		text, err := table.Line(rows.Scan)
		if err != nil {
			return err
		}
		if err := line(text); err != nil {
			return err
		}
	}
	return rows.Err()
}
