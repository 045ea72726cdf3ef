// Package postgres keeps a read model in a PostgreSQL database, for any number of processes.
//
// Reading and applying take one round trip each. Texts and JSON values compare by bytes whatever the collation of
// the database. Package projections/sqlite is for a single process without a server. Start with [Open].
package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/projections"
)

var _ projections.Store = (*Store)(nil)

// Options say where the read model is.
type Options struct {
	// URL is the connection string, a URL or key=value pairs. The parameters of pgxpool, such as
	// pool_max_conns, are for reads.
	URL string
	// Schema holds the tables; it is created if it does not exist. Default "public".
	Schema string
	// Lost, if set, is called once when the server cannot be reached any more, and Back when it can again. They are for
	// stores that are watched, and are told host, port and database. They are not called concurrently.
	Lost func(server string, err error)
	Back func(server string)
}

func (o Options) schema() string { return cmp.Or(o.Schema, "public") }

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,39}$`)

// Store is a read model in one schema of a database.
type Store struct {
	schema  string
	readers *pgxpool.Pool
	writers *pgxpool.Pool
	changes *listener
}

// The server must have what the statements use, and be tested.
const minVersion = 130000

// Open connects and brings the schema up to date; several processes may do so at once. It returns an error
// for a server older than 13 and for a database that is not UTF8.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.Schema = o.schema()
	if !schemaName.MatchString(o.Schema) {
		return nil, fmt.Errorf("open read model: the schema name %q does not match %s", o.Schema, schemaName)
	}
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("open read model: %w", err)
	}
	s, err := open(ctx, config, o)
	if err != nil {
		return nil, fmt.Errorf("open read model: %w", wrap(err))
	}
	return s, nil
}

func open(ctx context.Context, config *pgxpool.Config, o Options) (*Store, error) {
	if err := check(ctx, config.ConnConfig); err != nil {
		return nil, err
	}
	set(config, settings(o.Schema))
	if err := migrate(ctx, config.ConnConfig, o.Schema); err != nil {
		return nil, err
	}
	readers, err := pgxpool.NewWithConfig(ctx, forReading(config))
	if err != nil {
		return nil, err
	}
	writers, err := pgxpool.NewWithConfig(ctx, forWriting(config))
	if err != nil {
		readers.Close()
		return nil, err
	}
	return &Store{schema: o.Schema, readers: readers, writers: writers, changes: newListener(config.ConnConfig, o)}, nil
}

// channel is where positions are notified.
func channel(schema string) string { return "kintolog_" + schema }

// settings are those of every connection. Statements are few and repeated, and walk an index whatever is bound to
// them: planning them each time, as PostgreSQL prefers for arrays, takes longer than running them, and so does
// starting workers or a compiler.
func settings(schema string) map[string]string {
	return map[string]string{
		"search_path":                     schema,
		"timezone":                        "UTC",
		"plan_cache_mode":                 "force_generic_plan",
		"enable_seqscan":                  "off",
		"enable_hashjoin":                 "off",
		"enable_mergejoin":                "off",
		"jit":                             "off",
		"max_parallel_workers_per_gather": "0",
	}
}

func check(ctx context.Context, config *pgx.ConnConfig) (err error) {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var version int
	var encoding string
	row := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')")
	if err := row.Scan(&version, &encoding); err != nil {
		return err
	}
	if version < minVersion {
		return fmt.Errorf("PostgreSQL %d is too old, %d or later is needed", version/10000, minVersion/10000)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("database %q has the encoding %s, UTF8 is needed", config.Database, encoding)
	}
	return nil
}

// forReading makes the statements of one batch, which are one transaction, see one state.
func forReading(config *pgxpool.Config) *pgxpool.Config {
	c := config.Copy()
	set(c, map[string]string{
		"default_transaction_isolation": "repeatable read",
		"default_transaction_read_only": "on",
		"enable_bitmapscan":             "off",
	})
	return c
}

// forWriting lets commits return before they are on disk: after a crash the read model is an older one, and
// catches up from the log.
func forWriting(config *pgxpool.Config) *pgxpool.Config {
	c := config.Copy()
	c.MaxConns = 2
	set(c, map[string]string{"synchronous_commit": "off"})
	return c
}

func set(c *pgxpool.Config, settings map[string]string) {
	maps.Copy(c.ConnConfig.RuntimeParams, settings)
}

// Checkpoint implements [projections.Store].
func (s *Store) Checkpoint(ctx context.Context) (eventstore.Tail, error) {
	tail, err := checkpoint(ctx, s.readers)
	return tail, wrap(err)
}

// querier is a connection, a pool of them, or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func checkpoint(ctx context.Context, from querier) (eventstore.Tail, error) {
	var position int64
	var hash string
	if err := from.QueryRow(ctx, "SELECT position, hash FROM checkpoint").Scan(&position, &hash); err != nil {
		return eventstore.Tail{}, fmt.Errorf("read checkpoint: %w", err)
	}
	return projections.ParseTail(domain.Position(position), hash)
}

// Watch implements [projections.Store].
func (s *Store) Watch(ctx context.Context) (<-chan domain.Position, error) {
	return s.changes.watch(ctx), nil
}

// Close implements [projections.Store].
func (s *Store) Close() error {
	s.changes.close()
	s.writers.Close()
	s.readers.Close()
	return nil
}

// Optimize implements [projections.Optimizer].
func (s *Store) Optimize(ctx context.Context) error {
	if _, err := s.writers.Exec(ctx, "ANALYZE objects, scopes, aces, members"); err != nil {
		return fmt.Errorf("optimize: %w", wrap(err))
	}
	return nil
}
