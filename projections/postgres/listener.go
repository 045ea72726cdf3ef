package postgres

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections/internal/broadcast"
)

// listener passes on the positions that any process notifies, by a connection of its own that is made for the
// first who watches and made again when it is lost.
type listener struct {
	config  *pgx.ConnConfig
	options Options
	hub     broadcast.Hub

	start sync.Once
	stop  context.CancelFunc
	ctx   context.Context //nolint:containedctx // that of the goroutine, ended by close
	done  sync.WaitGroup
	lost  bool
}

func newListener(config *pgx.ConnConfig, o Options) *listener {
	l := &listener{config: config.Copy(), options: o}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

func (l *listener) watch(ctx context.Context) <-chan domain.Position {
	l.start.Do(func() { l.done.Go(l.run) })
	return l.hub.Listen(ctx)
}

func (l *listener) close() {
	l.stop()
	l.start.Do(func() {}) // nothing starts any more
	l.done.Wait()
}

// run listens until the listener is closed.
func (l *listener) run() {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 10*time.Millisecond, 5*time.Second
	for l.ctx.Err() == nil {
		connected, err := l.listen()
		if connected {
			wait.Reset()
		}
		l.loses(err)
		select {
		case <-l.ctx.Done():
		case <-time.After(wait.NextBackOff()):
		}
	}
}

// listen returns when the connection is lost, why, and whether there was one. What happened while there was none is in
// the checkpoint.
func (l *listener) listen() (connected bool, err error) {
	conn, err := pgx.ConnectConfig(l.ctx, l.config.Copy())
	if err != nil {
		return false, err
	}
	defer conn.Close(context.WithoutCancel(l.ctx)) //nolint:errcheck // nothing depends on it
	if _, err := conn.Exec(l.ctx, "LISTEN "+quote(channel(l.options.Schema))); err != nil {
		return false, err
	}
	var position int64
	if err := conn.QueryRow(l.ctx, "SELECT position FROM checkpoint").Scan(&position); err != nil {
		return false, err
	}
	l.returns()
	l.hub.Send(domain.Position(position))
	for {
		n, err := conn.WaitForNotification(l.ctx)
		if err != nil {
			return true, err
		}
		if p, err := strconv.ParseUint(n.Payload, 10, 64); err == nil {
			l.hub.Send(domain.Position(p))
		}
	}
}

func (l *listener) loses(err error) {
	if l.lost || l.ctx.Err() != nil {
		return
	}
	l.lost = true
	if l.options.Lost != nil {
		l.options.Lost(l.server(), err)
	}
}

func (l *listener) returns() {
	if l.lost && l.options.Back != nil {
		l.options.Back(l.server())
	}
	l.lost = false
}

func (l *listener) server() string {
	return net.JoinHostPort(l.config.Host, strconv.Itoa(int(l.config.Port))) + "/" + l.config.Database
}
