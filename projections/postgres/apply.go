package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/kintolog/kintolog/projections"
)

// Apply implements [projections.Store]. All statements are sent together and are one transaction; the first ends it
// if the checkpoint was moved.
func (s *Store) Apply(ctx context.Context, change projections.Change) error {
	var b pgx.Batch
	b.Queue("SELECT advance($1, $2, $3, $4, $5)",
		int64(change.From.Position), change.From.Hash.String(),
		int64(change.To.Position), change.To.Hash.String(), channel(s.schema))
	for _, step := range change.Steps {
		if err := queue(&b, step); err != nil {
			return fmt.Errorf("apply up to %d: %w", change.To.Position, err)
		}
	}
	if err := s.writers.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("apply up to %d: %w", change.To.Position, wrap(err))
	}
	s.changes.hub.Send(change.To.Position)
	return nil
}

// Check implements [projections.Store] by a transaction that it rolls back.
func (s *Store) Check(ctx context.Context, row projections.Row) error {
	tx, err := s.writers.Begin(ctx)
	if err != nil {
		return fmt.Errorf("check %s: %w", row.URI, wrap(err))
	}
	var b pgx.Batch
	put(&b, []projections.Row{row})
	err = tx.SendBatch(ctx, &b).Close()
	if err := errors.Join(wrap(err), tx.Rollback(ctx)); err != nil {
		return fmt.Errorf("check %s: %w", row.URI, err)
	}
	return nil
}

// Quarantined implements [projections.Store].
func (s *Store) Quarantined(ctx context.Context) ([]projections.Row, error) {
	list, err := quarantined(ctx, s.readers)
	return list, wrap(err)
}

func quarantined(ctx context.Context, from querier) ([]projections.Row, error) {
	rows, err := from.Query(ctx, "SELECT entry FROM quarantine ORDER BY position, plural, id")
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (row projections.Row, err error) {
		var entry []byte
		if err := r.Scan(&entry); err != nil {
			return row, err
		}
		return row, json.Unmarshal(entry, &row)
	})
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	return list, nil
}

func queue(b *pgx.Batch, step projections.Step) error {
	if step.Flush {
		b.Queue("DELETE FROM objects")
		b.Queue("DELETE FROM scopes")
		b.Queue("DELETE FROM aces")
		b.Queue("DELETE FROM members")
		b.Queue("DELETE FROM quarantine")
	}
	if step.Purge.Top != "" {
		purge(b, step.Purge)
	}
	if step.Retain.Resource != "" {
		retain(b, step.Retain)
	}
	for _, u := range step.Release {
		b.Queue("DELETE FROM quarantine WHERE plural = $1 AND id = $2", string(u.Plural()), u.ID())
	}
	rows := make([]projections.Row, 0, len(step.Objects))
	for _, row := range step.Objects {
		if row.Refused == "" {
			rows = append(rows, row)
		} else if err := setAside(b, row); err != nil {
			return err
		}
	}
	if len(rows) > 0 {
		put(b, rows)
	}
	if len(step.Scopes) > 0 {
		putScopes(b, step.Scopes)
	}
	if len(step.Forget) > 0 {
		forget(b, step.Forget)
	}
	return nil
}

func setAside(b *pgx.Batch, row projections.Row) error {
	entry, err := json.Marshal(row)
	if err != nil {
		return err
	}
	b.Queue("INSERT INTO quarantine (plural, id, position, entry) VALUES ($1, $2, $3, $4)",
		string(row.URI.Plural()), row.URI.ID(), int64(row.Position), string(entry))
	return nil
}
