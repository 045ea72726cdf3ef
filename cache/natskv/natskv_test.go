package natskv_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/cache/cachetest"
	"github.com/kintolog/kintolog/cache/natskv"
	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
	"github.com/kintolog/kintolog/internal/natstest"
)

func TestCacheOfOneServer(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t, embedded.Config{Dir: t.TempDir()})
	run(t, 1, func(t testing.TB) *nats.Conn { return natstest.Connect(t, server) })
}

func TestCacheOfThreeReplicas(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes a while")
	}
	t.Parallel()
	cluster := natstest.NewCluster(t)
	run(t, 3, func(t testing.TB) *nats.Conn { return natstest.Dial(t, cluster.URLs()) })
}

func run(t *testing.T, replicas int, connect func(testing.TB) *nats.Conn) {
	t.Helper()
	var buckets atomic.Int32
	t.Run("suite", func(t *testing.T) { // ends before the servers do
		cachetest.Run(t, func(t testing.TB) cachetest.Fixture {
			config := natskv.Config{Bucket: fmt.Sprintf("cache%d", buckets.Add(1)), Replicas: replicas, MaxBytes: 1 << 20}
			return cachetest.Fixture{Cache: open(t, connect(t), config), Shared: open(t, connect(t), config)}
		})
	})
}

func open(t testing.TB, nc *nats.Conn, config natskv.Config) *natskv.Cache {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := natskv.Open(ctx, nc, config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTakenKeysLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	c := open(t, nc, natskv.Config{})
	for i := range 10 {
		key := fmt.Sprint(i)
		if err := c.Set(t.Context(), key, nil, time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := c.Take(t.Context(), key); err != nil || !ok {
			t.Fatalf("take: got %v %v, want a value", ok, err)
		}
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), "kintolog-cache")
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		status, err := kv.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if status.Values() == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %d messages in the bucket, want 0", status.Values())
		}
	}
}

func TestAFullCacheForgetsTheOldest(t *testing.T) {
	t.Parallel()
	c := open(t, natstest.Server(t), natskv.Config{MaxBytes: 100_000})
	for i := range 200 {
		if err := c.Set(t.Context(), fmt.Sprint(i), make([]byte, 1000), time.Hour); err != nil {
			t.Fatalf("set %d: %v", i, err)
		}
	}
	for key, want := range map[string]bool{"0": false, "199": true} {
		if _, ok, err := c.Get(t.Context(), key); err != nil || ok != want {
			t.Errorf("get %s: got %v %v, want %v", key, ok, err, want)
		}
	}
}

func TestABucketThatIsGoneIsMadeAgain(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	c, other := open(t, nc, natskv.Config{}), open(t, nc, natskv.Config{})
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	missing := func(take func(context.Context, string) ([]byte, bool, error)) error {
		if _, ok, err := take(t.Context(), "key"); err != nil || ok {
			return fmt.Errorf("got %v %w, want nothing", ok, err)
		}
		return nil
	}
	for name, do := range map[string]func() error{
		"set":   func() error { return c.Set(t.Context(), "key", []byte("new"), time.Hour) },
		"get":   func() error { return missing(c.Get) },
		"take":  func() error { return missing(c.Take) },
		"flush": func() error { return c.Flush(t.Context()) },
		"ping":  func() error { return c.Ping(t.Context()) },
	} {
		if err := c.Set(t.Context(), "key", []byte("old"), time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := js.DeleteStream(t.Context(), "KV_kintolog-cache"); err != nil { // which a server that keeps it in memory does when it restarts
			t.Fatal(err)
		}
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := other.Get(t.Context(), "key"); err != nil {
			t.Errorf("get after %s: %v", name, err)
		}
	}
}

func TestOpenRefusesABucketWithoutExpiry(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "other"}); err != nil {
		t.Fatal(err)
	}
	if _, err := natskv.Open(t.Context(), nc, natskv.Config{Bucket: "other"}); err == nil || !strings.Contains(err.Error(), "expire") {
		t.Errorf("open: got %v, want an error about expiry", err)
	}
}

func TestOpenRefusesABadConfiguration(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	for _, config := range []natskv.Config{{Bucket: "a.b"}, {Replicas: 2}, {MaxBytes: -1}} {
		if _, err := natskv.Open(t.Context(), nc, config); err == nil {
			t.Errorf("open with %+v: got no error", config)
		}
	}
}

func TestWhoAsksSeveralTimesWaitsOnceForAServerThatIsAway(t *testing.T) {
	t.Parallel()
	server := natstest.Listening(t)
	c := open(t, natstest.Dial(t, server.ClientURL()), natskv.Config{})
	server.Shutdown()
	server.WaitForShutdown()
	if _, _, err := c.Get(t.Context(), "key"); err == nil || errors.Is(err, natskv.ErrSilent) {
		t.Errorf("the first: got %v, want that there is no answer", err)
	}
	if _, _, err := c.Get(t.Context(), "key"); !errors.Is(err, natskv.ErrSilent) {
		t.Errorf("to read: got %v, want that nobody is asked", err)
	}
	if err := c.Set(t.Context(), "key", nil, time.Minute); !errors.Is(err, natskv.ErrSilent) {
		t.Errorf("to write: got %v, want that nobody is asked", err)
	}
}
