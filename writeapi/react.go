package writeapi

import (
	"context"
	"errors"

	"github.com/kintolog/kintolog/domain"
)

// Change is what a transaction does to one object, before it is committed.
type Change struct {
	domain.Event
	// Old is the live object as it was before, the zero Object if there was none.
	Old domain.Object
}

// Reaction is called for each change of a transaction, in their order, when all else that its request asks for is decided. An
// error undoes the request. What it writes with the transaction is part of it, and told as well.
//
// It may be called several times for one change, as the function of a transaction may. The context is of the
// transaction: what is carried out with it takes part.
type Reaction func(context.Context, *Tx, Change) error

// maxReactions is how often changes can be followed by others that they cause.
const maxReactions = 100

// apply applies events to the transaction. Old are the objects as they were before, one for each event.
func (t *Tx) apply(events []domain.Event, old ...domain.Object) {
	for i := range events {
		events[i].Origin.Time = t.now
	}
	t.state.Evolve(events...)
	if t.loop.React == nil {
		return
	}
	for i, e := range events {
		c := Change{Event: e}
		if old[i].Live() {
			c.Old = old[i]
		}
		t.changes = append(t.changes, c)
	}
}

// react tells of the changes that were not told yet. What happens meanwhile is told by the one that is telling.
func (t *Tx) react() error {
	if t.reacting {
		return nil
	}
	t.reacting = true
	defer func() { t.reacting = false }()
	for range maxReactions {
		caused := len(t.changes)
		for t.reacted < min(caused, len(t.changes)) {
			c := t.changes[t.reacted]
			t.reacted++
			if err := t.loop.React(WithTx(t.ctx, t), t, c); err != nil {
				return err
			}
		}
		if t.reacted == len(t.changes) {
			return nil
		}
	}
	return errors.New("changes cause others without end")
}
