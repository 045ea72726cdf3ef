package sqlite

import (
	"context"
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Accessible implements [projections.Store].
func (s *Store) Accessible(ctx context.Context, q domain.AccessQuery) (all []domain.Access, err error) {
	text, args := sqlquery.Accessible(dialect{}, q)
	err = s.readers.query(ctx, text, args, func(rows sqlquery.Rows) (err error) {
		all, err = sqlquery.ScanAccesses(rows)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list what is accessible: %w", s.wrap(err))
	}
	return all, nil
}

// Counts implements [projections.Store].
func (s *Store) Counts(ctx context.Context) (counts domain.Counts, err error) {
	err = s.readers.query(ctx, sqlquery.Census, nil, func(rows sqlquery.Rows) (err error) {
		counts, err = sqlquery.ScanCounts(rows)
		return err
	})
	if err != nil {
		return domain.Counts{}, fmt.Errorf("count objects: %w", s.wrap(err))
	}
	return counts, nil
}

// Written implements [projections.Store].
func (s *Store) Written(ctx context.Context) (written map[string]domain.Plural, err error) {
	err = s.readers.query(ctx, sqlquery.Written, nil, func(rows sqlquery.Rows) (err error) {
		written, err = sqlquery.ScanWritten(rows)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find the resources: %w", wrap(err))
	}
	return written, nil
}
