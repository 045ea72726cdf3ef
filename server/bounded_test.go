package server_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto/counters"
	"github.com/kintolog/kintolog/kinto/permissions"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/server"
)

// silent is a read model that, while it is told to, answers nobody.
type silent struct {
	projections.Store
	now *atomic.Bool
}

func (s silent) await(ctx context.Context) error {
	if !s.now.Load() {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (s silent) Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
	if err := s.await(ctx); err != nil {
		return domain.Snapshot{}, err
	}
	return s.Store.Load(ctx, needs)
}

func (s silent) List(ctx context.Context, needs domain.Needs, q domain.Query) (domain.Snapshot, domain.Page, error) {
	if err := s.await(ctx); err != nil {
		return domain.Snapshot{}, domain.Page{}, err
	}
	return s.Store.List(ctx, needs, q)
}

func (s silent) Counts(ctx context.Context) (domain.Counts, error) {
	if err := s.await(ctx); err != nil {
		return domain.Counts{}, err
	}
	return s.Store.Counts(ctx)
}

func TestNobodyWaitsForAReadModelThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	var now atomic.Bool
	s := start(t, func(a *server.App, c *server.Config) {
		c.ReadTimeout = time.Second
		a.Plugins = []server.Plugin{permissions.New(), counters.New(), {Name: "silent", Wrap: server.Wrappers{
			Model: func(m projections.Store) projections.Store { return silent{m, &now} },
		}}}
	})
	ask(t, s, "alice", "PUT /buckets/b", "")
	for _, quiet := range []bool{true, false} {
		now.Store(quiet)
		var all sync.WaitGroup
		for _, request := range []string{"GET /buckets/b", "GET /buckets/b/groups", "GET /permissions", "GET /__counters__", "PUT /buckets/b"} {
			all.Go(func() {
				w := ask(t, s, "alice", request, "")
				if refused := w.Code == 503 && w.Header().Get("Retry-After") != ""; refused != quiet {
					t.Errorf("%s while it is silent (%t): got %d %s", request, quiet, w.Code, strings.TrimSpace(w.Body.String()))
				}
			})
		}
		all.Wait()
	}
}
