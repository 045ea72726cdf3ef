package listeners

import (
	"context"
	"fmt"
	"strings"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/eventstore/feed"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/writeapi"
)

// undelivered sets aside the events that a listener does not take: which they are and why, as objects of the service. The
// events themselves are in the log.
type undelivered struct {
	parts    server.Parts
	listener string
	logger   logrus.FieldLogger
}

var _ message.Publisher = undelivered{}

// Publish implements message.Publisher.
func (q undelivered) Publish(_ string, messages ...*message.Message) error {
	for _, m := range messages {
		e, reason := feed.EventOf(m), clean(m.Metadata[middleware.ReasonForPoisonedKey])
		if err := q.record(m.Context(), e, reason); err != nil {
			return fmt.Errorf("set %s aside: %w", e.ID, err)
		}
		q.logger.WithFields(logrus.Fields{
			"event": e.ID, "position": e.Position, "subject": e.Object.URI, "reason": reason,
		}).Error("the listener did not take an event, which is set aside")
	}
	return nil
}

// Close implements message.Publisher.
func (undelivered) Close() error { return nil }

// record is made once for an event, however often it is set aside.
func (q undelivered) record(ctx context.Context, e Event, reason string) error {
	u := q.place(e)
	needs := domain.Needs{Objects: []domain.URI{u}, Scopes: []domain.Plural{u.Plural()}}
	_, err := q.parts.Loop.Do(ctx, needs, func(tx *writeapi.Tx) error {
		snapshot, err := tx.Load(ctx, needs)
		if err != nil || snapshot.Objects[u].Live() {
			return err
		}
		return appendObject(tx, domain.Created, undeliveredName, u, 0, nil,
			jsondoc.Field{Name: "event", Value: jsondoc.Quote(e.ID)},
			jsondoc.Field{Name: "position", Value: fmt.Append(nil, uint64(e.Position))},
			jsondoc.Field{Name: "resource", Value: jsondoc.Quote(e.Resource)},
			jsondoc.Field{Name: "action", Value: jsondoc.Quote(string(e.Action))},
			jsondoc.Field{Name: "subject", Value: jsondoc.Quote(string(e.Object.URI))},
			jsondoc.Field{Name: "reason", Value: jsondoc.Quote(reason)},
		)
	})
	return err
}

// place is where the event is set aside. Its id is the event's, without the dot.
func (q undelivered) place(e Event) domain.URI {
	return q.plural().Object(strings.ReplaceAll(e.ID, ".", "-"))
}

func (q undelivered) plural() domain.Plural {
	return domain.Plural(all.Object(q.listener).Below() + "undelivered")
}

const longestReason = 1000 // bytes

// clean makes an error fit for JSON that every read model takes.
func clean(reason string) string {
	reason = strings.Map(func(r rune) rune {
		if r == 0 {
			return -1
		}
		return r
	}, reason[:min(len(reason), longestReason)])
	return strings.ToValidUTF8(reason, "")
}
