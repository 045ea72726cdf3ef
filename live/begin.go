package live

import (
	"context"
	"fmt"
	"time"

	"github.com/kintolog/kintolog/domain"
)

const (
	// patience is how long a client waits for the read model to be as far as what it was told elsewhere.
	patience = 5 * time.Second
	// maxAbove entries of the endpoints above are looked through.
	maxAbove = 10_000
)

// begin is the position after which a client that knows everything up to the last one, if that is given, is told what
// happens. It has missed something if that cannot be told: because it is too old, all that there was is gone, or others may
// read it than before.
func (u *subscription) begin(ctx context.Context, last *domain.Position) (at domain.Position, missed bool, err error) {
	now := u.parts.Progress.Position()
	if last == nil || *last == now {
		return now, false, nil
	}
	if *last > now {
		return u.ahead(ctx, *last)
	}
	gone, err := u.gone(ctx, *last)
	if err != nil {
		return 0, false, unavailable(err)
	}
	if gone == 0 {
		return *last, false, nil
	}
	if err := u.wait(ctx, gone); err != nil {
		return 0, false, err
	}
	return u.parts.Progress.Position(), true, nil
}

// ahead is for a client that was told more than the read model of this process holds: if that is not in the log at all,
// it was told of another one.
func (u *subscription) ahead(ctx context.Context, last domain.Position) (at domain.Position, missed bool, err error) {
	tail, err := u.parts.Log.Tail(ctx)
	if err != nil {
		return 0, false, unavailable(err)
	}
	if last > tail.Position {
		return u.parts.Progress.Position(), true, nil
	}
	return last, false, u.wait(ctx, last)
}

// gone is the position of an entry after the last one that makes it pointless to tell what happened since; 0 if there is
// none.
func (u *subscription) gone(ctx context.Context, last domain.Position) (domain.Position, error) {
	looked := 0
	for entry, err := range u.parts.Log.Read(ctx, last, u.above...) {
		if err != nil {
			return 0, err
		}
		if looked++; looked > maxAbove || u.empties(entry) || u.concerns(entry) {
			return entry.Position, nil
		}
	}
	oldest := domain.TimestampOf(u.parts.Config.Now().Add(-u.Replay))
	for entry, err := range u.parts.Log.Read(ctx, last, u.plural) {
		if err != nil {
			return 0, err
		}
		if entry.Events[0].At() < oldest {
			return entry.Position, nil
		}
		break
	}
	return 0, nil
}

func (u *subscription) wait(ctx context.Context, position domain.Position) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := u.parts.Progress.Wait(ctx, position); err != nil {
		return unavailable(fmt.Errorf("wait for position %d: %w", position, err))
	}
	return nil
}

func unavailable(err error) error { return &domain.Error{Code: domain.Unavailable, Cause: err} }
