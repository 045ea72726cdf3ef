package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Pending names the migrations that [Open] would apply to the file, in their order, and changes nothing.
func Pending(ctx context.Context, path string) ([]string, error) {
	applied, err := versionOf(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("look at the read model %s: %w", path, wrap(err))
	}
	return sqlquery.Pending(migrations, applied)
}

func versionOf(ctx context.Context, path string) (applied int64, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	db, err := sql.Open("sqlite", address(path)+"?mode=ro")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return version(ctx, db)
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
