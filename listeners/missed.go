package listeners

import (
	"context"
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/eventstore/feed"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/writeapi"
)

// Missed is an event that a listener did not take, and that was set aside.
type Missed struct {
	URI      domain.URI // of what is remembered of it
	Event    string     // its id
	Position domain.Position
	Action   string
	Subject  string // the object that it is about
	Reason   string // why it was not taken at last
}

// page is how many are read at once.
const page = 1000

// AllMissed are the events that a listener missed, the first one first.
func AllMissed(ctx context.Context, p server.Parts, listener string) ([]Missed, error) {
	q := domain.Query{
		Plural: undelivered{listener: listener}.plural(), Limit: page,
		Sort: []domain.Sort{{Field: domain.Field{"position"}}, {Field: domain.Field{"last_modified"}}},
	}
	var missed []Missed
	for more := true; more; {
		_, list, err := p.Model.List(ctx, domain.Needs{}, q)
		if err != nil {
			return nil, fmt.Errorf("list what %s missed: %w", listener, err)
		}
		for _, o := range list.Objects {
			missed = append(missed, missedOf(o))
		}
		if more = list.More; more {
			q = q.Following(list)
		}
	}
	return missed, nil
}

func missedOf(o domain.Object) Missed {
	text := func(name string) string { return jsondoc.LookupString(o.Data, name) }
	position, _ := positionOf(o) // 0 is no position of the log, so that Replay fails
	return Missed{o.URI, text("event"), position, text("action"), text("subject"), text("reason")}
}

// Replay tells a listener, once, of an event that it missed, and forgets that it missed it if it takes it now.
func Replay(ctx context.Context, p server.Parts, l Listener, m Missed) error {
	e, err := find(ctx, p, m)
	if err != nil {
		return fmt.Errorf("find %s: %w", m.Event, err)
	}
	l = l.withDefaults()
	limited, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	if err := l.Handle(limited, e); err != nil {
		return fmt.Errorf("tell %s of %s: %w", l.Name, m.Event, err)
	}
	return Drop(ctx, p, m)
}

// find reads an event from the log.
func find(ctx context.Context, p server.Parts, m Missed) (Event, error) {
	for entry, err := range p.Log.Read(ctx, max(m.Position, 1)-1) {
		if err != nil {
			return Event{}, err
		}
		if entry.Position != m.Position {
			break
		}
		events, err := feed.EventsOf(entry)
		if err != nil {
			return Event{}, err
		}
		for _, e := range events {
			if e.ID == m.Event {
				return e, nil
			}
		}
		break
	}
	return Event{}, fmt.Errorf("it is not in the log at position %d", m.Position)
}

// Drop forgets that an event was missed. It is no error if that is forgotten already.
func Drop(ctx context.Context, p server.Parts, m Missed) error {
	c := &domain.Command{Verb: domain.Delete, Resource: p.Catalog.Resource(undeliveredName), URI: m.URI, Trusted: true}
	_, err := p.Loop.Do(ctx, c.Needs(), func(tx *writeapi.Tx) error {
		_, err := tx.Execute(c)
		return err
	})
	if domain.CodeOf(err) == domain.UnknownObject {
		return nil
	}
	if err != nil {
		return fmt.Errorf("forget %s: %w", m.Event, err)
	}
	return nil
}
