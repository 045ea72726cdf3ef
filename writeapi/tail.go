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
	most  int  // bytes of events that are kept
	known bool // false until asked, and after an append of which the outcome is unknown
	end   eventstore.Tail
	// from is the position after which events holds everything up to end.
	from   domain.Position
	events []domain.Event
	at     []domain.Position // of each event
	bytes  int               // of events
	// behind is where the read model has to be before the events after it are read again: those before were too many to be kept.
	behind domain.Position
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
	t.known = true
	t.moveTo(end)
	return nil
}

// moveTo forgets the events, and makes a place in the log the end from which others are kept.
func (t *tail) moveTo(end eventstore.Tail) {
	t.end, t.from = end, end.Position
	t.events, t.at, t.bytes = nil, nil, 0
}

// extend reads what others appended after the known end. When it is too much to be kept, what the read model does not hold of
// it will be read again.
func (t *tail) extend(ctx context.Context) error {
	return t.read(ctx, func() error {
		t.moveTo(t.end)
		return nil
	})
}

// read reads what comes after the known end, and calls full whenever more events are kept than should be.
func (t *tail) read(ctx context.Context, full func() error) error {
	for entry, err := range t.log.Read(ctx, t.end.Position) {
		if err != nil {
			t.known = false
			return fmt.Errorf("read the end of the log: %w", err)
		}
		t.add(entry.Position, entry.Events)
		if t.end = entry.Tail(); t.bytes <= t.most {
			continue
		}
		if err := full(); err != nil {
			return err
		}
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
	t.bytes += weight(events)
}

// weight is about how many bytes of memory events take.
func weight(events []domain.Event) int {
	const each = 500 // and what is the same size in all of them
	n := each * len(events)
	for _, e := range events {
		n += len(e.Object.Data)
		for _, principals := range e.Object.Permissions {
			for _, p := range principals {
				n += len(p)
			}
		}
	}
	return n
}

// reach makes sure that the events after a position are there, and forgets those before. It is ErrBehind if they are too many
// to be kept.
func (t *tail) reach(ctx context.Context, position domain.Position) error {
	if position < t.from {
		return t.reload(ctx, position)
	}
	n := 0
	for n < len(t.at) && t.at[n] <= position {
		n++
	}
	if n > 0 {
		t.bytes -= weight(t.events[:n])
		// Copy, so that a state made before keeps what it has.
		t.events = append([]domain.Event(nil), t.events[n:]...)
		t.at = append([]domain.Position(nil), t.at[n:]...)
	}
	t.from = min(max(t.from, position), t.end.Position)
	if t.bytes > t.most {
		return t.tooMuch()
	}
	return nil
}

func (t *tail) tooMuch() error { return fmt.Errorf("%w, by more than %d bytes", ErrBehind, t.most) }

// reload reads the events between an older position and the end from the log, for a read model that is
// further behind than those kept.
func (t *tail) reload(ctx context.Context, position domain.Position) error {
	if position < t.behind {
		return t.tooMuch()
	}
	end := t.end
	t.moveTo(eventstore.Tail{Position: position})
	err := t.read(ctx, func() error {
		if t.behind = t.end.Position; t.behind < end.Position {
			t.end = end
		}
		t.moveTo(t.end)
		return t.tooMuch()
	})
	if err != nil {
		return err
	}
	if t.end.Position < end.Position {
		t.known = false
		return fmt.Errorf("the log ends at %d, before %d where it ended already", t.end.Position, end.Position)
	}
	return nil
}
