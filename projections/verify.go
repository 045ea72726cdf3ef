package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// Errors that say that a read model does not belong to the log. Nothing but a rebuild helps.
var (
	// ErrAhead: the read model holds entries that the log does not have: the log lost its end, or is another.
	ErrAhead = errors.New("read model is ahead of its log, rebuild it from the log")
	// ErrDiverged: the log holds something else at the position of the read model.
	ErrDiverged = errors.New("read model and log have diverged, rebuild it from the log")
)

// Verify returns the checkpoint of the store and the tail of the log after it has made sure that the log
// holds exactly what the store was made from: [ErrAhead] or [ErrDiverged] otherwise.
func Verify(ctx context.Context, log eventstore.Log, store Store) (checkpoint, tail eventstore.Tail, err error) {
	if checkpoint, err = store.Checkpoint(ctx); err != nil {
		return checkpoint, tail, err
	}
	tail, err = VerifyAt(ctx, log, checkpoint)
	return checkpoint, tail, err
}

// VerifyAt is Verify for a read model that is at a checkpoint.
func VerifyAt(ctx context.Context, log eventstore.Log, checkpoint eventstore.Tail) (tail eventstore.Tail, err error) {
	if tail, err = log.Tail(ctx); err != nil {
		return tail, fmt.Errorf("verify read model: %w", err)
	}
	if checkpoint.Position > tail.Position {
		return tail, fmt.Errorf("%w: it is at %d, the log ends at %d", ErrAhead, checkpoint.Position, tail.Position)
	}
	if checkpoint.Position == 0 {
		return tail, nil
	}
	hash, err := hashAt(ctx, log, checkpoint.Position)
	if err == nil && hash != checkpoint.Hash {
		err = diverged(checkpoint, hash)
	}
	return tail, err
}

func diverged(checkpoint eventstore.Tail, hash eventstore.Hash) error {
	return fmt.Errorf("%w: at %d it has the hash %s, the log %s", ErrDiverged, checkpoint.Position, checkpoint.Hash, hash)
}

func hashAt(ctx context.Context, log eventstore.Log, position domain.Position) (eventstore.Hash, error) {
	for entry, err := range log.Read(ctx, position-1) {
		if err != nil {
			return eventstore.Hash{}, fmt.Errorf("read entry %d: %w", position, err)
		}
		if entry.Position == position {
			return entry.Hash, nil
		}
		break
	}
	return eventstore.Hash{}, fmt.Errorf("read entry %d: it is not there", position)
}
