package metrics

import (
	"context"
	"net/http"
	"time"

	"github.com/kintolog/kintolog/cache"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/web"
)

// log measures what is appended.
type log struct {
	eventstore.Log
	m *Meter
}

func (l log) Append(ctx context.Context, after eventstore.Tail, c eventstore.Commit) (eventstore.Tail, error) {
	start := time.Now()
	tail, err := l.Log.Append(ctx, after, c)
	if err == nil {
		l.m.since(start, l.m.appending)
		l.m.sink.observe(l.m.commits, 1)
		l.m.sink.observe(l.m.commitEvents, float64(len(c.Events)))
	}
	return tail, err
}

// model measures how long a read model takes, failures included.
type model struct {
	projections.Store
	m *Meter
}

func (s model) Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
	defer s.m.since(time.Now(), s.m.storage, "load")
	return s.Store.Load(ctx, needs)
}

func (s model) List(ctx context.Context, needs domain.Needs, q domain.Query) (domain.Snapshot, domain.Page, error) {
	defer s.m.since(time.Now(), s.m.storage, "list")
	return s.Store.List(ctx, needs, q)
}

func (s model) Counts(ctx context.Context) (domain.Counts, error) {
	defer s.m.since(time.Now(), s.m.storage, "counts")
	return s.Store.Counts(ctx)
}

func (s model) Apply(ctx context.Context, c projections.Change) error {
	defer s.m.since(time.Now(), s.m.storage, "apply")
	return s.Store.Apply(ctx, c)
}

func (s model) Accessible(ctx context.Context, q domain.AccessQuery) ([]domain.Access, error) {
	defer s.m.since(time.Now(), s.m.permission, "accessible")
	return s.Store.Accessible(ctx, q)
}

// Optimize is that of the read model, if it has one, and not measured.
func (s model) Optimize(ctx context.Context) error {
	if o, ok := s.Store.(projections.Optimizer); ok {
		return o.Optimize(ctx)
	}
	return nil
}

var _ projections.Optimizer = model{}

// store measures a cache.
type store struct {
	domain.Cache
	m *Meter
}

func (s store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	defer s.m.since(time.Now(), s.m.cache, "set")
	return s.Cache.Set(ctx, key, value, ttl)
}

func (s store) Get(ctx context.Context, key string) (value []byte, ok bool, err error) {
	defer s.m.since(time.Now(), s.m.cache, "get")
	value, ok, err = s.Cache.Get(ctx, key)
	s.found(ok, err)
	return value, ok, err
}

func (s store) Take(ctx context.Context, key string) (value []byte, ok bool, err error) {
	defer s.m.since(time.Now(), s.m.cache, "take")
	value, ok, err = s.Cache.Take(ctx, key)
	s.found(ok, err)
	return value, ok, err
}

func (s store) Flush(ctx context.Context) error {
	defer s.m.since(time.Now(), s.m.cache, "flush")
	return s.Cache.Flush(ctx)
}

// Ping is that of the cache, and not measured.
func (s store) Ping(ctx context.Context) error { return cache.Ping(ctx, s.Cache) }

func (s store) found(ok bool, err error) {
	switch {
	case err != nil:
	case ok:
		s.m.sink.observe(s.m.hits, 1)
	default:
		s.m.sink.observe(s.m.misses, 1)
	}
}

// authenticator measures a policy.
type authenticator struct {
	web.Authenticator
	m      *Meter
	metric *metric
}

func (a authenticator) Authenticate(r *http.Request) (string, error) {
	defer a.m.since(time.Now(), a.metric, "authenticate")
	return a.Authenticator.Authenticate(r)
}
