package writeapi

import (
	"context"

	"github.com/kintolog/kintolog/domain"
)

type stepKey struct{}

// step comes before what a request asks for.
type step struct {
	needs domain.Needs
	run   func(*Tx) error
}

// WithStep makes the handlers take a step first in the transaction of a request with this context, such as to
// create what the request takes for granted. If the step or the request fails, nothing of both happens. A request that
// needs no transaction does not take the step.
func WithStep(ctx context.Context, needs domain.Needs, run func(*Tx) error) context.Context {
	return context.WithValue(ctx, stepKey{}, step{needs, run})
}

// withStep puts the step of ctx, if there is one, before a transaction.
func withStep(ctx context.Context, needs domain.Needs, run func(*Tx) error) (domain.Needs, func(*Tx) error) {
	first, ok := ctx.Value(stepKey{}).(step)
	if !ok {
		return needs, run
	}
	needs.Add(first.needs)
	return needs, func(tx *Tx) error {
		if err := first.run(tx); err != nil {
			return err
		}
		return run(tx)
	}
}
