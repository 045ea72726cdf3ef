package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// List implements [projections.Reader]. The statements are sent together and are one transaction, which by
// the settings of the connection sees one state. A page that Bytes ends is the end of its statement as well, and of its connection:
// what follows may be much more than the page, and would be read to its end.
func (s *Store) List(ctx context.Context, needs domain.Needs, q domain.Query) (domain.Snapshot, domain.Page, error) {
	var snapshot domain.Snapshot
	var page domain.Page
	var batch pgx.Batch
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stopped := false
	text, args := loadStatement(sqlquery.WithScope(needs, q))
	batch.Queue(text, args...).Query(func(rows pgx.Rows) (err error) {
		snapshot, err = sqlquery.ScanSnapshot(rows)
		page.Total = snapshot.Scopes[q.Plural].Live
		return err
	})
	if q.Total && sqlquery.Counted(q) {
		text, args := sqlquery.Count(dialect{}, q)
		batch.Queue(text, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&page.Total) })
	}
	if q.Limit > 0 {
		text, args := sqlquery.List(dialect{}, q)
		batch.Queue(text, args...).Query(func(rows pgx.Rows) error {
			err := sqlquery.ScanPage(rows, q, &page)
			if stopped = err == nil && page.More && len(page.Objects) < q.Limit; stopped {
				stop()
			}
			return err
		})
	}
	if err := s.readers.SendBatch(ctx, &batch).Close(); err != nil && !stopped {
		return domain.Snapshot{}, domain.Page{}, fmt.Errorf("list %s: %w", q.Plural, wrap(err))
	}
	if !q.Total {
		page.Total = 0
	}
	return snapshot, page, nil
}

// Dump implements [projections.Store] in one transaction.
func (s *Store) Dump(ctx context.Context, line func(string) error) (err error) {
	tx, err := s.readers.Begin(ctx)
	if err != nil {
		return fmt.Errorf("dump: %w", wrap(err))
	}
	defer func() { err = errors.Join(err, tx.Rollback(ctx)) }()
	for _, table := range sqlquery.Tables(func(table string) string { return table }) {
		if err := dump(ctx, tx, table, line); err != nil {
			return fmt.Errorf("dump %s: %w", table.Name, wrap(err))
		}
	}
	return nil
}

func dump(ctx context.Context, tx pgx.Tx, table sqlquery.Table, line func(string) error) error {
	rows, err := tx.Query(ctx, table.Statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	return table.Lines(rows, line)
}
