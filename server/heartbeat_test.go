package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/internal/natstest"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/server"
)

// well is a heartbeat with exceptions. What is kept in memory need not be durable.
func well(changes map[string]any) map[string]any {
	all := map[string]any{
		"log": true, "log_durable": nil, "storage": true, "permission": true, "cache": true, "projection": true,
	}
	maps.Copy(all, changes)
	return all
}

func TestTheHeartbeatNamesWhatFails(t *testing.T) {
	t.Parallel()
	s := start(t, func(a *server.App, c *server.Config) {
		c.HeartbeatTimeout = 100 * time.Millisecond
		a.Plugins = []server.Plugin{{Name: "x", Heartbeats: map[string]func(context.Context) error{
			"fine":   func(context.Context) error { return nil },
			"broken": func(context.Context) error { return errors.New("broken") },
			"panics": func(context.Context) error { panic("out of order") },
			"hangs":  func(context.Context) error { <-t.Context().Done(); return nil },
		}}}
	})
	w := ask(t, s, "", "GET /__heartbeat__", "")
	want := well(map[string]any{"fine": true, "broken": false, "panics": false, "hangs": false})
	if diff := cmp.Diff(want, decoded(t, w)); diff != "" || w.Code != 503 {
		t.Errorf("got %d, want 503; -want +got\n%s", w.Code, diff)
	}
}

func TestTheHeartbeatOfADurableServiceIsWell(t *testing.T) {
	t.Parallel()
	s := start(t, func(_ *server.App, c *server.Config) { c.Memory, c.DataDir = false, t.TempDir() })
	w := ask(t, s, "", "GET /__heartbeat__", "")
	if diff := cmp.Diff(well(map[string]any{"log_durable": true}), decoded(t, w)); diff != "" || w.Code != 200 {
		t.Errorf("got %d, want 200; -want +got\n%s", w.Code, diff)
	}
}

// mute is a log that does not answer once it is told not to.
type mute struct {
	eventstore.Log
	now *atomic.Bool
}

func (s mute) Tail(ctx context.Context) (eventstore.Tail, error) {
	if s.now.Load() {
		<-ctx.Done()
		return eventstore.Tail{}, ctx.Err()
	}
	return s.Log.Tail(ctx)
}

// failures is a hook of a logger that keeps why checks of the heartbeat fail.
type failures map[string]string

func (failures) Levels() []logrus.Level { return logrus.AllLevels }

func (f failures) Fire(e *logrus.Entry) error {
	if check, ok := e.Data["check"].(string); ok {
		f[check] = fmt.Sprint(e.Data[logrus.ErrorKey])
	}
	return nil
}

func TestTheHeartbeatTellsTheOperatorWhoDoesNotAnswer(t *testing.T) {
	t.Parallel()
	told := failures{}
	var hush atomic.Bool
	nats := natstest.Listening(t)
	s := start(t, func(a *server.App, c *server.Config) {
		c.Log.URL = nats.ClientURL()
		c.Cache.Shared, c.HeartbeatTimeout = true, 200*time.Millisecond
		c.Logger = logrus.New()
		c.Logger.SetOutput(io.Discard)
		c.Logger.AddHook(told)
		a.Plugins = []server.Plugin{{
			Name: "x", Wrap: server.Wrappers{Log: func(l eventstore.Log) eventstore.Log { return mute{l, &hush} }},
			Heartbeats: map[string]func(context.Context) error{"hangs": func(context.Context) error { <-t.Context().Done(); return nil }},
		}}
	})
	hush.Store(true)
	expect := func(want map[string]string) {
		t.Helper()
		clear(told)
		ask(t, s, "", "GET /__heartbeat__", "")
		for check, reason := range want {
			if !strings.Contains(told[check], reason) {
				t.Errorf("of %s got %q, want %q", check, told[check], reason)
			}
		}
	}
	address := nats.Addr().String()
	expect(map[string]string{
		"log": "the log does not answer: context deadline exceeded (connected to NATS at " + address + ")", "hangs": "no answer within 200ms",
	})
	nats.Shutdown()
	nats.WaitForShutdown()
	away := "(not connected to NATS, which is tried at " + address + ")"
	expect(map[string]string{"log": away, "cache": away, "projection": away})
}

// stuck is a read model that takes nothing any more once it is told to.
type stuck struct {
	projections.Store
	now *atomic.Bool
}

func (s stuck) Apply(ctx context.Context, c projections.Change) error {
	if s.now.Load() {
		return projections.ErrUnavailable
	}
	return s.Store.Apply(ctx, c)
}

// diverged is a read model that turns out to be another log's.
type diverged struct{ projections.Store }

func (d diverged) Apply(ctx context.Context, c projections.Change) error {
	if c.From.Position == 0 {
		return d.Store.Apply(ctx, c)
	}
	return projections.ErrDiverged
}

