package listeners

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore/feed"
)

// Event is what a listener is told: an event of the log, its id, and its place.
type Event = feed.Event

// Listener is told of events.
type Listener struct {
	// Name is an id of letters, digits, "-" and "_". Under it the service remembers how far the listener is: a new name
	// begins with what happens from its first start on.
	Name string
	// Resources are the names of those whose events it is told of. Default all.
	Resources []string
	// Actions are those that it is told of: [Read], and those of the log. Default domain.Created, Updated and Deleted.
	Actions []domain.Action
	// Handle takes an event; an error makes it come again. It is called for one event at a time. Event.ID tells whether
	// it was here before, which may be in another process. It must return when ctx ends.
	Handle func(ctx context.Context, e Event) error
	// Close, if set, is called when the service has stopped telling.
	Close func()
	// Timeout of one call. Default 10 s.
	Timeout time.Duration
	// Retries is how many more times an event is tried before it is set aside. Default 10; negative for none.
	Retries int
	// Backoff is the time before the first retry. It doubles with each, up to a minute. Default 500 ms.
	Backoff time.Duration
	// Operators are the principals who may read, at /__listeners__/{name}, how far the listener is, and below it read and
	// delete what was set aside. Default nobody.
	Operators []string
}

const (
	// DefaultRetries are four minutes of trying, with the default backoff.
	DefaultRetries = 10
	longestBackoff = time.Minute
)

func (l Listener) withDefaults() Listener {
	if l.Actions == nil {
		l.Actions = []domain.Action{domain.Created, domain.Updated, domain.Deleted}
	}
	l.Timeout = cmp.Or(l.Timeout, 10*time.Second)
	l.Retries = max(0, cmp.Or(l.Retries, DefaultRetries))
	l.Backoff = cmp.Or(l.Backoff, 500*time.Millisecond)
	return l
}

// validate tells in a sentence what is wrong.
func (l Listener) validate() error {
	switch {
	case !domain.SafeIDs.Valid(l.Name):
		return fmt.Errorf("the name must be letters, digits, \"-\" and \"_\", unlike %q", l.Name)
	case l.Handle == nil:
		return errors.New("it has nothing to handle events with")
	case l.Timeout < 0, l.Backoff < 0:
		return errors.New("timeout and backoff must be positive")
	}
	for _, a := range l.Actions {
		if _, err := domain.ParseAction(string(a)); err != nil && a != Read {
			return err
		}
	}
	return nil
}

// known checks that there are events of the resources.
func (l Listener) known(c *domain.Catalog) error {
	for _, name := range l.Resources {
		switch r := c.Resource(name); {
		case r == nil:
			return fmt.Errorf("there is no resource %q", name)
		case r.Secret:
			return fmt.Errorf("events of the resource %q are secret", name)
		case r.Derived() && !slices.Contains(l.Actions, Read):
			return fmt.Errorf("the resource %q has no events: it is made of those of others", name)
		}
	}
	return nil
}

func (l Listener) match(e domain.Event) bool {
	return slices.Contains(l.Actions, e.Action) && (len(l.Resources) == 0 || slices.Contains(l.Resources, e.Resource))
}
