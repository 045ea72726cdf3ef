package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Pending names the migrations that [Open] would apply, in their order, and changes nothing.
func Pending(ctx context.Context, o Options) (names []string, err error) {
	err = look(ctx, o, func(_ *pgx.Conn, applied int64) error {
		names, err = sqlquery.Pending(migrations, applied)
		return err
	})
	return names, err
}

// Look is what the read model tells of itself, and changes nothing. The error is projections.ErrMissing, ErrOlder or ErrNewer
// if the schema is not as [Open] would leave it.
func Look(ctx context.Context, o Options) (outline projections.Outline, err error) {
	err = look(ctx, o, func(conn *pgx.Conn, applied int64) error {
		if err := sqlquery.Current(migrations, applied); err != nil {
			return err
		}
		if outline.Checkpoint, err = checkpoint(ctx, conn); err != nil {
			return err
		}
		outline.Quarantined, err = quarantined(ctx, conn)
		return err
	})
	return outline, err
}

// look lets do read the database, of which the last migration applied has that number, 0 if there is none.
func look(ctx context.Context, o Options, do func(conn *pgx.Conn, applied int64) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("look at the read model: %w", wrap(err))
		}
	}()
	pool, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return err
	}
	config := pool.ConnConfig
	config.RuntimeParams["search_path"] = o.schema()
	config.RuntimeParams["default_transaction_read_only"] = "on"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	applied, err := version(ctx, conn, quote(o.schema(), "goose_db_version"))
	if err != nil {
		return err
	}
	return do(conn, applied)
}

// version is that of the last migration applied, 0 if there is none.
func version(ctx context.Context, conn *pgx.Conn, table string) (applied int64, err error) {
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", table).Scan(&exists); err != nil || !exists {
		return 0, err
	}
	err = conn.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+table+" WHERE is_applied").Scan(&applied)
	return applied, err
}
