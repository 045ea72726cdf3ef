package feed

import (
	"context"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"

	"github.com/kintolog/kintolog/domain"
)

const (
	// maxSkipped entries without any event to hand out are read again after a start. Not every one is worth a
	// checkpoint: where checkpoints are in the log themselves, each would make the next one.
	maxSkipped = 10_000
	// lastSave is how long the last checkpoint of a subscription may take.
	lastSave = 5 * time.Second
)

// mark is how far a subscription is.
type mark struct {
	mu       sync.Mutex
	position domain.Position
	due      bool // something was acknowledged since the mark was saved
	skipped  int  // entries since then
}

func (m *mark) move(to domain.Position, acknowledged bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.position = to
	m.skipped++
	m.due = m.due || acknowledged || m.skipped >= maxSkipped
}

// take returns the position if it is due to be saved, which it then is not any more.
func (m *mark) take() (position domain.Position, due bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	due, m.due = m.due, false
	if due {
		m.skipped = 0
	}
	return m.position, due
}

func (m *mark) again() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due = true
}

// keep saves the mark now and then, and once more when ctx ends.
func (s *subscription) keep(ctx context.Context) {
	ticks := time.NewTicker(s.SaveEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			s.save(ctx)
		case <-ctx.Done():
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSave)
			defer cancel()
			s.save(ending)
			return
		}
	}
}

func (s *subscription) save(ctx context.Context) {
	position, due := s.mark.take()
	if !due {
		return
	}
	if err := s.Checkpoint.Save(ctx, position); err != nil {
		s.mark.again()
		s.Logger.Error("the checkpoint of the feed is not saved", err, watermill.LogFields{"position": position})
	}
}
