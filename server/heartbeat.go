package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/kintolog/kintolog/cache"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/web"
)

// heartbeat checks everything that the service depends on (protocol 6.2). No check writes in read-only mode.
type heartbeat struct {
	Parts
	checks map[string]func(context.Context) error
}

// newHeartbeat refuses checks of which there would be two.
func newHeartbeat(p Parts) (*heartbeat, error) {
	h := &heartbeat{p, map[string]func(context.Context) error{
		"log": p.reachable, "log_durable": p.durable,
		"storage": p.stored, "permission": p.stored, // permissions are kept with the objects
		"cache": p.cached, "projection": p.projected,
	}}
	for _, plugin := range p.App.Plugins {
		for name, check := range plugin.Heartbeats {
			if h.checks[name] != nil {
				return nil, fmt.Errorf("plug-in %s: there is a heartbeat %s already", plugin.Name, name)
			}
			h.checks[name] = check
		}
	}
	return h, nil
}

// serve tells of each check whether all is well, or null if it cannot tell, which does not count as a failure.
func (h *heartbeat) serve(w http.ResponseWriter, r *web.Request) error {
	told, status := map[string]any{}, http.StatusOK
	for name, err := range h.run(r.Context(), h.Config.HeartbeatTimeout) {
		if errors.Is(err, errSilent) {
			told[name] = nil
			continue
		}
		told[name] = err == nil
		if err != nil {
			status = http.StatusServiceUnavailable
			h.Config.Logger.WithError(err).WithField("check", name).Warn("heartbeat fails")
		}
	}
	return WriteJSON(w, status, told)
}

// run runs all checks at the same time, and waits for none longer than the timeout. The checks are given a little less, so that
// they have time to say what they waited for.
func (h *heartbeat) run(ctx context.Context, timeout time.Duration) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	each, cancel := context.WithTimeout(ctx, timeout-timeout/10)
	defer cancel()
	type result struct {
		name string
		err  error
	}
	results := make(chan result, len(h.checks)) // so that one that is late can end
	all := map[string]error{}
	for name, check := range h.checks {
		all[name] = fmt.Errorf("no answer within %s", timeout) // until it is known
		go func() { results <- result{name, safely(each, check)} }()
	}
	for range h.checks {
		select {
		case r := <-results:
			all[r.name] = r.err
		case <-ctx.Done():
			return all
		}
	}
	return all
}

// safely makes an error of a panic.
func safely(ctx context.Context, check func(context.Context) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return check(ctx)
}

// reachable fails if the log does not answer, did not take what was just written, as its disk may be full, or is kept from
// taking more.
func (p Parts) reachable(ctx context.Context) error {
	if err := p.link.broken(); err != nil {
		return err
	}
	_, err := p.tail(ctx)
	failed := p.Loop.Err()
	switch {
	case err != nil:
		return err
	case errors.Is(failed, eventstore.ErrUnresolved):
		failed = fmt.Errorf("the log answers, but did not take what was written last: its disk may be full, "+
			"and an external NATS server has to be restarted when there is room: %w", failed)
	}
	return p.throughLink(failed)
}

func (p Parts) tail(ctx context.Context) (eventstore.Tail, error) {
	tail, err := p.Log.Tail(ctx)
	return tail, p.throughLink(answers("the log", err))
}

// throughLink is an error of the log, or of what is beside it, with what is known of the way there.
func (p Parts) throughLink(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w (%s)", err, p.link)
}

// answers is an error with the part that it is of, if that did not answer in time.
func answers(part string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s does not answer: %w", part, err)
	}
	return err
}

// durable fails if the log acknowledges what is not on disk, unless the operator wants it to.
func (p Parts) durable(ctx context.Context) error {
	if p.Config.Memory || p.Config.Log.NoSync {
		return errSilent
	}
	d := p.Durability(ctx)
	switch {
	case !d.Known:
		return errSilent
	case !d.Synced:
		return errors.New("the log acknowledges what is not on disk: " + d.Detail)
	}
	return nil
}

// errSilent is of a check that has nothing to say.
var errSilent = errors.New("neither well nor ill")

func (p Parts) stored(ctx context.Context) error {
	_, err := p.Model.Checkpoint(ctx)
	return answers("the read model", err)
}

func (p Parts) cached(ctx context.Context) (err error) {
	if p.Config.Web.ReadOnly {
		_, _, err = p.Cache.Get(ctx, "__heartbeat__")
	} else {
		err = cache.Ping(ctx, p.Cache)
	}
	if err = answers("the cache", err); p.Config.Cache.Shared {
		return p.throughLink(err)
	}
	return err
}

// projected fails if the read model is ahead of the log or too far behind it, or does not reach in time the place where the
// log ends now.
func (p Parts) projected(ctx context.Context) error {
	if err := p.Progress.Err(); err != nil {
		return err
	}
	position := p.Progress.Position()
	tail, err := p.tail(ctx)
	if err != nil {
		return err
	}
	if position > tail.Position {
		return fmt.Errorf("%w: it is at %d, the log ends at %d", projections.ErrAhead, position, tail.Position)
	}
	if lag := int(tail.Position - position); lag > p.Config.MaxLag {
		return fmt.Errorf("the read model is %d entries behind the log", lag)
	}
	if err := p.Progress.Wait(ctx, tail.Position); err != nil {
		return fmt.Errorf("the read model does not get to the end of the log: %w", err)
	}
	return nil
}
