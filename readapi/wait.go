package readapi

import (
	"context"
	"fmt"
	"strconv"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/web"
)

// catchUp waits until the read model is where the request wants it. If that takes too long it is
// Unavailable, so that the client tries again.
func (a *API) catchUp(r *web.Request) error {
	given := r.Header[rest.PositionHeader]
	if len(given) == 0 || a.options.Waiter == nil {
		return nil
	}
	position, err := strconv.ParseUint(given[0], 10, 64)
	if err != nil {
		return domain.Invalidf(domain.InHeader, rest.PositionHeader, "The value should be a position in the log.")
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.options.WaitTimeout)
	defer cancel()
	if err := a.options.Waiter.Wait(ctx, domain.Position(position)); err != nil {
		return &domain.Error{Code: domain.Unavailable, Cause: fmt.Errorf("wait for position %d: %w", position, err)}
	}
	return nil
}
