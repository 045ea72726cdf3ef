package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/kintolog/kintolog/projections"
)

// ErrDamaged: the file is not a database, or not a whole one. Nothing is lost with it.
var ErrDamaged = errors.New("read model is damaged: stop the service, remove the file with the -wal and -shm beside it, " +
	"and start again, so that it is made anew from the log")

// wrap says by its code what an error of the driver means: [projections.ErrRefused],
// [projections.ErrUnavailable], [ErrDamaged], or nothing in particular.
func wrap(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff { // the rest is detail
	case sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE:
		return fmt.Errorf("%w: %w", projections.ErrRefused, err)
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%w: %w", projections.ErrUnavailable, err)
	}
	return err
}
