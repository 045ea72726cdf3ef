// Package feed hands out the events of a log one by one, as messages of Watermill, once they can be read.
//
// A [Subscriber] is a message.Subscriber over any eventstore.Log. It remembers in a [Checkpoint] how far its events were
// acknowledged, so that each is handed out at least once, also after a crash. Secret events are never handed out.
//
// This package is not for projections, which need whole commits in the transaction of their rows: see package
// projections. What to do when an event is not taken is decided by the router's middleware: see package listeners.
package feed

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// Progress tells how far the read model is.
type Progress interface {
	// Wait returns nil once the read model holds the entry at the position, or the error of ctx.
	Wait(ctx context.Context, position domain.Position) error
}

// Checkpoint keeps the position up to which everything was acknowledged.
type Checkpoint interface {
	// Load is the position that was saved last, or, if none was, the one to begin after.
	Load(ctx context.Context) (domain.Position, error)
	// Save makes a position durable. It is called no more than once at a time, with growing positions.
	Save(ctx context.Context, position domain.Position) error
}

// Config of a Subscriber.
type Config struct {
	Log        eventstore.Log // required
	Progress   Progress       // required
	Checkpoint Checkpoint     // required
	// Match selects the events that are handed out. It is not asked about secret ones. Default all.
	Match func(domain.Event) bool
	// SaveEvery is how often the checkpoint is saved, if anything was acknowledged since. After a crash, what was
	// acknowledged in this time is handed out again. Default 10 s.
	SaveEvery time.Duration
	// Again is after how long a message that was refused (Nack) is handed out again. Default 1 s.
	Again  time.Duration
	Logger watermill.LoggerAdapter // default none
}

func (c Config) withDefaults() Config {
	if c.Match == nil {
		c.Match = func(domain.Event) bool { return true }
	}
	if c.SaveEvery == 0 {
		c.SaveEvery = 10 * time.Second
	}
	if c.Again == 0 {
		c.Again = time.Second
	}
	if c.Logger == nil {
		c.Logger = watermill.NopLogger{}
	}
	return c
}

// Subscriber hands out the events of a log, in its order: the next one when the one before was acknowledged. It
// is for one subscription.
type Subscriber struct {
	config  Config
	running sync.WaitGroup

	mu   sync.Mutex
	used bool
	stop context.CancelFunc // nil until it is subscribed
}

var _ message.Subscriber = (*Subscriber)(nil)

// New makes a subscriber. Nothing happens before Subscribe.
func New(config Config) *Subscriber { return &Subscriber{config: config.withDefaults()} }

// ErrUsed: the subscriber is subscribed already, or closed.
var ErrUsed = errors.New("a subscriber of the feed is for one subscription")

// Subscribe implements message.Subscriber. The topic is no more than a name, for the log of the program. The channel is
// closed when ctx ends, after Close, and when the log, the checkpoint or the read model fail, which is logged; then a
// new Subscriber goes on where this one stopped. The message's context, with [EventOf], holds the event. Until a message
// is acknowledged no other is handed out; one that is refused comes again.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used {
		return nil, ErrUsed
	}
	s.used = true
	ctx, s.stop = context.WithCancel(ctx)
	out := make(chan *message.Message)
	s.running.Go(func() {
		defer close(out)
		sub := subscription{Config: s.config, out: out}
		if err := sub.run(ctx); ctx.Err() == nil {
			s.config.Logger.Error("the feed stops", err, watermill.LogFields{"topic": topic})
		}
		s.stop()
	})
	return out, nil
}

// Close implements message.Subscriber: it ends the subscription, saves the checkpoint, and returns when nothing is
// under way. What was handed out and not acknowledged by then is handed out again by the next subscriber.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.used = true
	if s.stop != nil {
		s.stop()
	}
	s.mu.Unlock()
	s.running.Wait()
	return nil
}
