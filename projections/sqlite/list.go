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
func (s *Store) List(ctx context.Context, needs domain.Needs, q domain.Query) (_ domain.Snapshot, _ domain.Page, err error) {
	tx, err := s.readers.db.BeginTx(ctx, nil)
	if err != nil {
		return domain.Snapshot{}, domain.Page{}, fmt.Errorf("list %s: %w", q.Plural, wrap(err))
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	snapshot, page, err := list(ctx, tx, needs, q)
	if err != nil {
		return domain.Snapshot{}, domain.Page{}, fmt.Errorf("list %s: %w", q.Plural, wrap(err))
	}
	return snapshot, page, nil
}

func list(ctx context.Context, tx *sql.Tx, needs domain.Needs, q domain.Query) (domain.Snapshot, domain.Page, error) {
	var page domain.Page
	text, args := loadStatement(sqlquery.WithScope(needs, q))
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return domain.Snapshot{}, page, err
	}
	snapshot, err := scanSnapshot(rows)
	if err != nil {
		return domain.Snapshot{}, page, err
	}
	if page.Total, err = total(ctx, tx, snapshot, q); err != nil {
		return domain.Snapshot{}, page, err
	}
	page.Objects, err = objects(ctx, tx, q)
	return snapshot, page, err
}

func total(ctx context.Context, tx *sql.Tx, snapshot domain.Snapshot, q domain.Query) (total int64, err error) {
	switch {
	case !q.Total:
		return 0, nil
	case !sqlquery.Counted(q):
		return snapshot.Scopes[q.Plural].Live, nil
	}
	text, args := sqlquery.Count(dialect{}, q)
	err = tx.QueryRowContext(ctx, text, args...).Scan(&total)
	return total, err
}

func objects(ctx context.Context, tx *sql.Tx, q domain.Query) ([]domain.Object, error) {
	if q.Limit <= 0 {
		return nil, nil
	}
	text, args := sqlquery.List(dialect{}, q)
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // an error of the iteration is in rows.Err
	var list []domain.Object
	for rows.Next() {
		var o domain.Object
		var id string
		if err := rows.Scan(&id, &o.LastModified, &o.Created, &o.Deleted, &o.Data); err != nil {
			return nil, err
		}
		o.URI = q.Plural.Object(id)
		list = append(list, o)
	}
	return list, rows.Err()
}
