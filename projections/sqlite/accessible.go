package sqlite

import (
	"context"
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Accessible implements [projections.Store].
func (s *Store) Accessible(ctx context.Context, q domain.AccessQuery) ([]domain.Access, error) {
	text, args := sqlquery.Accessible(dialect{}, q)
	var all sqlquery.Accesses
	err := s.scan(ctx, text, args, func(scan func(...any) error) error {
		var plural, id, resource, permission string
		if err := scan(&plural, &id, &resource, &permission); err != nil {
			return err
		}
		all.Add(plural, id, resource, permission)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list what is accessible: %w", wrap(err))
	}
	return all, nil
}

// Counts implements [projections.Store].
func (s *Store) Counts(ctx context.Context) (domain.Counts, error) {
	var counts domain.Counts
	err := s.scan(ctx, sqlquery.Census, nil, func(scan func(...any) error) error {
		var resource string
		var deleted bool
		var n int64
		if err := scan(&resource, &deleted, &n); err != nil {
			return err
		}
		sqlquery.AddCount(&counts, resource, deleted, n)
		return nil
	})
	if err != nil {
		return domain.Counts{}, fmt.Errorf("count objects: %w", wrap(err))
	}
	return counts, nil
}

func (s *Store) scan(ctx context.Context, text string, args []any, row func(scan func(...any) error) error) error {
	return s.readers.query(ctx, text, args, func(rows sqlquery.Rows) error {
		for rows.Next() {
			if err := row(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
