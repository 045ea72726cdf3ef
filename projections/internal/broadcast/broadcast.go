// Package broadcast tells many listeners in the process the latest position of a read model.
package broadcast

import (
	"context"
	"sync"

	"github.com/kintolog/kintolog/domain"
)

// Hub passes positions on. The zero Hub is ready; its methods may be called concurrently.
type Hub struct {
	mu        sync.Mutex
	last      domain.Position
	listeners map[chan domain.Position]struct{}
}

// Send gives the position to every listener, unless a greater one was sent before. It never blocks: a
// listener that has not read the previous position finds this one instead.
func (h *Hub) Send(position domain.Position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if position <= h.last {
		return
	}
	h.last = position
	for c := range h.listeners {
		select {
		case <-c:
		default:
		}
		c <- position // has room: only Send fills it, under the mutex
	}
}

// Listen returns a channel that receives what is sent from now on. It is closed when ctx ends.
func (h *Hub) Listen(ctx context.Context) <-chan domain.Position {
	c := make(chan domain.Position, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners == nil {
		h.listeners = map[chan domain.Position]struct{}{}
	}
	h.listeners[c] = struct{}{}
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, c)
		close(c)
	})
	return c
}