func TestAProjectorThatGivesUpIsTold(t *testing.T) {
	t.Parallel()
	var told bytes.Buffer
	s := start(t, func(a *server.App, c *server.Config) {
		c.Logger = logrus.New()
		c.Logger.SetOutput(&told)
		c.Readable = 10 * time.Second
		a.Plugins = []server.Plugin{{Name: "x", Wrap: server.Wrappers{
			Model: func(m projections.Store) projections.Store { return diverged{m} },
		}}}
	})
	ask(t, s, "alice", "PUT /buckets/b", "")
	if err := s.Close(); err != nil { // after which nothing is told any more
		t.Error(err)
	}
	if line := told.String(); !strings.Contains(line, "is not kept up with the log any more") || !strings.Contains(line, projections.ErrDiverged.Error()) {
		t.Errorf("got %s", line)
	}
}

func TestTheHeartbeatFailsWhenTheReadModelStaysBehind(t *testing.T) {
	t.Parallel()
	var refuse atomic.Bool
	s := start(t, func(a *server.App, c *server.Config) {
		c.Readable, c.HeartbeatTimeout = time.Millisecond, time.Second
		a.Plugins = []server.Plugin{{Name: "x", Wrap: server.Wrappers{
			Model: func(m projections.Store) projections.Store { return stuck{m, &refuse} },
		}}}
	})
	refuse.Store(true)
	if w := ask(t, s, "alice", "PUT /buckets/b", ""); w.Code != 201 {
		t.Fatalf("PUT /buckets/b: got %d %s", w.Code, w.Body)
	}
	w := ask(t, s, "", "GET /__heartbeat__", "")
	if diff := cmp.Diff(well(map[string]any{"projection": false}), decoded(t, w)); diff != "" || w.Code != 503 {
		t.Errorf("got %d, want 503; -want +got\n%s", w.Code, diff)
	}
}

// ahead is a log that says to be longer than it is, or, by a number that overflows, shorter.
type ahead struct {
	eventstore.Log
	by *atomic.Uint64
}

func (a ahead) Tail(ctx context.Context) (eventstore.Tail, error) {
	tail, err := a.Log.Tail(ctx)
	tail.Position += domain.Position(a.by.Load())
	return tail, err
}

func TestTheHeartbeatDoesNotWaitForAReadModelThatIsFarBehind(t *testing.T) {
	t.Parallel()
	var lag atomic.Uint64
	s := start(t, func(a *server.App, c *server.Config) {
		c.MaxLag, c.HeartbeatTimeout = 5, time.Hour
		a.Plugins = []server.Plugin{{Name: "x", Wrap: server.Wrappers{
			Log: func(l eventstore.Log) eventstore.Log { return ahead{l, &lag} },
		}}}
	})
	lag.Store(6)
	w := ask(t, s, "", "GET /__heartbeat__", "")
	if diff := cmp.Diff(well(map[string]any{"projection": false}), decoded(t, w)); diff != "" || w.Code != 503 {
		t.Errorf("got %d, want 503; -want +got\n%s", w.Code, diff)
	}
}

func TestTheHeartbeatFailsWhenTheLogHasLostItsEnd(t *testing.T) {
	t.Parallel()
	var by atomic.Uint64
	s := start(t, func(a *server.App, _ *server.Config) {
		a.Plugins = []server.Plugin{{Name: "x", Wrap: server.Wrappers{
			Log: func(l eventstore.Log) eventstore.Log { return ahead{l, &by} },
		}}}
	})
	by.Store(math.MaxUint64) // one entry less
	w := ask(t, s, "", "GET /__heartbeat__", "")
	if diff := cmp.Diff(well(map[string]any{"projection": false}), decoded(t, w)); diff != "" || w.Code != 503 {
		t.Errorf("got %d, want 503; -want +got\n%s", w.Code, diff)
	}
}

// writes counts what is written to a cache.
type writes struct {
	domain.Cache
	n *int
}

func (w writes) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	*w.n++
	return w.Cache.Set(ctx, key, value, ttl)
}

func TestTheHeartbeatWritesNothingInReadOnlyMode(t *testing.T) {
	t.Parallel()
	for _, readOnly := range []bool{true, false} {
		n := 0
		s := start(t, func(a *server.App, c *server.Config) {
			c.Web.ReadOnly = readOnly
			a.Plugins = []server.Plugin{{Name: "x", Wrap: server.Wrappers{
				Cache: func(inner domain.Cache) domain.Cache { return writes{inner, &n} },
			}}}
		})
		w := ask(t, s, "", "GET /__heartbeat__", "")
		if diff := cmp.Diff(well(nil), decoded(t, w)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if wrote := n > 0; wrote == readOnly {
			t.Errorf("read-only %v: got %d writes", readOnly, n)
		}
	}
}
