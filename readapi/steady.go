package readapi

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/kintolog/kintolog/domain"
)

// steady never answers from an earlier state than the read model is known to have had. A database that has crashed may have
// lost the last changes, which are in the log and come again: until then it waits, and in the end is Unavailable.
type steady struct {
	Reader
	waiter   Waiter
	patience time.Duration
}

// Load implements Reader.
func (s *steady) Load(ctx context.Context, needs domain.Needs) (snapshot domain.Snapshot, err error) {
	err = s.wait(ctx, func() (domain.Position, error) {
		snapshot, err = s.Reader.Load(ctx, needs)
		return snapshot.Position, err
	})
	return snapshot, err
}

// List implements Reader.
func (s *steady) List(ctx context.Context, needs domain.Needs, q domain.Query) (snapshot domain.Snapshot, page domain.Page, err error) {
	err = s.wait(ctx, func() (domain.Position, error) {
		snapshot, page, err = s.Reader.List(ctx, needs, q)
		return snapshot.Position, err
	})
	return snapshot, page, err
}

// Accessible implements Reader.
func (s *steady) Accessible(ctx context.Context, q domain.AccessQuery) ([]domain.Access, error) {
	if _, err := s.Load(ctx, domain.Needs{}); err != nil {
		return nil, err
	}
	return s.Reader.Accessible(ctx, q)
}

// wait reads until what is read is of the position that the read model has now, or of a later one.
func (s *steady) wait(ctx context.Context, read func() (domain.Position, error)) error {
	known := s.waiter.Position()
	at, err := read()
	if err != nil || at >= known {
		return err
	}
	_, err = backoff.Retry(ctx, func() (struct{}, error) {
		at, err := read()
		if err == nil && at < known {
			return struct{}{}, fmt.Errorf("the read model has gone back from %d to %d", known, at)
		}
		if err != nil {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(retry)), backoff.WithMaxElapsedTime(s.patience))
	return err
}

// retry is the time between two looks at a read model that has gone back.
const retry = 20 * time.Millisecond
