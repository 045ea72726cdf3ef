package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kintolog/kintolog/projections"
)

var _ projections.Successor = (*Generation)(nil)

// ErrRebuilding: another process builds a successor of the same read model.
var ErrRebuilding = errors.New("the read model is being rebuilt by another process")

// Generation is a read model in a schema of its own beside the live one, whose tables it replaces by its own. Readers
// and projectors of any processes go on working on the live one, and go on after the switch without noticing: tables change
// their schemas in one transaction, and a statement that waits for one finds the new one. Rights on the tables, and
// views of them, that somebody else made are not carried over.
type Generation struct {
	*Store
	conn            *pgx.Conn // holds the lock against others, and switches
	live, next, old string    // schemas
}

// NewGeneration makes an empty read model beside the one of the options, which is brought up to date. What an
// interrupted one has left is removed. The error is ErrRebuilding while there is another.
func NewGeneration(ctx context.Context, o Options) (*Generation, error) {
	live, err := Open(ctx, o)
	if err != nil {
		return nil, err
	}
	g := &Generation{live: live.schema, next: live.schema + "_kintolog_next", old: live.schema + "_kintolog_old"}
	config := live.readers.Config().ConnConfig
	if err := live.Close(); err != nil {
		return nil, err
	}
	if g.conn, err = connect(ctx, config, g.live); err == nil {
		err = g.open(ctx, o.URL)
	}
	if err != nil {
		return nil, fmt.Errorf("open a second read model: %w", errors.Join(wrap(err), g.Close()))
	}
	return g, nil
}

// connect opens the connection that switches: it must not read only.
func connect(ctx context.Context, config *pgx.ConnConfig, schema string) (*pgx.Conn, error) {
	config = config.Copy()
	config.RuntimeParams = map[string]string{"search_path": schema}
	return pgx.ConnectConfig(ctx, config)
}

func (g *Generation) open(ctx context.Context, url string) error {
	var locked bool
	row := g.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtext('kintolog rebuild'), hashtext($1))", g.live)
	if err := row.Scan(&locked); err != nil {
		return err
	}
	if !locked {
		return ErrRebuilding
	}
	if err := g.clean(ctx); err != nil {
		return err
	}
	var err error
	g.Store, err = Open(ctx, Options{URL: url, Schema: g.next})
	return err
}

// clean removes both schemas. Of the old one it removes the tables alone, so that what others have made of them
// is not lost without a word.
func (g *Generation) clean(ctx context.Context) error {
	old, err := tables(ctx, g.conn, g.old)
	if err != nil {
		return err
	}
	statements := []string{"DROP SCHEMA IF EXISTS " + quote(g.next) + " CASCADE"}
	for _, table := range old {
		statements = append(statements, "DROP TABLE "+quote(g.old, table))
	}
	for _, statement := range append(statements, "DROP SCHEMA IF EXISTS "+quote(g.old)) {
		if _, err := g.conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("remove an earlier read model: %w", err)
		}
	}
	return nil
}

