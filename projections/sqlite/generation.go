package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/kintolog/kintolog/projections"
)

var _ projections.Successor = (*Generation)(nil)

// ErrInUse: a process has the read model open.
var ErrInUse = errors.New("the read model is in use by another process")

// Generation is a read model in a file beside the live one, whose place it takes. Nobody may have the live one open: a
// process would go on with the file that is gone.
type Generation struct {
	*Store
	live, next string // paths
	closed     bool
}

// NewGeneration makes an empty read model beside the file. What an interrupted one has left is removed. The error is
// ErrInUse while the file is open.
func NewGeneration(ctx context.Context, path string) (*Generation, error) {
	g := &Generation{live: path, next: path + ".next"}
	err := errors.Join(retire(ctx, path), remove(g.next))
	if err == nil {
		g.Store, err = Open(ctx, g.next)
	}
	if err != nil {
		return nil, fmt.Errorf("open a second read model: %w", err)
	}
	return g, nil
}

// Replace implements [projections.Successor]. The new file gets the name of the old one.
func (g *Generation) Replace(ctx context.Context, catchUp func(context.Context) error) error {
	if err := catchUp(ctx); err != nil {
		return err
	}
	if err := g.close(); err != nil {
		return err
	}
	if err := retire(ctx, g.next); err != nil {
		return err
	}
	if err := retire(ctx, g.live); err != nil {
		return err
	}
	if err := os.Rename(g.next, g.live); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(g.live))
}

// Close implements [projections.Store]. It removes the generation if it has not replaced the live one.
func (g *Generation) Close() error { return errors.Join(g.close(), remove(g.next)) }

func (g *Generation) close() error {
	if g.closed {
		return nil
	}
	g.closed = true
	return g.Store.Close()
}

// retire makes a database a single file, without a log beside it that a file put in its place would be taken
// together with. SQLite does that for the only one who has it open. A file that is no database is removed.
func retire(ctx context.Context, path string) (err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return remove(path)
	}
	db, err := sql.Open("sqlite", address(path))
	if err != nil {
		return err
	}
	var mode string
	err = errors.Join(db.QueryRowContext(ctx, "PRAGMA journal_mode = DELETE").Scan(&mode), db.Close())
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return fmt.Errorf("%s: %w", path, ErrInUse)
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return remove(path)
		}
	}
	if err == nil && mode != "delete" {
		return fmt.Errorf("%s: %w", path, ErrInUse)
	}
	return err
}

// remove removes a database, if there is one. The logs go last: without its file a log means nothing.
func remove(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm", path + "-journal"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
