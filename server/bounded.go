package server

import (
	"context"
	"fmt"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections"
)

// bounded is a read model that answers in time or not at all. Without it whoever reads would wait for a database that is
// connected and says nothing, as one does whose machine has stopped, and hold one of its connections.
//
// What is applied to the read model takes as long as it takes.
type bounded struct {
	projections.Store
	patience time.Duration
}

// Load implements [projections.Reader].
func (b bounded) Load(ctx context.Context, needs domain.Needs) (snapshot domain.Snapshot, err error) {
	err = b.within(ctx, func(ctx context.Context) error {
		snapshot, err = b.Store.Load(ctx, needs)
		return err
	})
	return snapshot, err
}

// List implements [projections.Reader].
func (b bounded) List(ctx context.Context, needs domain.Needs, q domain.Query) (snapshot domain.Snapshot, page domain.Page, err error) {
	err = b.within(ctx, func(ctx context.Context) error {
		snapshot, page, err = b.Store.List(ctx, needs, q)
		return err
	})
	return snapshot, page, err
}

// Accessible implements [projections.Census].
func (b bounded) Accessible(ctx context.Context, q domain.AccessQuery) (access []domain.Access, err error) {
	err = b.within(ctx, func(ctx context.Context) error {
		access, err = b.Store.Accessible(ctx, q)
		return err
	})
	return access, err
}

// Counts implements [projections.Census].
func (b bounded) Counts(ctx context.Context) (counts domain.Counts, err error) {
	err = b.within(ctx, func(ctx context.Context) error {
		counts, err = b.Store.Counts(ctx)
		return err
	})
	return counts, err
}

// Written implements [projections.Census].
func (b bounded) Written(ctx context.Context) (written map[string]domain.Plural, err error) {
	err = b.within(ctx, func(ctx context.Context) error {
		written, err = b.Store.Written(ctx)
		return err
	})
	return written, err
}

func (b bounded) within(ctx context.Context, read func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	err := read(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: no answer within %s: %w", projections.ErrUnavailable, b.patience, err)
	}
	return err
}
