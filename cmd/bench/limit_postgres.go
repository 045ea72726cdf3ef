package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Names of what PostgreSQL does without HTTP.
const (
	postgresInsert = "PostgreSQL: durable insert of one row"
	postgresUpsert = "PostgreSQL: transaction of one upsert, not synced"
	postgresPoint  = "PostgreSQL: one row"
)

// postgresRows is a database with a pool of connections.
type postgresRows struct{ pool *pgxpool.Pool }

func openPostgresRows(ctx context.Context, url string) (*postgresRows, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, rowsTable); err != nil {
		pool.Close()
		return nil, err
	}
	return &postgresRows{pool}, nil
}

func (r *postgresRows) Close() error {
	r.pool.Close()
	return nil
}

// One is part of rows.
func (r *postgresRows) One(ctx context.Context, plural, id string) (row []byte, err error) {
	err = r.pool.QueryRow(ctx, selectOne, plural, id).Scan(&row)
	return row, err
}

// Newest is part of rows.
func (r *postgresRows) Newest(ctx context.Context, plural string, n int, each func([]byte)) error {
	found, err := r.pool.Query(ctx, selectNewest, plural, n)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		each(found.RawValues()[0])
	}
	return found.Err()
}

// fill adds as many rows as the server has records in the collection of that size, with the same data.
func (r *postgresRows) fill(ctx context.Context, records int) error {
	next := func(n int) ([]any, error) {
		return []any{collectionID(records), recordID(n), int64(n), string(appendRecord(nil, n))}, nil
	}
	columns := []string{"plural", "id", "last_modified", "data"}
	_, err := r.pool.CopyFrom(ctx, pgx.Identifier{"entries"}, columns, pgx.CopyFromSlice(records, next))
	if err != nil {
		return err
	}
	_, err = r.pool.Exec(ctx, "ANALYZE entries")
	return err
}

// operations are what clients with a connection each can do without HTTP, on so many rows. Run tells calls apart, so that
// no id is used twice.
func (r *postgresRows) operations(records int, run string) []operation {
	url := r.pool.Config().ConnString()
	plural := collectionID(records)
	return []operation{
		postgresOperation(postgresInsert, url, "on", func(ctx context.Context, c *pgx.Conn, number, n int) error {
			id := fmt.Sprintf("%s-%d-%d", run, number, n)
			_, err := c.Exec(ctx, `INSERT INTO entries (plural, id, last_modified, data) VALUES ($1, $2, $3, $4)`,
				"inserted", id, time.Now().UnixMilli(), string(appendRecord(nil, n)))
			return err
		}),
		postgresOperation(postgresUpsert, url, "off", func(ctx context.Context, c *pgx.Conn, number, n int) error {
			id := recordID((number*7919 + n*104729) % records)
			_, err := c.Exec(ctx, upsertRow, plural, id, time.Now().UnixMilli(), string(appendRecord(nil, n)))
			return err
		}),
		postgresOperation(postgresPoint, url, "on", func(ctx context.Context, c *pgx.Conn, number, n int) error {
			var row []byte
			return c.QueryRow(ctx, selectOne, plural, recordID((number*7919+n*104729)%records)).Scan(&row)
		}),
	}
}

// postgresOperation does something with a connection for each client; n counts from 1.
func postgresOperation(
	name, url, synchronousCommit string, do func(ctx context.Context, c *pgx.Conn, number, n int) error,
) operation {
	return operation{name, func(ctx context.Context, number int) (client, error) {
		config, err := pgx.ParseConfig(url)
		if err != nil {
			return nil, err
		}
		config.RuntimeParams["synchronous_commit"] = synchronousCommit
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return nil, err
		}
		n := 0
		return plain{
			do: func(ctx context.Context) error {
				n++
				return do(ctx, conn, number, n)
			},
			close: func() error { return conn.Close(context.WithoutCancel(ctx)) },
		}, nil
	}}
}
