package listeners

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/eventstore/feed"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/writeapi"
)

// checkpoint keeps the position of a listener as an object. It never goes back: whoever saves a position has told the
// listener everything up to there, so that the greatest one counts, whichever process it is of.
type checkpoint struct {
	parts    server.Parts
	listener Listener
	begin    domain.Position // of a listener that is new
}

var _ feed.Checkpoint = checkpoint{}

func (c checkpoint) uri() domain.URI { return all.Object(c.listener.Name) }

// Load implements feed.Checkpoint. Afterwards the object is there.
func (c checkpoint) Load(ctx context.Context) (domain.Position, error) {
	tail, err := c.parts.Log.Tail(ctx)
	if err == nil {
		err = c.parts.Progress.Wait(ctx, tail.Position) // another process may have saved just now
	}
	if err != nil {
		return 0, fmt.Errorf("catch up: %w", err)
	}
	snapshot, err := c.parts.Model.Load(ctx, domain.Needs{Objects: []domain.URI{c.uri()}})
	if err != nil {
		return 0, fmt.Errorf("load %s: %w", c.uri(), err)
	}
	var position domain.Position
	if o := snapshot.Objects[c.uri()]; o.Live() {
		position, err = positionOf(o)
	} else {
		position, err = c.search(ctx)
	}
	if err != nil {
		return 0, err
	}
	return position, c.Save(ctx, position)
}

// search is for a listener that the read model does not know: it is new, or there was a flush, which the log has from
// before.
func (c checkpoint) search(ctx context.Context) (domain.Position, error) {
	position := c.begin
	for entry, err := range c.parts.Log.Read(ctx, 0) {
		if err != nil {
			return 0, fmt.Errorf("search the log for %s: %w", c.uri(), err)
		}
		if entry.Plural != all {
			continue
		}
		for _, e := range entry.Events {
			if e.Object.URI == c.uri() && e.Object.Live() {
				if position, err = positionOf(e.Object); err != nil {
					return 0, err
				}
			}
		}
	}
	return position, nil
}

func positionOf(o domain.Object) (domain.Position, error) {
	value, _ := jsondoc.Lookup(o.Data, "position")
	position, ok := jsondoc.Int(value)
	if !ok || position < 0 {
		return 0, errors.New("the object " + string(o.URI) + " has no position")
	}
	return domain.Position(position), nil
}

// Save implements feed.Checkpoint.
func (c checkpoint) Save(ctx context.Context, position domain.Position) error {
	needs := domain.Needs{Objects: []domain.URI{c.uri()}, Scopes: []domain.Plural{all}}
	_, err := c.parts.Loop.Do(ctx, needs, func(tx *writeapi.Tx) error {
		snapshot, err := tx.Load(ctx, needs)
		if err != nil {
			return err
		}
		return c.put(tx, snapshot.Objects[c.uri()], position)
	})
	return err
}

// put replaces the object if there is something to change.
func (c checkpoint) put(tx *writeapi.Tx, old domain.Object, position domain.Position) error {
	permissions := domain.Permissions{}.With("write", c.listener.Operators...)
	action, created := domain.Created, domain.Timestamp(0)
	if old.Live() {
		saved, err := positionOf(old)
		if err != nil {
			return err
		}
		if saved >= position && maps.EqualFunc(old.Permissions, permissions, slices.Equal) {
			return nil
		}
		action, created, position = domain.Updated, old.Created, max(saved, position)
	}
	return appendObject(tx, action, listenerName, c.uri(), created, permissions,
		jsondoc.Field{Name: "position", Value: strconv.AppendUint(nil, uint64(position), 10)})
}

// appendObject adds the event of an object of this package to a transaction.
func appendObject(
	tx *writeapi.Tx, action domain.Action, resource string, u domain.URI, created domain.Timestamp,
	permissions domain.Permissions, fields ...jsondoc.Field,
) error {
	at, err := tx.Next(u.Plural())
	if err != nil {
		return err
	}
	if created == 0 {
		created = at
	}
	fields = append([]jsondoc.Field{
		{Name: "id", Value: jsondoc.Quote(u.ID())},
		{Name: "last_modified", Value: strconv.AppendInt(nil, int64(at), 10)},
	}, fields...)
	tx.Append(domain.Event{
		Action: action, Resource: resource, Secret: true, Origin: domain.Origin{Time: tx.Now()},
		Object: domain.Object{
			URI: u, LastModified: at, Created: created, Data: jsondoc.With([]byte("{}"), fields...), Permissions: permissions,
		},
	})
	return nil
}
