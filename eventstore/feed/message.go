package feed

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/eventstore"
)

// ContentType is the media type of a message's payload.
const ContentType = "application/cloudevents+json"

// Names in the metadata of a message.
const (
	Position = "position" // in the log, decimal
	Commit   = "commit"   // its id
	Resource = "resource" // its name, such as "record"
	Action   = "action"   // such as "create"
	Subject  = "subject"  // the URI of the object
)

// Event is one event of the log with its place in it.
type Event struct {
	domain.Event
	// ID is that of the CloudEvent: unique to the event, and the same each time it is handed out.
	ID       string
	Position domain.Position
	Commit   string
	// CloudEvent is the event as the log has it, in JSON. It must not be changed.
	CloudEvent []byte
}

type eventKey struct{}

// EventOf is the event that a message of a Subscriber stands for; the zero Event for other messages.
func EventOf(m *message.Message) Event {
	e, _ := m.Context().Value(eventKey{}).(Event)
	return e
}

// EventsOf are the events of an entry, with their CloudEvents.
func EventsOf(entry eventstore.Entry) ([]Event, error) {
	events := make([]Event, 0, len(entry.Events))
	for ce := range jsondoc.Elements(entry.Payload) {
		id, _ := jsondoc.Lookup(ce, "id")
		text, ok := jsondoc.String(id)
		if !ok || len(events) == len(entry.Events) {
			break
		}
		events = append(events, Event{
			Event: entry.Events[len(events)], ID: text, Position: entry.Position, Commit: entry.Commit, CloudEvent: ce,
		})
	}
	if len(events) != len(entry.Events) {
		return nil, fmt.Errorf("%w: its payload does not have its events", eventstore.ErrCorrupt)
	}
	return events, nil
}

// Message is a new one for the event, of which EventOf knows it. Its UUID is the id of the event, its payload the CloudEvent.
func (e Event) Message(ctx context.Context) *message.Message {
	m := message.NewMessageWithContext(context.WithValue(ctx, eventKey{}, e), e.ID, bytes.Clone(e.CloudEvent))
	m.Metadata[Position] = strconv.FormatUint(uint64(e.Position), 10)
	m.Metadata[Commit] = e.Commit
	m.Metadata[Resource] = e.Resource
	m.Metadata[Action] = string(e.Action)
	m.Metadata[Subject] = string(e.Object.URI)
	return m
}
