package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/kintolog/kintolog/domain"
)

// writer is the one connection that changes the database, with its statements prepared.
type writer struct {
	db   *sql.DB
	conn *sql.Conn

	mu         sync.Mutex // one transaction at a time
	statements map[string]*sql.Stmt
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &writer{db: db, conn: conn, statements: map[string]*sql.Stmt{}}, nil
}

// close closes the statements first: with an open one SQLite keeps the database open.
func (w *writer) close() error {
	var errs []error
	for _, stmt := range w.statements {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, w.conn.Close(), w.db.Close())...)
}

// transaction runs do between BEGIN and COMMIT; it rolls back if do returns an error. It watches the
// context while it waits for its turn only, for a transaction that has begun is short.
func (w *writer) transaction(ctx context.Context, do func(*transaction) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	tx := &transaction{ctx: context.WithoutCancel(ctx), w: w, scopes: map[domain.Plural]int64{}}
	tx.exec("BEGIN IMMEDIATE")
	if tx.err != nil {
		return tx.err
	}
	err := errors.Join(do(tx), tx.err)
	if err == nil {
		if tx.exec("COMMIT"); tx.err == nil {
			return nil
		}
		err = tx.err
	}
	tx.err = nil
	tx.exec("ROLLBACK")
	return errors.Join(err, tx.err)
}

// transaction executes statements until one fails; the error stays.
type transaction struct {
	ctx context.Context //nolint:containedctx // lives as long as one call
	w   *writer
	err error

	scopes map[domain.Plural]int64 // numbers seen
}

func (t *transaction) prepare(text string) *sql.Stmt {
	stmt, ok := t.w.statements[text]
	if !ok {
		var err error
		if stmt, err = t.w.conn.PrepareContext(t.ctx, text); err != nil {
			t.err = fmt.Errorf("prepare: %w", err)
			return nil
		}
		t.w.statements[text] = stmt
	}
	return stmt
}

// exec runs a statement and returns how many rows it changed.
func (t *transaction) exec(text string, args ...any) int64 {
	if t.err != nil {
		return 0
	}
	stmt := t.prepare(text)
	if t.err != nil {
		return 0
	}
	result, err := stmt.ExecContext(t.ctx, args...)
	if err != nil {
		t.err = err
		return 0
	}
	n, err := result.RowsAffected()
	t.err = err
	return n
}

// execRows executes a statement whose {} stands for VALUES with rows of width values each. It takes as many rows at a time
// as a power of two, up to 16, so that there are few statements to keep prepared.
func (t *transaction) execRows(text string, width int, values []any) {
	row := "(?" + strings.Repeat(", ?", width-1) + ")"
	for n := 16; n > 0; n /= 2 {
		for ; len(values) >= n*width; values = values[n*width:] {
			t.exec(strings.Replace(text, "{}", "VALUES "+row+strings.Repeat(", "+row, n-1), 1), values[:n*width]...)
		}
	}
}

// one reads the one value that a statement yields, and leaves it as it is if there is none.
func (t *transaction) one(value any, text string, args ...any) {
	if t.err != nil {
		return
	}
	stmt := t.prepare(text)
	if t.err != nil {
		return
	}
	if err := stmt.QueryRowContext(t.ctx, args...).Scan(value); err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.err = err
	}
}
