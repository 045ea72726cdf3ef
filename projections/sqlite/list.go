package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// List implements [projections.Reader] in one transaction.
func (s *Store) List(ctx context.Context, needs domain.Needs, q domain.Query) (domain.Snapshot, domain.Page, error) {
	l := newListing(needs, q)
	snapshot, page, err := s.run(ctx, l)
	if err != nil {
		return domain.Snapshot{}, domain.Page{}, fmt.Errorf("list %s: %w", q.Plural, s.wrap(err))
	}
	return snapshot, page, nil
}

// listing is the statements of one list; a text is empty if there is nothing to ask for.
type listing struct {
	q                           domain.Query
	load, count, list           string
	loadArgs, countArgs, values []any
}

func newListing(needs domain.Needs, q domain.Query) listing {
	l := listing{q: q}
	l.load, l.loadArgs = loadStatement(sqlquery.WithScope(needs, q))
	if q.Total && sqlquery.Counted(q) {
		l.count, l.countArgs = sqlquery.Count(dialect{}, q)
	}
	if q.Limit > 0 {
		l.list, l.values = sqlquery.List(dialect{}, q)
	}
	return l
}

func (s *Store) run(ctx context.Context, l listing) (snapshot domain.Snapshot, page domain.Page, err error) {
	for _, text := range []string{l.load, l.list} {
		if err := s.readers.warm(ctx, text); err != nil {
			return snapshot, page, err
		}
	}
	tx, err := s.readers.db.BeginTx(ctx, nil)
	if err != nil {
		return snapshot, page, err
	}
	defer func() { err = errors.Join(err, ended(tx.Rollback())) }()
	err = s.readers.queryIn(ctx, tx, l.load, l.loadArgs, func(rows sqlquery.Rows) (err error) {
		snapshot, err = sqlquery.ScanSnapshot(rows)
		return err
	})
	if err != nil {
		return snapshot, page, err
	}
	if page.Total, err = total(ctx, tx, l, snapshot); err != nil {
		return snapshot, page, err
	}
	if l.list != "" {
		err = s.readers.queryIn(ctx, tx, l.list, l.values, func(rows sqlquery.Rows) error {
			return sqlquery.ScanPage(rows, l.q, &page)
		})
	}
	return snapshot, page, err
}

// ended is nil if the transaction was ended by its context, which another error tells.
func ended(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

func total(ctx context.Context, tx *sql.Tx, l listing, snapshot domain.Snapshot) (total int64, err error) {
	if l.count != "" {
		err = tx.QueryRowContext(ctx, l.count, l.countArgs...).Scan(&total)
	} else if l.q.Total {
		total = snapshot.Scopes[l.q.Plural].Live
	}
	return total, err
}