// Close implements [projections.Store]. It removes the generation if it has not replaced the live one, and the one
// that was replaced if it has.
func (g *Generation) Close() error {
	var errs []error
	ours := g.Store != nil
	if ours {
		errs = append(errs, g.Store.Close())
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if ours && !g.conn.IsClosed() {
		errs = append(errs, g.clean(ctx))
	}
	if g.conn != nil {
		errs = append(errs, g.conn.Close(ctx))
	}
	return errors.Join(errs...)
}

// tables of a schema, but that of the migrations, which all generations have in common.
func tables(ctx context.Context, q querier, schema string) ([]string, error) {
	rows, err := q.Query(ctx, `
SELECT tablename
FROM pg_tables
WHERE schemaname = $1 AND tablename <> 'goose_db_version'
ORDER BY tablename`, schema)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func quote(names ...string) string { return pgx.Identifier(names).Sanitize() }

// How long the switch tries, and how long one attempt may wait: for the transaction of a projector; for transactions of
// readers that began before, while projectors wait; for the tables, while readers wait. The last one is well below
// the second after which PostgreSQL looks for deadlocks, of which readers could be the victims.
const (
	patience      = time.Minute
	writersEnd    = "10s"
	readersEnd    = time.Second
	readersWait   = "200ms"
	betweenTrials = 50 * time.Millisecond
	betweenLooks  = 2 * time.Millisecond
)

// Replace implements [projections.Successor]. Attempts that others stand in the way of are repeated for a minute.
func (g *Generation) Replace(ctx context.Context, catchUp func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := wrap(g.attempt(ctx, catchUp))
		if err == nil || !errors.Is(err, projections.ErrUnavailable) || g.conn.IsClosed() {
			return err
		}
		select {
		case <-time.After(betweenTrials):
		case <-ctx.Done():
			return fmt.Errorf("others keep the read model locked: %w", err)
		}
	}
}

// attempt stops projectors by a lock on the checkpoint, catches up, and lets the tables change places.
func (g *Generation) attempt(ctx context.Context, catchUp func(context.Context) error) error {
	return pgx.BeginFunc(ctx, g.conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '"+writersEnd+"'; "+
			"LOCK TABLE "+quote(g.live, "checkpoint")+" IN SHARE ROW EXCLUSIVE MODE")
		if err != nil {
			return err
		}
		if err := catchUp(ctx); err != nil {
			return err
		}
		if err := g.awaitReaders(ctx); err != nil {
			return err
		}
		return g.swap(ctx, tx)
	})
}

// awaitReaders waits until the transactions that read now have ended. Their view of the database is older than
// the catching up: they would find the new tables as they were before it, and so an earlier state than the
// live one that they may have seen.
func (g *Generation) awaitReaders(ctx context.Context) error {
	late := time.After(readersEnd)
	reading, err := g.readersNow(ctx)
	for err == nil && len(reading) > 0 {
		select {
		case <-time.After(betweenLooks):
		case <-late:
			return fmt.Errorf("%w: a transaction of somebody else does not end", projections.ErrUnavailable)
		case <-ctx.Done():
			return ctx.Err()
		}
		var now map[reader]bool
		now, err = g.readersNow(ctx)
		maps.DeleteFunc(reading, func(r reader, _ bool) bool { return !now[r] })
	}
	return err
}

// reader is a transaction that has a view of the database.
type reader struct {
	pid   int32
	since time.Time
}

// readersNow are the transactions but ours, and those that wait for ours.
func (g *Generation) readersNow(ctx context.Context) (map[reader]bool, error) {
	rows, err := g.writers.Query(ctx, `
SELECT pid, coalesce(xact_start, 'epoch')
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND backend_xmin IS NOT NULL
  AND pid NOT IN ($1, pg_backend_pid()) AND $1 <> ALL (pg_blocking_pids(pid))`, int32(g.conn.PgConn().PID()))
	if err != nil {
		return nil, err
	}
	readers := map[reader]bool{}
	var r reader
	_, err = pgx.ForEachRow(rows, []any{&r.pid, &r.since}, func() error {
		readers[r] = true
		return nil
	})
	return readers, err
}

// swap gives the live schema the tables of the next one, and the old schema those of the live one.
func (g *Generation) swap(ctx context.Context, tx pgx.Tx) error {
	next, err := tables(ctx, tx, g.next)
	if err != nil {
		return err
	}
	var lock, out, in []string
	for _, table := range next {
		lock = append(lock, quote(g.live, table))
		out = append(out, "ALTER TABLE "+quote(g.live, table)+" SET SCHEMA "+quote(g.old))
		in = append(in, "ALTER TABLE "+quote(g.next, table)+" SET SCHEMA "+quote(g.live))
	}
	statements := []string{
		"SET LOCAL lock_timeout = '" + readersWait + "'",
		"CREATE SCHEMA " + quote(g.old),
		"LOCK TABLE " + strings.Join(lock, ", ") + " IN ACCESS EXCLUSIVE MODE",
	}
	statements = append(append(statements, out...), in...)
	statements = append(statements, "SELECT pg_notify('"+channel(g.live)+"', position::text) FROM "+quote(g.live, "checkpoint"))
	_, err = tx.Exec(ctx, strings.Join(statements, ";\n"))
	return err
}
