package listeners

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/eventstore/feed"
	"github.com/kintolog/kintolog/server"
)

// restart is after how long a listener whose feed stopped begins again.
const restart = 2 * time.Second

// worker runs one listener.
type worker struct {
	Listener
	options    Options
	parts      server.Parts
	logger     logrus.FieldLogger
	checkpoint checkpoint
	reads      *reads     // nil if it is not told of any
	telling    sync.Mutex // of what happened, or of what was read
}

// run runs the listener until ctx ends.
func (w *worker) run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { w.follow(ctx) })
	if w.reads != nil {
		running.Go(func() { w.tellOfReads(ctx, w.reads) })
	}
	running.Wait()
	if w.Close != nil {
		w.Close()
	}
}

// follow tells the listener what happens whenever it is this process's turn, until ctx ends.
func (w *worker) follow(ctx context.Context) {
	turn := lease{cache: w.parts.Cache, key: "listeners:" + w.Name, leaseTimes: usualLease}
	for ctx.Err() == nil {
		var err error
		if w.parts.Config.Cache.Shared {
			err = turn.hold(ctx, w.route)
		} else {
			err = w.route(ctx)
		}
		if ctx.Err() == nil && err != nil {
			w.logger.WithError(err).Warn("the listener stops for a moment")
		}
		pause(ctx, restart)
	}
}

// route tells the listener what happens until ctx ends or the feed stops.
func (w *worker) route(ctx context.Context) error {
	log := logAdapter{w.logger}
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: w.Timeout + 5*time.Second}, log)
	if err != nil {
		return fmt.Errorf("make a router: %w", err)
	}
	aside, err := middleware.PoisonQueueWithFilter(undelivered{w.parts, w.Name, w.logger}, w.Name, func(error) bool {
		return ctx.Err() == nil // otherwise it is the service that stops
	})
	if err != nil {
		return fmt.Errorf("make a poison queue: %w", err)
	}
	router.AddMiddleware(aside, w.retry(log), middleware.Recoverer)
	router.AddConsumerHandler(w.Name, w.Name, feed.New(feed.Config{
		Log: w.parts.Log, Progress: w.parts.Progress, Checkpoint: w.checkpoint, Match: w.match,
		SaveEvery: w.options.SaveEvery, Logger: log,
	}), w.handle)
	return router.Run(ctx)
}

// retry calls a handler again when it fails, and waits longer each time.
func (w *worker) retry(log logAdapter) message.HandlerMiddleware {
	r := middleware.Retry{
		MaxRetries: w.Retries, InitialInterval: w.Backoff, MaxInterval: longestBackoff, Multiplier: 2, RandomizationFactor: 0.2,
	}
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(m *message.Message) ([]*message.Message, error) {
			of := r
			of.Logger = log.With(watermill.LogFields{"event": m.UUID, "position": m.Metadata[feed.Position]})
			return of.Middleware(next)(m)
		}
	}
}

// handle tells the listener of one event, once.
func (w *worker) handle(m *message.Message) error {
	w.telling.Lock()
	defer w.telling.Unlock()
	ctx, cancel := context.WithTimeout(m.Context(), w.Timeout)
	defer cancel()
	start := time.Now()
	err := w.Handle(ctx, feed.EventOf(m))
	if w.options.Observe != nil {
		w.options.Observe(w.Name, time.Since(start), err)
	}
	return err
}

// pause returns after a while, or when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
