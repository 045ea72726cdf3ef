package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/nats-io/nats.go"

	"github.com/kintolog/kintolog/cache"
	"github.com/kintolog/kintolog/cache/memory"
	"github.com/kintolog/kintolog/cache/natskv"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/postgres"
	"github.com/kintolog/kintolog/projections/sqlite"
)

// ErrNoLog: no external NATS server can be reached, or none lets this process in.
var ErrNoLog = errors.New("cannot connect to the log")

// LogConfig says where the log is.
type LogConfig struct {
	// URL of external NATS servers, separated by commas. Default "": a server inside the process.
	URL string
	// Options are those of the connection to external servers, such as credentials.
	Options []nats.Option
	// Stream is the name of the log. Default "kintolog".
	Stream string
	// Replicas is 1 or 3, for external servers. Default 1.
	Replicas int
	// Listen is the host:port where the embedded server lets other programs subscribe. Default "": nowhere.
	Listen string
	// NoSync lets the embedded server acknowledge what is not on disk yet.
	NoSync bool
	// MonitorURLs are the monitoring endpoints of external servers, which tell whether they sync.
	MonitorURLs []string
}

// ModelConfig says where the read model is.
type ModelConfig struct {
	// Postgres is the URL of a PostgreSQL database. Default "": a SQLite file in the data folder.
	Postgres string
}

// Durability tells whether what the log acknowledges is on disk.
type Durability struct {
	Known  bool
	Synced bool
	Detail string
}

// folder is the one of the embedded parts, "" if none is needed.
func (s *Server) folder(config Config) (string, error) {
	if config.Memory {
		dir, err := os.MkdirTemp("", "kintolog-")
		if err != nil {
			return "", fmt.Errorf("make a temporary folder: %w", err)
		}
		s.onClose(func() error { return os.RemoveAll(dir) })
		return dir, nil
	}
	if config.Log.URL != "" && config.Model.Postgres != "" {
		return "", nil
	}
	if config.DataDir == "" {
		return "", errors.New("the embedded log and read model need a data folder")
	}
	if err := os.MkdirAll(config.DataDir, 0o750); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	return config.DataDir, nil
}

// openLog makes the log if there is none, unless it is to exist: then the error wraps jetstream.ErrMissing.
func (s *Server) openLog(
	ctx context.Context, config Config, dir string, existing bool,
) (eventstore.Log, link, error) {
	if existing && config.Log.URL == "" {
		if _, err := os.Stat(logFolder(dir)); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("%w in %s", jetstream.ErrMissing, dir)
		}
	}
	nc, link, err := s.connect(config, dir)
	if err != nil {
		return nil, nil, err
	}
	s.nats = nc
	s.onClose(func() error { nc.Close(); return nil })
	log, err := jetstream.Open(ctx, nc, jetstream.Config{
		Name: eventstore.Space(config.Log.Stream), Replicas: config.Log.Replicas, Existing: existing,
	})
	if err != nil {
		return nil, nil, err
	}
	return linked{log, link}, link, nil
}

// connect connects to the external servers, or to one started in the process.
func (s *Server) connect(config Config, dir string) (*nats.Conn, link, error) {
	c := &connection{logger: config.Logger}
	if config.Log.URL != "" {
		nc, err := nats.Connect(config.Log.URL, append(c.options(), config.Log.Options...)...)
		if err != nil {
			return nil, nil, fmt.Errorf("%w at %s: %w", ErrNoLog, hosts(config.Log.URL), err)
		}
		return nc, external{nc, config.Log.MonitorURLs}, nil
	}
	ns, err := embedded.Start(embedded.Config{
		Dir: logFolder(dir), NoSync: config.Log.NoSync || config.Memory, Listen: config.Log.Listen,
		Log: eventstore.Space(config.Log.Stream), Logger: config.Logger,
	})
	if err != nil {
		return nil, nil, err
	}
	s.onClose(func() error { ns.Shutdown(); return nil })
	s.eventsURL = ns.URL()
	nc, err := ns.Connect(c.failures())
	if err != nil {
		return nil, nil, err
	}
	return nc, inProcess{ns}, nil
}

func (s *Server) openModel(ctx context.Context, config Config, dir string) (projections.Store, error) {
	var store projections.Store
	var err error
	if config.Model.Postgres != "" {
		store, err = postgres.Open(ctx, postgres.Options{
			URL: config.Model.Postgres,
			Lost: func(server string, err error) {
				config.Logger.WithField("server", server).WithError(err).Warn("the connection to PostgreSQL is lost, trying again")
			},
			Back: func(server string) {
				config.Logger.WithField("server", server).Info("the connection to PostgreSQL is back")
			},
		})
	} else {
		store, err = sqlite.Open(ctx, modelFile(dir))
	}
	if err != nil {
		return nil, err
	}
	s.onClose(store.Close)
	return store, nil
}

// follow keeps the read model up to date, or, where other processes do, learns how far it is.
func (s *Server) follow(ctx context.Context, config Config, p Parts) (Progress, error) {
	if config.WithoutProjector {
		if _, _, err := projections.Verify(ctx, p.Log, p.Model); err != nil {
			return nil, err
		}
		waiter, err := projections.NewWaiter(ctx, p.Model)
		if err != nil {
			return nil, err
		}
		s.onClose(func() error { waiter.Close(); return nil })
		return watched{waiter}, nil
	}
	runner, err := projections.Start(ctx, p.Log, p.Model, p.Catalog, projections.RunnerOptions{GivesUp: func(err error) {
		config.Logger.WithError(err).Error("the read model is not kept up with the log any more")
	}})
	if err != nil {
		return nil, err
	}
	s.onClose(func() error { runner.Close(); return nil })
	return runner, nil
}

// watched is a read model that other processes keep up to date: why it does not move, they know.
type watched struct{ *projections.Waiter }

func (watched) Err() error { return nil }

// CacheConfig says where short-lived facts are kept.
type CacheConfig struct {
	// Shared keeps them beside the log, for all processes of the service. Default: in the memory of this process.
	Shared bool
	// MaxBytes bounds the memory. Default 512 KiB.
	MaxBytes int
	// Prefix of every key, for services that share a cache.
	Prefix string
}

func (s *Server) openCache(ctx context.Context, config Config) (domain.Cache, error) {
	c := config.Cache
	if !c.Shared {
		return cache.Prefixed(memory.New(memory.Config{MaxBytes: int64(c.MaxBytes)}), c.Prefix), nil
	}
	shared, err := natskv.Open(ctx, s.nats, natskv.Config{
		Bucket: cmp.Or(config.Log.Stream, string(eventstore.DefaultSpace)) + "-cache", Replicas: config.Log.Replicas,
	})
	if err != nil {
		return nil, fmt.Errorf("open the shared cache: %w", err)
	}
	return cache.Prefixed(shared, c.Prefix), nil
}
