package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Pending names the migrations that [Open] would apply, in their order, and changes nothing.
func Pending(ctx context.Context, o Options) (_ []string, err error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("look at the read model: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("look at the read model: %w", wrap(err))
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	applied, err := version(ctx, conn, quote(o.schema(), "goose_db_version"))
	if err != nil {
		return nil, fmt.Errorf("look at the read model: %w", wrap(err))
	}
	return sqlquery.Pending(migrations, applied)
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
