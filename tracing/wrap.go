package tracing

import (
	"context"
	"iter"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/projections"
)

// log tells of what is appended, and remembers what is followed.
type log struct {
	eventstore.Log
	*spans
}

func (l log) Append(ctx context.Context, after eventstore.Tail, c eventstore.Commit) (eventstore.Tail, error) {
	start := time.Now()
	tail, err := l.Log.Append(ctx, after, c)
	l.tell(Append, tracesOf(c.Events), start, tail.Position, err)
	return tail, err
}

func (l log) Follow(ctx context.Context, after domain.Position) iter.Seq2[eventstore.Entry, error] {
	return func(yield func(eventstore.Entry, error) bool) {
		for entry, err := range l.Log.Follow(ctx, after) {
			if err == nil {
				l.follow(entry)
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

// model tells of what is applied.
type model struct {
	projections.Store
	*spans
}

func (m model) Apply(ctx context.Context, c projections.Change) error {
	start := time.Now()
	err := m.Store.Apply(ctx, c)
	if err != nil {
		return err // it is tried again
	}
	for position, traces := range m.apply(c.From.Position, c.To.Position) {
		m.tell(Project, traces, start, position, nil)
	}
	return nil
}

// Optimize is that of the read model, if it has one.
func (m model) Optimize(ctx context.Context) error {
	if o, ok := m.Store.(projections.Optimizer); ok {
		return o.Optimize(ctx)
	}
	return nil
}

var _ projections.Optimizer = model{}
