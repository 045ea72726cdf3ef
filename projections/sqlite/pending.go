package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Pending names the migrations that [Open] would apply to the file, in their order, and changes nothing.
func Pending(ctx context.Context, path string) (names []string, err error) {
	err = look(ctx, path, func(_ *sql.DB, applied int64) error {
		names, err = sqlquery.Pending(migrations, applied)
		return err
	})
	return names, err
}

// Look is what the read model in the file tells of itself, and changes nothing. The error is projections.ErrMissing, ErrOlder or
// ErrNewer if the schema is not as [Open] would leave it.
func Look(ctx context.Context, path string) (o projections.Outline, err error) {
	err = look(ctx, path, func(db *sql.DB, applied int64) error {
		if err := sqlquery.Current(migrations, applied); err != nil {
			return err
		}
		if o.Checkpoint, err = checkpoint(ctx, db); err != nil {
			return err
		}
		o.Quarantined, err = quarantined(ctx, db)
		return err
	})
	return o, err
}

// look lets do read the file, of which the last migration applied has that number, 0 if there is none. Without a file there is
// no database either.
func look(ctx context.Context, path string, do func(db *sql.DB, applied int64) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("look at the read model %s: %w", path, wrap(err))
		}
	}()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return do(nil, 0)
	}
	options := "?mode=ro"
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		options += "&immutable=1" // nobody has it open, and else the files beside it would be made, and left there
	}
	db, err := sql.Open("sqlite", address(path)+options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	applied, err := version(ctx, db)
	if err != nil {
		return err
	}
	return do(db, applied)
}

// version is that of the last migration applied, 0 if there is none.
func version(ctx context.Context, db *sql.DB) (applied int64, err error) {
	var exists bool
	row := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'")
	if err := row.Scan(&exists); err != nil || !exists {
		return 0, err
	}
	row = db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied")
	return applied, row.Scan(&applied)
}
