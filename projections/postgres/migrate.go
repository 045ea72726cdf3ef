package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

func migrate(ctx context.Context, config *pgx.ConnConfig, schema string) (err error) {
	db := stdlib.OpenDB(*config.Copy())
	defer func() { err = errors.Join(err, db.Close()) }()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(turn{schema}))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate schema %s: %w", schema, err)
	}
	return nil
}

// turn lets one process at a time migrate a schema. It is an advisory lock that is waited for, where
// the locker that comes with goose polls by the second.
type turn struct{ schema string }

// SessionLock waits for the turn, and makes sure that there is a schema.
func (t turn) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(hashtext('kintolog migrations'), hashtext($1))", t.schema); err != nil {
		return err
	}
	var exists bool
	row := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", t.schema)
	if err := row.Scan(&exists); err != nil || exists {
		return err
	}
	_, err := conn.ExecContext(ctx, "CREATE SCHEMA "+pgx.Identifier{t.schema}.Sanitize())
	return err
}

// SessionUnlock ends the turn.
func (t turn) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock(hashtext('kintolog migrations'), hashtext($1))", t.schema)
	return err
}
