package server

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/postgres"
	"github.com/kintolog/kintolog/projections/sqlite"
)

// InUse tells whether an error says that another process, such as the service itself, has the data folder open.
func InUse(err error) bool {
	return errors.Is(err, embedded.ErrLocked) || errors.Is(err, sqlite.ErrInUse)
}

// logFolder is that of the embedded log in the data folder.
func logFolder(dir string) string { return filepath.Join(dir, "log") }

// modelFile is the SQLite read model in the data folder.
func modelFile(dir string) string { return filepath.Join(dir, "readmodel.db") }

// Rebuild makes the read model of an app anew from the log, beside the live one, whose place it takes when it is
// complete. There must be a log. A PostgreSQL read model is served and projected to meanwhile, by any processes, and they go on after the
// switch; of the embedded log and of SQLite no process may be running, see [InUse]. The live read model may be any, even one
// that is not made from this log. After an error it is as it was. progress, if not nil, is called now and
// then with the position reached and that of the end of the log.
func Rebuild(ctx context.Context, app App, config Config, progress func(done, total domain.Position)) (err error) {
	s := &Server{}
	defer func() { err = errors.Join(err, s.Close()) }()
	config = config.withDefaults()
	catalog, err := declare(app, config.Limits)
	if err != nil {
		return err
	}
	dir, err := s.folder(config)
	if err != nil {
		return err
	}
	log, _, err := s.openLog(ctx, config, dir, true)
	if err != nil {
		return err
	}
	next, err := s.openNext(ctx, config, dir)
	if err != nil {
		return err
	}
	return projections.Renew(ctx, log, next, catalog, progress)
}

// openNext opens a second read model, to take the place of the live one.
func (s *Server) openNext(ctx context.Context, config Config, dir string) (projections.Successor, error) {
	var next projections.Successor
	var err error
	if config.Model.Postgres != "" {
		next, err = postgres.NewGeneration(ctx, postgres.Options{URL: config.Model.Postgres})
	} else {
		next, err = sqlite.NewGeneration(ctx, modelFile(dir))
	}
	if err != nil {
		return nil, err
	}
	s.onClose(next.Close)
	return next, nil
}

// Migrate makes the log and the read model of an app, and brings the schema of the read model up to date. [Open] does
// so as well.
func Migrate(ctx context.Context, app App, config Config) (err error) {
	s := &Server{}
	defer func() { err = errors.Join(err, s.Close()) }()
	_, err = s.openStores(ctx, app, config.withDefaults())
	return err
}

// Pending names the changes of the schema of the read model that Migrate would make, in their order. It changes
// nothing.
func Pending(ctx context.Context, config Config) ([]string, error) {
	if config.Model.Postgres != "" {
		return postgres.Pending(ctx, postgres.Options{URL: config.Model.Postgres})
	}
	return sqlite.Pending(ctx, modelFile(config.DataDir))
}

// ErrOwnCache: the cache is in the memory of the processes that serve.
var ErrOwnCache = errors.New("the cache is in the memory of the service, which nobody else can empty")

// FlushCache empties the cache that the processes of a service share. The error wraps [ErrOwnCache] if they do not.
func FlushCache(ctx context.Context, config Config) (err error) {
	if !config.Cache.Shared {
		return ErrOwnCache
	}
	s := &Server{}
	defer func() { err = errors.Join(err, s.Close()) }()
	config = config.withDefaults()
	dir, err := s.folder(config)
	if err != nil {
		return err
	}
	if s.nats, _, err = s.connect(config, dir); err != nil {
		return err
	}
	s.onClose(func() error { s.nats.Close(); return nil })
	cache, err := s.openCache(ctx, config)
	if err != nil {
		return err
	}
	return cache.Flush(ctx)
}
