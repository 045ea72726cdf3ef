package main

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Names of what SQLite does without HTTP.
const (
	sqliteUpsert = "SQLite: transaction of one upsert"
	sqlitePoint  = "SQLite: one row"
)

const rowsTable = `CREATE TABLE IF NOT EXISTS entries (
	plural TEXT NOT NULL, id TEXT NOT NULL, last_modified BIGINT NOT NULL, data TEXT NOT NULL,
	PRIMARY KEY (plural, id));
CREATE INDEX IF NOT EXISTS entries_by_time ON entries (plural, last_modified);`

const (
	selectOne    = `SELECT data FROM entries WHERE plural = $1 AND id = $2`
	selectNewest = `SELECT data FROM entries WHERE plural = $1 ORDER BY last_modified DESC LIMIT $2`
	upsertRow    = `INSERT INTO entries (plural, id, last_modified, data) VALUES ($1, $2, $3, $4)
		ON CONFLICT (plural, id) DO UPDATE SET last_modified = excluded.last_modified, data = excluded.data`
)

// sqliteRows is a file that is opened as the read model is: WAL, synced at checkpoints only.
type sqliteRows struct {
	db                  *sql.DB
	one, newest, upsert *sql.Stmt
}

func openSQLiteRows(ctx context.Context, path string) (*sqliteRows, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)"+
		"&_pragma=synchronous(NORMAL)&_pragma=cache_size(-16000)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	connections := max(4, runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if _, err := db.ExecContext(ctx, rowsTable); err != nil {
		return nil, err
	}
	r := &sqliteRows{db: db}
	for statement, text := range map[**sql.Stmt]string{&r.one: selectOne, &r.newest: selectNewest, &r.upsert: upsertRow} {
		if *statement, err = db.PrepareContext(ctx, text); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *sqliteRows) Close() error { return r.db.Close() }

// One is part of rows.
func (r *sqliteRows) One(ctx context.Context, plural, id string) (row []byte, err error) {
	err = r.one.QueryRowContext(ctx, plural, id).Scan(&row)
	return row, err
}

// Newest is part of rows.
func (r *sqliteRows) Newest(ctx context.Context, plural string, n int, each func([]byte)) error {
	found, err := r.newest.QueryContext(ctx, plural, n)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var row sql.RawBytes
		if err := found.Scan(&row); err != nil {
			return err
		}
		each(row)
	}
	return found.Err()
}

// fill adds as many rows as the server has records in the collection of that size, with the same data.
func (r *sqliteRows) fill(ctx context.Context, records int) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	upsert := tx.StmtContext(ctx, r.upsert)
	for n := range records {
		data := string(appendRecord(nil, n))
		if _, err := upsert.ExecContext(ctx, collectionID(records), recordID(n), n, data); err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
	}
	return tx.Commit()
}

// operations are what one client can do without HTTP, on so many rows.
func (r *sqliteRows) operations(records int) []operation {
	return []operation{
		{sqliteUpsert, func(context.Context, int) (client, error) {
			n := 0
			return plain{do: func(ctx context.Context) error {
				n += 104729
				id, data := recordID(n%records), string(appendRecord(nil, n))
				_, err := r.upsert.ExecContext(ctx, collectionID(records), id, time.Now().UnixMilli(), data)
				return err
			}}, nil
		}},
		{sqlitePoint, func(context.Context, int) (client, error) {
			n := 0
			return plain{do: func(ctx context.Context) error {
				n += 104729
				_, err := r.One(ctx, collectionID(records), recordID(n%records))
				return err
			}}, nil
		}},
	}
}
