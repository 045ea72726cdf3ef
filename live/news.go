package live

import (
	"sync"

	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/feed"
)

// news is an entry on its way to subscribers, who share it and change nothing of it.
type news struct {
	eventstore.Entry
	events []feed.Event
	// whole and reduced are the JSON array of all events, as they are, and as they are shown to who may read and nothing else.
	whole, reduced func() string
}

// detail is how much of an event is shown.
type detail struct {
	origin      bool // who did it, in which request
	permissions bool
}

func newsOf(entry eventstore.Entry) (*news, error) {
	events, err := feed.EventsOf(entry)
	if err != nil {
		return nil, err
	}
	return &news{
		Entry: entry, events: events,
		whole: sync.OnceValue(func() string { return string(entry.Payload) }),
		reduced: sync.OnceValue(func() string {
			all := make([][]byte, len(events))
			for i, e := range events {
				all[i] = shown(e, detail{})
			}
			return string(jsondoc.Array(all))
		}),
	}, nil
}

// shown is the CloudEvent without what is not shown of it.
func shown(e feed.Event, d detail) []byte {
	ce := e.CloudEvent
	if !d.origin {
		ce = jsondoc.With(ce, jsondoc.Field{Name: "userid"}, jsondoc.Field{Name: "requestid"}, jsondoc.Field{Name: "traceparent"})
	}
	if !d.permissions {
		data, _ := jsondoc.Lookup(ce, "data")
		ce = jsondoc.With(ce, jsondoc.Field{Name: "data", Value: jsondoc.With(data, jsondoc.Field{Name: "permissions"})})
	}
	return ce
}
