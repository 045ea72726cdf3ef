package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/kintolog/kintolog/projections"
)

// wrap says by its code what an error of the driver means: [projections.ErrRefused],
// [projections.ErrUnavailable], [projections.ErrDamaged], or nothing in particular.
func wrap(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff { // the rest is detail
	case sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE:
		return fmt.Errorf("%w: %w", projections.ErrRefused, err)
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w: %w", projections.ErrDamaged, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%w: %w", projections.ErrUnavailable, err)
	}
	return err
}

// wrap is the error of the driver with what it means, and with the file if that is damaged.
func (s *Store) wrap(err error) error {
	if err = wrap(err); errors.Is(err, projections.ErrDamaged) {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	return err
}
