package postgres

import (
	"context"
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Accessible implements [projections.Store].
func (s *Store) Accessible(ctx context.Context, q domain.AccessQuery) ([]domain.Access, error) {
	text, args := sqlquery.Accessible(dialect{}, q)
	all, err := query(ctx, s, sqlquery.ScanAccesses, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list what is accessible: %w", wrap(err))
	}
	return all, nil
}

// Counts implements [projections.Store].
func (s *Store) Counts(ctx context.Context) (domain.Counts, error) {
	counts, err := query(ctx, s, sqlquery.ScanCounts, sqlquery.Census)
	if err != nil {
		return domain.Counts{}, fmt.Errorf("count objects: %w", wrap(err))
	}
	return counts, nil
}

// Written implements [projections.Store].
func (s *Store) Written(ctx context.Context) (map[string]domain.Plural, error) {
	written, err := query(ctx, s, sqlquery.ScanWritten, sqlquery.Written)
	if err != nil {
		return nil, fmt.Errorf("find the resources: %w", wrap(err))
	}
	return written, nil
}
