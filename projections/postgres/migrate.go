package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate creates the schema and brings it up to date, while other starters wait for an advisory lock. (The
// locker that comes with goose polls by the second, and does not cover goose's own table.)
func migrate(ctx context.Context, config *pgx.ConnConfig, schema string) (err error) {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }() // and releases the lock
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext('kintolog migrations'), hashtext($1))", schema); err != nil {
		return fmt.Errorf("wait to migrate schema %s: %w", schema, err)
	}
	var exists bool
	row := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema)
	if err := row.Scan(&exists); err != nil {
		return err
	}
	if !exists {
		if _, err := conn.Exec(ctx, "CREATE SCHEMA "+quote(schema)); err != nil {
			return fmt.Errorf("create schema %s: %w", schema, err)
		}
	}
	if err := up(ctx, config); err != nil {
		return fmt.Errorf("migrate schema %s: %w", schema, err)
	}
	return nil
}

func up(ctx context.Context, config *pgx.ConnConfig) (err error) {
	db := stdlib.OpenDB(*config.Copy())
	defer func() { err = errors.Join(err, db.Close()) }()
	return sqlquery.Migrate(ctx, goose.DialectPostgres, db, migrations)
}
