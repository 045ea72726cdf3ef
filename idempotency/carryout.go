package idempotency

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/writeapi"
)

// errRefused ends the transaction of a request that was answered with an error.
var errRefused = errors.New("the request is refused")

// carryOut lets the handler answer within the transaction, and adds the answer to it.
func (c *call) carryOut(tx *writeapi.Tx) (*answer, error) {
	ctx, cancel := context.WithTimeout(readapi.WithReader(writeapi.WithTx(c.request.Context(), tx), tx), c.Loop.Timeout)
	defer cancel()
	a := &answer{header: http.Header{}}
	if err := c.handle(a, c.attempt(ctx)); err != nil {
		return nil, err
	}
	a.WriteHeader(http.StatusOK)
	if a.status >= http.StatusBadRequest {
		return a, errRefused
	}
	return a, c.keep(ctx, tx, a)
}

// keep appends the answer to the transaction.
func (c *call) keep(ctx context.Context, tx *writeapi.Tx, a *answer) error {
	if most := c.Limits.withDefaults().Answer; a.body.Len() > most {
		return domain.Invalidf(domain.InHeader, Header,
			"cannot be used: the answer has %d bytes, and no more than %d are kept", a.body.Len(), most)
	}
	day := dayOf(tx.Now())
	if err := c.open(ctx, tx, day); err != nil {
		return err
	}
	at, err := tx.Next(answersOf(day))
	if err != nil {
		return err
	}
	data, err := kept{c.id, at, c.fingerprint, a.status, a.header, a.body.String()}.data()
	if err != nil {
		return err
	}
	tx.Append(c.event(domain.Created, answerName, domain.Object{
		URI: answersOf(day).Object(c.id), LastModified: at, Created: at, Data: data,
	}))
	return nil
}

func (c *call) event(action domain.Action, resource string, o domain.Object) domain.Event {
	return domain.Event{Action: action, Resource: resource, Secret: true, Object: o, Origin: c.request.Origin()}
}

// open makes sure that the day is there. Who opens a day removes those that are over.
func (c *call) open(ctx context.Context, tx *writeapi.Tx, day domain.URI) error {
	snapshot, err := tx.Load(ctx, domain.Needs{Objects: []domain.URI{day}})
	if err != nil || snapshot.Objects[day].Live() {
		return err
	}
	at, err := tx.Next(days)
	if err != nil {
		return err
	}
	tx.Append(c.event(domain.Created, dayName, domain.Object{
		URI: day, LastModified: at, Created: at, Data: dataOf(day, at),
	}))
	return c.expire(ctx, tx)
}

// maxExpired is how many days are removed at once, the oldest first. There is no more than one each day.
const maxExpired = 7

// expire removes the days of which no answer counts any more, not even for a writer whose clock is a day behind.
func (c *call) expire(ctx context.Context, tx *writeapi.Tx) error {
	first := dayOf(tx.Now() - domain.Timestamp(2*Lifetime/time.Millisecond))
	_, over, err := tx.List(ctx, domain.Needs{}, domain.Query{
		Plural: days, Limit: maxExpired,
		Filters: []domain.Filter{{
			Field: domain.Field{"id"}, Op: domain.Less, Values: [][]byte{jsondoc.Quote(first.ID())},
		}},
		Sort: append([]domain.Sort{{Field: domain.Field{"id"}}}, domain.NewestFirst...),
	})
	if err != nil {
		return err
	}
	for _, o := range over.Objects {
		at, err := tx.Next(days)
		if err != nil {
			return err
		}
		e := c.event(domain.Deleted, dayName, domain.Object{
			URI: o.URI, LastModified: at, Created: o.Created, Deleted: true, Data: domain.Tombstone(o.URI.ID(), at),
		})
		e.Cascade = true
		tx.Append(e)
	}
	return nil
}

// dataOf is that of an object that is no more than its id.
func dataOf(u domain.URI, at domain.Timestamp) []byte {
	id := jsondoc.Field{Name: "id", Value: jsondoc.Quote(u.ID())}
	lastModified := jsondoc.Field{Name: "last_modified", Value: strconv.AppendInt(nil, int64(at), 10)}
	return jsondoc.With([]byte("{}"), id, lastModified)
}
