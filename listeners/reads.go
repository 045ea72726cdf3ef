package listeners

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/web"
)

// Read is the action of events that tell who has read an object or a list (protocol 10.1), and not what it was. They are not in
// the log: they have no position, each process tells of those that it has answered, and those that wait when it stops,
// or when a thousand others do, are lost.
const Read domain.Action = "read"

const waitingReads = 1000

// reads are those that a listener is to be told of.
type reads struct {
	listener Listener
	waiting  chan Event
	lost     atomic.Int64 // since some were first lost
}

// observe is told of every request that is answered.
func (p *plugin) observe(s web.Summary) {
	r := s.Request
	switch {
	case s.Status != http.StatusOK && s.Status != http.StatusSwitchingProtocols || r.Method != http.MethodGet && r.Method != http.MethodHead:
		return
	case r.Resource == nil || r.Resource.Secret || r.Plural == "": // a service of its own
		return
	}
	var e Event
	for _, to := range p.reads {
		if !to.listener.match(domain.Event{Action: Read, Resource: r.Resource.Name}) {
			continue
		}
		if e.ID == "" {
			e = eventOfRead(r)
		}
		select {
		case to.waiting <- e:
		default:
			if to.lost.Add(1) == 1 {
				p.logger.WithField("listener", to.listener.Name).Warn("the listener is too far behind to be told of every read")
			}
		}
	}
}

func eventOfRead(r *web.Request) Event {
	subject := r.URI
	if subject == "" {
		subject = domain.URI(r.Plural)
	}
	e := Event{ID: uuid.NewString(), Event: domain.Event{
		Action: Read, Resource: r.Resource.Name, Object: domain.Object{URI: subject}, Origin: r.Origin(),
	}}
	now := time.Now()
	e.Origin.Time = domain.TimestampOf(now)
	e.CloudEvent, _ = json.Marshal(cloudEvent{ // texts have a JSON form, whatever they are
		SpecVersion: "1.0", ID: e.ID, Source: eventstore.Source(r.Plural), Type: eventstore.Type(e.Resource, Read), Subject: string(subject),
		Time: now.UTC().Format("2006-01-02T15:04:05.000Z07:00"), ContentType: "application/json",
		UserID: e.Origin.UserID, RequestID: e.Origin.Request, Trace: e.Origin.Trace,
		Data: data{Action: Read, Resource: e.Resource},
	})
	return e
}

// cloudEvent is what tells of a read, in the form that events of the log have.
type cloudEvent struct {
	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	Subject     string `json:"subject"`
	Time        string `json:"time"`
	ContentType string `json:"datacontenttype"`
	UserID      string `json:"userid,omitzero"`
	RequestID   string `json:"requestid,omitzero"`
	Trace       string `json:"traceparent,omitzero"`
	Data        data   `json:"data"`
}

type data struct {
	Action   domain.Action `json:"action"`
	Resource string        `json:"resource"`
}

// tellOfReads tells the listener of reads until ctx ends.
func (w *worker) tellOfReads(ctx context.Context, r *reads) {
	tell := w.retry(logAdapter{w.logger})(middleware.Recoverer(func(m *message.Message) ([]*message.Message, error) {
		return nil, w.handle(m)
	}))
	for {
		select {
		case <-ctx.Done():
			if n := r.lost.Load() + int64(len(r.waiting)); n > 0 {
				w.logger.WithField("reads", n).Warn("the listener was not told of some reads")
			}
			return
		case e := <-r.waiting:
			if _, err := tell(e.Message(ctx)); err != nil && ctx.Err() == nil {
				w.logger.WithError(err).WithFields(logrus.Fields{"event": e.ID, "subject": e.Object.URI}).
					Error("the listener did not take a read, which is lost")
			}
		}
		if len(r.waiting) == 0 {
			if n := r.lost.Swap(0); n > 0 {
				w.logger.WithField("reads", n).Warn("the listener was not told of some reads")
			}
		}
	}
}

// readsFor are those of the listeners that ask for them, by name.
func readsFor(all []Listener) map[string]*reads {
	asking := map[string]*reads{}
	for _, l := range all {
		if slices.Contains(l.Actions, Read) {
			asking[l.Name] = &reads{listener: l, waiting: make(chan Event, waitingReads)}
		}
	}
	return asking
}
