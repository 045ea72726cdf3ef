package server_test

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/internal/natstest"
	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/server"
)

// lines is a hook of a logger that passes on what is logged of connections.
type lines chan string

func (lines) Levels() []logrus.Level { return logrus.AllLevels }

func (l lines) Fire(e *logrus.Entry) error {
	if e.Data["server"] != nil {
		text, err := e.String()
		l <- fmt.Sprintf("%s: %s (%s)", e.Level, e.Message, e.Data["server"])
		if strings.Contains(text, "hush") {
			l <- "a secret is told: " + text
		}
		return err
	}
	return nil
}

// expect waits for the next lines.
func (l lines) expect(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for range want {
		select {
		case line := <-l:
			got = append(got, line)
		case <-time.After(30 * time.Second):
			t.Fatalf("nothing is told after %q, want %q", got, want)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is told: -want +got\n%s", diff)
	}
}

// endWith closes the service, which is nothing to tell.
func (l lines) endWith(t *testing.T, s *server.Server) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := len(l); n > 0 {
		t.Errorf("%d more lines are told, the first is %q", n, <-l)
	}
}

// telling gives a config a logger with a hook.
func telling(c *server.Config) lines {
	l := make(lines, 100)
	c.Logger = logrus.New()
	c.Logger.SetOutput(io.Discard)
	c.Logger.AddHook(l)
	return l
}

// doorkeeper refuses the next so many clients.
type doorkeeper struct{ refuses atomic.Int64 }

func (d *doorkeeper) Check(natsserver.ClientAuthentication) bool { return d.refuses.Add(-1) < 0 }

func TestALostLogIsToldOnceAndComesBackThoughItRefusesAtFirst(t *testing.T) {
	t.Parallel()
	dir, door := t.TempDir(), &doorkeeper{}
	nats1 := natstest.Listening(t, func(o *natsserver.Options) { o.StoreDir, o.CustomClientAuthentication = dir, door })
	address := nats1.Addr().String()
	var told lines
	s := start(t, func(_ *server.App, c *server.Config) {
		told = telling(c)
		c.Memory, c.DataDir = false, t.TempDir()
		c.Log = server.LogConfig{URL: "nats://hush@" + address, Options: []nats.Option{nats.ReconnectWait(10 * time.Millisecond)}}
	})
	nats1.Shutdown()
	nats1.WaitForShutdown()
	told.expect(t, "warning: the connection to NATS is lost, trying again ("+address+")")
	door.refuses.Store(4)
	natstest.Listening(t, func(o *natsserver.Options) {
		_, err := fmt.Sscanf(address[strings.LastIndex(address, ":"):], ":%d", &o.Port)
		if o.StoreDir, o.CustomClientAuthentication = dir, door; err != nil {
			t.Error(err)
		}
	})
	told.expect(
		t, "warning: NATS reports a failure ("+address+")", "info: the connection to NATS is back ("+address+")",
	)
	if w := ask(t, s, "alice", "PUT /buckets/b", ""); w.Code != 201 {
		t.Errorf("PUT /buckets/b: got %d %s", w.Code, w.Body)
	}
	told.endWith(t, s)
}

func TestALostDatabaseIsToldOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	var told lines
	s := start(t, func(_ *server.App, c *server.Config) {
		told = telling(c)
		c.Model = server.ModelConfig{Postgres: url}
	})
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	// The connection that hears of changes is made beside the start.
	const listening = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query = 'SELECT position FROM checkpoint'), pg_sleep(0.01)"
	for heard := false; !heard; {
		if err := conn.QueryRow(t.Context(), listening).Scan(&heard, nil); err != nil {
			t.Fatal(err)
		}
	}
	const kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
	if _, err := conn.Exec(t.Context(), kill); err != nil {
		t.Fatal(err)
	}
	where := fmt.Sprintf("%s:%d/%s", config.Host, config.Port, config.Database)
	told.expect(
		t, "warning: the connection to PostgreSQL is lost, trying again ("+where+")",
		"info: the connection to PostgreSQL is back ("+where+")",
	)
	told.endWith(t, s)
}
