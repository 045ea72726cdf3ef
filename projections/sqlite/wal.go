package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"
)

// walPages is how many pages of 4 KiB the write-ahead log gathers before they are moved to the database. Pages that several
// transactions changed are moved once: writes of new objects go to pages at random.
//
// walMost is how many it may have before writers wait until all are moved, for only then does it begin anew.
const (
	walPages = 8 << 10
	walMost  = 32 << 10
)

// mover moves pages from the write-ahead log to the database (SQLite calls that a checkpoint) while the writer goes on.
// If it fails, the writer does it at twice walMost.
type mover struct {
	db     *sql.DB
	writer *writer
	wake   chan struct{} // holds one signal
	stop   context.CancelFunc
	done   sync.WaitGroup
}

func newMover(db *sql.DB, w *writer) *mover {
	ctx, stop := context.WithCancel(context.Background())
	m := &mover{db: db, writer: w, wake: make(chan struct{}, 1), stop: stop}
	m.done.Go(func() { m.run(ctx) })
	return m
}

func (m *mover) close() error {
	m.stop()
	m.done.Wait()
	return m.db.Close()
}

// written tells that there is something to look at.
func (m *mover) written() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// often is how long the mover rests between two looks.
const often = 20 * time.Millisecond

func (m *mover) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		}
		_ = m.move(ctx) // the next time, or by the writer
		select {
		case <-ctx.Done():
			return
		case <-time.After(often):
		}
	}
}

func (m *mover) move(ctx context.Context) error {
	pages, moved, err := m.checkpoint(ctx, "NOOP")
	if err != nil || pages-moved < walPages {
		return err
	}
	if pages, _, err = m.checkpoint(ctx, "PASSIVE"); err != nil || pages < walMost {
		return err
	}
	m.writer.mu.Lock()
	defer m.writer.mu.Unlock()
	_, _, err = m.checkpoint(ctx, "PASSIVE")
	return err
}

// checkpoint returns how many pages the log has, and how many of them are moved.
func (m *mover) checkpoint(ctx context.Context, mode string) (pages, moved int, err error) {
	var busy int
	err = m.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &pages, &moved)
	if err == nil && busy != 0 {
		err = errors.New("another process moves pages of the write-ahead log")
	}
	return pages, moved, err
}
