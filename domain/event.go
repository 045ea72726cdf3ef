package domain

import (
	"cmp"
	"fmt"
)

// Action is what happened to an object.
type Action string

// The actions. Started, Flushed and Purged concern more than one object: their URI is empty.
// Started is the first event of every log; after Flushed nothing that came before it is there. The
// LastModified of both is the moment from which untouched root endpoints date. Purged forgets old
// tombstones of one resource (see Event.Retain) and dates nothing: its LastModified is 0.
const (
	Created Action = "create"
	Updated Action = "update"
	Deleted Action = "delete"
	Started Action = "start"
	Flushed Action = "flush"
	Purged  Action = "purge"
)

// Forgotten is the action by which derived objects leave a read model, without a tombstone, when there are more than
// are kept. It follows from the log and is never in it.
const Forgotten Action = "forget"

// ParseAction is the action of that name.
func ParseAction(name string) (Action, error) {
	switch a := Action(name); a {
	case Created, Updated, Deleted, Started, Flushed, Purged:
		return a, nil
	}
	return "", fmt.Errorf("unknown action %q", name)
}

// Live is by how much the action changes the number of live objects.
func (a Action) Live() int64 {
	switch a {
	case Created:
		return 1
	case Deleted, Forgotten:
		return -1
	}
	return 0
}

// Event is one fact: the whole state of one object after a change. Applying an
// event twice is applying it once.
type Event struct {
	Action   Action
	Resource string // name of the resource, "" for Started and Flushed
	// Object is the state after the change, a tombstone after a deletion.
	Object Object
	// Cascade says that the deletion took everything below the object with it,
	// without events of its own (protocol 2.10).
	Cascade bool
	// Retain is how many tombstones, the newest, a Purged event leaves in each plural endpoint of the resource.
	Retain int64
	// Secret events travel under a subject space that subscribers do not see.
	Secret bool
	// Ordered events keep their place in a commit: the log has what was decided before them before them, and what was
	// decided after them after them, also where it concerns other endpoints. It is not stored.
	Ordered bool
	Origin  Origin
}

// Plural is the endpoint in which the event happened.
func (e Event) Plural() Plural { return e.Object.URI.Plural() }

// At is when the event was decided, as far as is known.
func (e Event) At() Timestamp { return cmp.Or(e.Origin.Time, e.Object.LastModified) }

// Origin says where an event comes from. All of it is optional.
type Origin struct {
	Time    Timestamp // when it was decided, by the clock of the writer; positive, or 0 if unknown
	UserID  string    // prefixed user id of who did it, "" for anonymous
	Request string    // request id
	Trace   string    // W3C traceparent
}
