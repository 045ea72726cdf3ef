package writeapi

import (
	"context"
	"fmt"
	"slices"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// tail is the end of the log as the loop knows it, with the events before it that the read model may
// not hold yet. A state is what the read model holds plus these events.
type tail struct {
	log   eventstore.Log
	known bool // false until asked, and after an append of which the outcome is unknown
	end   eventstore.Tail
	// from is the position after which events holds everything up to end.
	from   domain.Position
	events []domain.Event
	at     []domain.Position // of each event
}

// ensure finds out the end of the log if it is not known, and starts an empty log.
func (t *tail) ensure(ctx context.Context, start func() eventstore.Commit) error {
	if t.known {
		return nil
	}
	end, err := t.log.Tail(ctx)
	if err != nil {
		return fmt.Errorf("ask for the end of the log: %w", err)
	}
	if end.Position == 0 {
		if end, err = t.log.Append(ctx, end, start()); err != nil {
			return fmt.Errorf("start the log: %w", err)
		}
	}
	*t = tail{log: t.log, known: true, end: end, from: end.Position}
	return nil
}

// extend reads what others appended after the known end.
func (t *tail) extend(ctx context.Context) error {
	for entry, err := range t.log.Read(ctx, t.end.Position) {
		if err != nil {
			t.known = false
			return fmt.Errorf("read the end of the log: %w", err)
		}
		t.add(entry.Position, entry.Events)
		t.end = entry.Tail()
	}
	return nil
}

// confirm is errStale if the known end is not that of the log any more.
func (t *tail) confirm(ctx context.Context) error {
	end, err := t.log.Tail(ctx)
	if err != nil {
		return fmt.Errorf("ask for the end of the log: %w", err)
	}
	if end != t.end {
		return errStale
	}
	return nil
}

// appended moves the end past a commit of our own.
func (t *tail) appended(end eventstore.Tail, events []domain.Event) {
	t.add(end.Position, events)
	t.end = end
}

func (t *tail) add(at domain.Position, events []domain.Event) {
	t.events = append(t.events, events...)
	t.at = append(t.at, slices.Repeat([]domain.Position{at}, len(events))...)
}

// reach makes sure that the events after a position are there, and forgets those before.
func (t *tail) reach(ctx context.Context, position domain.Position) error {
	if position < t.from {
		return t.reload(ctx, position)
	}
	n := 0
	for n < len(t.at) && t.at[n] <= position {
		n++
	}
	if n > 0 {
		// Copy, so that a state made before keeps what it has.
		t.events = append([]domain.Event(nil), t.events[n:]...)
		t.at = append([]domain.Position(nil), t.at[n:]...)
	}
	t.from = min(max(t.from, position), t.end.Position)
	return nil
}

// reload reads the events between an older position and the end from the log, for a read model that is
// further behind than those kept.
func (t *tail) reload(ctx context.Context, position domain.Position) error {
	end := t.end
	*t = tail{log: t.log, known: true, end: eventstore.Tail{Position: position}, from: position}
	if err := t.extend(ctx); err != nil {
		return err
	}
	if t.end.Position < end.Position {
		t.known = false
		return fmt.Errorf("the log ends at %d, before %d where it ended already", t.end.Position, end.Position)
	}
	return nil
}
