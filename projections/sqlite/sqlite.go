// Package sqlite keeps a read model in a SQLite database, a file that one process uses.
//
// It is the default where Kintolog runs as a single program; package projections/postgres is for several. The
// rules of comparing and sorting JSON are Go functions of package jsondoc that SQL statements call.
// Start with [Open].
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/internal/broadcast"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

var _ projections.Store = (*Store)(nil)

// Store is a read model in one file. One process may have it open at a time: others would not
// be told of changes.
type Store struct {
	path    string
	readers *statements
	writer  *writer
	mover   *mover
	changes broadcast.Hub
}

//go:embed migrations/*.sql
var migrations embed.FS

// The read model can be made anew from the log, so that losing its last transactions in a power
// failure does no harm: synchronous NORMAL syncs at checkpoints of the WAL only, and never corrupts. See wal.go for these.
const pragmas = "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)" +
	"&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16000)&_pragma=wal_autocheckpoint(65536)"

// Open opens the database in the file, which is created if it does not exist, and brings its schema up to
// date. Missing folders are not created.
func Open(ctx context.Context, path string) (*Store, error) {
	if errFunctions != nil {
		return nil, fmt.Errorf("register sqlite functions: %w", errFunctions)
	}
	if err := create(path); err != nil {
		return nil, fmt.Errorf("open read model: %w", err)
	}
	dsn := address(path) + pragmas
	writes, err := sql.Open("sqlite", dsn+"&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("open read model %s: %w", path, err)
	}
	writes.SetMaxOpenConns(1)
	s, err := open(ctx, writes, dsn)
	if err != nil {
		return nil, fmt.Errorf("open read model %s: %w", path, errors.Join(wrap(err), writes.Close()))
	}
	s.path = path
	return s, nil
}

// address is a file as the driver takes it, before its options.
func address(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

// create makes an empty file if there is none. It is for nobody but its owner, as it holds what callers may not read, such as
// hashes of passwords; SQLite gives the files beside it the same mode.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the folder
	if err != nil {
		return err
	}
	return f.Close()
}

func open(ctx context.Context, writes *sql.DB, dsn string) (*Store, error) {
	if _, err := version(ctx, writes); err != nil { // goose takes a damaged table for a missing one
		return nil, err
	}
	if err := sqlquery.Migrate(ctx, goose.DialectSQLite3, writes, migrations); err != nil {
		return nil, err
	}
	writer, err := newWriter(ctx, writes)
	if err != nil {
		return nil, err
	}
	reads, err := sql.Open("sqlite", dsn+"&_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	n := max(4, runtime.GOMAXPROCS(0))
	reads.SetMaxOpenConns(n)
	reads.SetMaxIdleConns(n)
	moves, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	moves.SetMaxOpenConns(1)
	return &Store{readers: &statements{db: reads}, writer: writer, mover: newMover(moves, writer)}, nil
}

// Checkpoint implements [projections.Store].
func (s *Store) Checkpoint(ctx context.Context) (eventstore.Tail, error) {
	tail, err := checkpoint(ctx, s.readers.db)
	return tail, s.wrap(err)
}

func checkpoint(ctx context.Context, db *sql.DB) (eventstore.Tail, error) {
	var position int64
	var hash string
	row := db.QueryRowContext(ctx, "SELECT position, hash FROM checkpoint")
	if err := row.Scan(&position, &hash); err != nil {
		return eventstore.Tail{}, fmt.Errorf("read checkpoint: %w", err)
	}
	return projections.ParseTail(domain.Position(position), hash)
}

// Watch implements [projections.Store], for changes that this process makes.
func (s *Store) Watch(ctx context.Context) (<-chan domain.Position, error) {
	return s.changes.Listen(ctx), nil
}

// Close implements [projections.Store].
func (s *Store) Close() error {
	return errors.Join(s.mover.close(), s.readers.close(), s.writer.close())
}

// maxStatements bounds what stays prepared: what lists ask for has no end of shapes.
const maxStatements = 256

// statements keeps the first texts it sees prepared.
type statements struct {
	db    *sql.DB
	cache sync.Map // text to *sql.Stmt
	size  atomic.Int32
}

// warm prepares the text if there is room. It must not be called within a transaction, which holds one connection
// already: all who wait for a second one could wait for each other.
func (s *statements) warm(ctx context.Context, text string) error {
	if text == "" {
		return nil
	}
	if _, ok := s.cache.Load(text); ok || s.size.Load() >= maxStatements {
		return nil
	}
	stmt, err := s.db.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	if _, raced := s.cache.LoadOrStore(text, stmt); raced {
		return stmt.Close()
	}
	s.size.Add(1)
	return nil
}

// close closes the statements first: a connection with an open one would stay open.
func (s *statements) close() error {
	var errs []error
	s.cache.Range(func(_, stmt any) bool {
		errs = append(errs, stmt.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(append(errs, s.db.Close())...)
}

// query runs a statement outside of transactions, and hands its rows to scan.
func (s *statements) query(ctx context.Context, text string, args []any, scan func(sqlquery.Rows) error) error {
	if err := s.warm(ctx, text); err != nil {
		return err
	}
	if stmt, ok := s.cache.Load(text); ok {
		rows, err := stmt.(*sql.Stmt).QueryContext(ctx, args...)
		return read(rows, err, scan)
	}
	rows, err := s.db.QueryContext(ctx, text, args...)
	return read(rows, err, scan)
}

// queryIn runs a statement in a transaction, and hands its rows to scan.
func (s *statements) queryIn(ctx context.Context, tx *sql.Tx, text string, args []any, scan func(sqlquery.Rows) error) error {
	if stmt, ok := s.cache.Load(text); ok {
		rows, err := tx.StmtContext(ctx, stmt.(*sql.Stmt)).QueryContext(ctx, args...)
		return read(rows, err, scan)
	}
	rows, err := tx.QueryContext(ctx, text, args...)
	return read(rows, err, scan)
}

// read takes what a query returns, and closes the rows when scan has what it wants of them.
func read(rows *sql.Rows, err error, scan func(sqlquery.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := scan(rows); err != nil {
		return err
	}
	return rows.Err()
}

// Optimize implements [projections.Optimizer].
func (s *Store) Optimize(ctx context.Context) error {
	err := s.writer.transaction(ctx, func(tx *transaction) error {
		tx.exec("ANALYZE")
		return nil
	})
	if err != nil {
		return fmt.Errorf("optimize: %w", s.wrap(err))
	}
	return nil
}
