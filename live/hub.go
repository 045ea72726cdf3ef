package live

import (
	"context"
	"fmt"
	"sync"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// hub follows the log for all subscribers of the process, as long as there are any.
type hub struct {
	parts server.Parts

	mu      sync.Mutex
	current *following // nil while there are no subscribers
}

// following is the log being followed.
type following struct {
	stop      context.CancelFunc
	position  domain.Position // up to which entries were handed out
	inboxes   map[*inbox]struct{}
	byPlural  map[domain.Plural]map[*inbox]struct{}
	byObjects map[domain.URI]map[*inbox]struct{} // of those above
}

// inbox is what waits for one subscriber.
type inbox struct {
	*following
	plural domain.Plural
	news   chan *news // that concern the endpoint, and can be read
	err    error      // why it is closed; nil if the subscriber was too slow
}

// ahead is how much news waits for a subscriber before the hub gives up on it.
const ahead = 8

// join hands out everything that happens after a position. The inbox is closed when the subscriber is too slow, and
// when the log cannot be followed.
func (h *hub) join(p domain.Plural) (*inbox, domain.Position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current == nil {
		h.begin()
	}
	in := &inbox{following: h.current, plural: p, news: make(chan *news, ahead)}
	in.add(in)
	return in, in.position
}

// begin follows the log from where the read model is.
func (h *hub) begin() {
	ctx, stop := context.WithCancel(context.Background())
	f := &following{
		stop: stop, position: h.parts.Progress.Position(), inboxes: map[*inbox]struct{}{},
		byPlural: map[domain.Plural]map[*inbox]struct{}{}, byObjects: map[domain.URI]map[*inbox]struct{}{},
	}
	h.current = f
	go func() {
		defer stop()
		for entry, err := range h.parts.Log.Follow(ctx, f.position) {
			if err == nil {
				err = h.parts.Progress.Wait(ctx, entry.Position)
			}
			if err != nil {
				h.fail(f, fmt.Errorf("follow the log: %w", err))
				return
			}
			if err := h.handOut(f, entry); err != nil {
				h.fail(f, err)
				return
			}
		}
	}()
}

// leave is the last that is heard of an inbox.
func (h *hub) leave(in *inbox) {
	h.mu.Lock()
	defer h.mu.Unlock()
	in.remove(in)
	if f := in.following; len(f.inboxes) == 0 {
		f.stop()
		if h.current == f {
			h.current = nil
		}
	}
}

func (h *hub) fail(f *following, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current == f {
		h.current = nil
	}
	if len(f.inboxes) > 0 {
		h.parts.Config.Logger.WithError(err).Error("subscribers over HTTP hear no more")
	}
	for in := range f.inboxes {
		in.err = web.Reported(err)
		close(in.news)
	}
	clear(f.inboxes)
}

// handOut hands an entry to those whom it concerns.
func (h *hub) handOut(f *following, entry eventstore.Entry) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	f.position = entry.Position
	concerned := map[*inbox]struct{}{}
	collect := func(some map[*inbox]struct{}) {
		for in := range some {
			concerned[in] = struct{}{}
		}
	}
	collect(f.byPlural[entry.Plural])
	for _, e := range entry.Events {
		if collect(f.byObjects[e.Object.URI]); e.Action == domain.Flushed {
			collect(f.inboxes)
		}
	}
	if len(concerned) == 0 {
		return nil
	}
	n, err := newsOf(entry)
	if err != nil {
		return err
	}
	for in := range concerned {
		select {
		case in.news <- n:
		default:
			f.remove(in)
			close(in.news)
		}
	}
	return nil
}

func (f *following) add(in *inbox) {
	f.inboxes[in] = struct{}{}
	put(f.byPlural, in.plural, in)
	for _, u := range in.plural.Ancestors() {
		put(f.byObjects, u, in)
	}
}

func (f *following) remove(in *inbox) {
	delete(f.inboxes, in)
	take(f.byPlural, in.plural, in)
	for _, u := range in.plural.Ancestors() {
		take(f.byObjects, u, in)
	}
}

func put[K comparable](all map[K]map[*inbox]struct{}, key K, in *inbox) {
	if all[key] == nil {
		all[key] = map[*inbox]struct{}{}
	}
	all[key][in] = struct{}{}
}

func take[K comparable](all map[K]map[*inbox]struct{}, key K, in *inbox) {
	if delete(all[key], in); len(all[key]) == 0 {
		delete(all, key)
	}
}
