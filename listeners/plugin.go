package listeners

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// Options of the plug-in.
type Options struct {
	Listeners []Listener
	// SaveEvery is how often the position of a listener is saved, which is one small commit, if it was told anything since.
	// After a crash, what it was told in this time comes again. Default 10 s.
	SaveEvery time.Duration
	// Observe, if set, is told how long each call of a listener took, and what came of it.
	Observe func(listener string, took time.Duration, err error)
}

// New is the plug-in that runs listeners. It is for one service, and fails if a listener makes no sense.
func New(o Options) (server.Plugin, error) {
	p := &plugin{options: o}
	names := map[string]bool{}
	for _, l := range o.Listeners {
		err := l.validate()
		if err == nil && names[l.Name] {
			err = fmt.Errorf("there are two of this name")
		}
		if err != nil {
			return server.Plugin{}, fmt.Errorf("listener %q: %w", l.Name, err)
		}
		names[l.Name] = true
		p.listeners = append(p.listeners, l.withDefaults())
	}
	built := server.Plugin{Name: "listeners", Resources: resources(), Endpoints: p.prepare, Background: p.run}
	if p.reads = readsFor(p.listeners); len(p.reads) > 0 {
		built.Observe = p.observe
	}
	return built, nil
}

type plugin struct {
	options   Options
	listeners []Listener
	reads     map[string]*reads // by the name of the listener
	begin     atomic.Uint64     // the end of the log when the service began
	logger    *logrus.Logger
}

// prepare is called before the service answers anything.
func (p *plugin) prepare(parts server.Parts) ([]web.Endpoint, error) {
	for _, l := range p.listeners {
		if err := l.known(parts.Catalog); err != nil {
			return nil, fmt.Errorf("listener %q: %w", l.Name, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), parts.Config.HeartbeatTimeout)
	defer cancel()
	tail, err := parts.Log.Tail(ctx)
	if err != nil {
		return nil, fmt.Errorf("find where new listeners begin: %w", err)
	}
	p.logger = parts.Config.Logger
	p.begin.Store(uint64(tail.Position)) // the read model may still be far behind it
	return nil, nil
}

// run runs all listeners until ctx ends.
func (p *plugin) run(ctx context.Context, parts server.Parts) {
	if !parts.Config.Cache.Shared && parts.Config.Shared() == nil {
		parts.Config.Logger.WithContext(ctx).Warn(
			"without a shared cache, each process of this service tells its listeners every event (cache_backend = shared)")
	}
	var running sync.WaitGroup
	for _, l := range p.listeners {
		w := &worker{
			Listener: l, options: p.options, parts: parts,
			logger:     parts.Config.Logger.WithField("listener", l.Name),
			checkpoint: checkpoint{parts: parts, listener: l, begin: domain.Position(p.begin.Load())},
			reads:      p.reads[l.Name],
		}
		running.Go(func() { w.run(ctx) })
	}
	running.Wait()
}
