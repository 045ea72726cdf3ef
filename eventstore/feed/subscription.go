package feed

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/kintolog/kintolog/eventstore"
)

// subscription is a Subscriber at work.
type subscription struct {
	Config
	out  chan<- *message.Message
	mark mark
}

// run returns why the subscription ended, never nil.
func (s *subscription) run(ctx context.Context) error {
	from, err := s.Checkpoint.Load(ctx)
	if err != nil {
		return fmt.Errorf("load the checkpoint: %w", err)
	}
	saving, stop := context.WithCancel(ctx)
	var saver sync.WaitGroup
	saver.Go(func() { s.keep(saving) })
	defer func() { stop(); saver.Wait() }()
	for entry, err := range s.Log.Follow(ctx, from) {
		if err != nil {
			return fmt.Errorf("follow the log: %w", err)
		}
		acknowledged, err := s.entry(ctx, entry)
		if err != nil {
			return fmt.Errorf("hand out entry %d: %w", entry.Position, err)
		}
		s.mark.move(entry.Position, acknowledged)
	}
	return ctx.Err()
}

// entry hands out those events of an entry that match, and tells whether there were any, which are acknowledged by then.
func (s *subscription) entry(ctx context.Context, entry eventstore.Entry) (acknowledged bool, err error) {
	var places []int
	for i, e := range entry.Events {
		if !e.Secret && s.Match(e) {
			places = append(places, i)
		}
	}
	if len(places) == 0 {
		return false, nil
	}
	events, err := EventsOf(entry)
	if err != nil {
		return false, err
	}
	if err := s.Progress.Wait(ctx, entry.Position); err != nil {
		return false, err
	}
	for _, i := range places {
		if err := s.handOut(ctx, events[i]); err != nil {
			return false, err
		}
	}
	return true, nil
}

// handOut returns nil when the event is acknowledged, and the error of ctx if that ends before.
func (s *subscription) handOut(ctx context.Context, e Event) error {
	for {
		m := e.Message(ctx)
		select {
		case s.out <- m:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-m.Acked():
			return nil
		case <-m.Nacked():
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-time.After(s.Again):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
