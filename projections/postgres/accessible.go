package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Accessible implements [projections.Store].
func (s *Store) Accessible(ctx context.Context, q domain.AccessQuery) ([]domain.Access, error) {
	text, args := sqlquery.Accessible(dialect{}, q)
	var all sqlquery.Accesses
	var plural, id, resource, permission string
	err := s.scan(ctx, text, args, []any{&plural, &id, &resource, &permission}, func() {
		all.Add(plural, id, resource, permission)
	})
	if err != nil {
		return nil, fmt.Errorf("list what is accessible: %w", wrap(err))
	}
	return all, nil
}

// Counts implements [projections.Store].
func (s *Store) Counts(ctx context.Context) (domain.Counts, error) {
	var counts domain.Counts
	var resource string
	var deleted bool
	var n int64
	err := s.scan(ctx, sqlquery.Census, nil, []any{&resource, &deleted, &n}, func() {
		sqlquery.AddCount(&counts, resource, deleted, n)
	})
	if err != nil {
		return domain.Counts{}, fmt.Errorf("count objects: %w", wrap(err))
	}
	return counts, nil
}

func (s *Store) scan(ctx context.Context, text string, args []any, into []any, row func()) error {
	rows, err := s.readers.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, into, func() error { row(); return nil })
	return err
}
