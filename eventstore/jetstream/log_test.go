package jetstream_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
	"github.com/kintolog/kintolog/eventstore/logtest"
	"github.com/kintolog/kintolog/internal/natstest"
)

func TestLogIsThereAfterARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := map[string]eventstore.Tail{}
	var tail eventstore.Tail
	for run := range 3 {
		server := natstest.Start(t, embedded.Config{Dir: dir})
		nc := natstest.Connect(t, server)
		log := open(t, nc, jetstream.Config{})
		if got, err := log.Tail(t.Context()); err != nil || got != tail {
			t.Fatalf("Tail after restart %d = %v, %v, want %v", run, got, err, tail)
		}
		for i := range 5 {
			id := fmt.Sprintf("c%d-%d", run, i)
			var err error
			if tail, err = log.Append(t.Context(), tail, commit(id, 1+i%3)); err != nil {
				t.Fatal(err)
			}
			acknowledged[id] = tail
		}
		logtest.AssertWritten(t, log, acknowledged, len(acknowledged))
		nc.Close()
		server.Shutdown()
	}
}

func TestSeveralLogsShareAServer(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	for _, name := range []eventstore.Space{"one", "two"} {
		log := open(t, nc, jetstream.Config{Name: name})
		tail, err := log.Append(t.Context(), eventstore.Tail{}, commit("c", 2))
		if err != nil {
			t.Fatal(err)
		}
		logtest.AssertWritten(t, log, map[string]eventstore.Tail{"c": tail}, 1)
	}
}

func TestReadNoticesACorruptEntry(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*nats.Msg){
		"its payload":   func(m *nats.Msg) { m.Data = append(m.Data[:len(m.Data)-1:len(m.Data)-1], " ]"...) },
		"its subject":   func(m *nats.Msg) { m.Subject += ".x" },
		"its place":     func(m *nats.Msg) { m.Header.Set("Kintolog-Entry", "1/2") },
		"its commit":    func(m *nats.Msg) { m.Header.Set("Kintolog-Commit", "other") },
		"its hash":      func(m *nats.Msg) { m.Header.Set("Kintolog-Hash", strings.Repeat("0", 64)) },
		"no headers":    func(m *nats.Msg) { m.Header = nil },
		"not a batch":   func(m *nats.Msg) { m.Data = []byte("hello") },
		"hash too long": func(m *nats.Msg) { m.Header.Set("Kintolog-Hash", strings.Repeat("0", 66)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// What a log of the same entries holds, replayed with one entry changed.
			source := natstest.Server(t)
			log := open(t, source, jetstream.Config{})
			var tail eventstore.Tail
			for i := range 20 {
				var err error
				if tail, err = log.Append(t.Context(), tail, commit(fmt.Sprintf("c%d", i), 1)); err != nil {
					t.Fatal(err)
				}
			}
			target := natstest.Server(t)
			bad := open(t, target, jetstream.Config{})
			replay(t, source, target, 20, func(at int, m *nats.Msg) {
				if at == 12 {
					change(m)
				}
			})
			for after := range uint64(11) { // few entries and many are read differently
				seen, err := after, error(nil)
				for e, each := range bad.Read(t.Context(), domain.Position(after)) {
					if err = each; err == nil {
						seen = uint64(e.Position)
					}
				}
				if !errors.Is(err, eventstore.ErrCorrupt) || seen != 11 {
					t.Errorf("Read(%d) ends with %v after entry %d, want ErrCorrupt after 11", after, err, seen)
				}
			}
		})
	}
}

// replay publishes the first n messages of one server's log on another.
func replay(t *testing.T, from, to *nats.Conn, n int, change func(int, *nats.Msg)) {
	t.Helper()
	source, err := natsjs.New(from)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := source.Stream(t.Context(), "kintolog")
	if err != nil {
		t.Fatal(err)
	}
	for at := 1; at <= n; at++ {
		raw, err := stream.GetMsg(t.Context(), uint64(at))
		if err != nil {
			t.Fatal(err)
		}
		msg := &nats.Msg{Subject: raw.Subject, Header: raw.Header, Data: raw.Data}
		msg.Header.Del("Nats-Expected-Last-Sequence")
		change(at, msg)
		if _, err := to.RequestMsg(msg, 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenRefusesAStreamThatBreaksAPromise(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for i, test := range []struct {
		want   string
		change func(*natsjs.StreamConfig)
	}{
		{"kept in memory", func(c *natsjs.StreamConfig) { c.Storage = natsjs.MemoryStorage }},
		{"deny_delete", func(c *natsjs.StreamConfig) { c.DenyDelete = false }},
		{"deny_purge", func(c *natsjs.StreamConfig) { c.DenyPurge = false }},
		{"discard", func(c *natsjs.StreamConfig) { c.Discard = natsjs.DiscardOld }},
		{"retention", func(c *natsjs.StreamConfig) { c.Retention = natsjs.InterestPolicy }},
		{"max_age", func(c *natsjs.StreamConfig) { c.MaxAge = time.Hour }},
		{"max_msgs_per_subject", func(c *natsjs.StreamConfig) { c.MaxMsgsPerSubject = 10 }},
		{"allow_atomic", func(c *natsjs.StreamConfig) { c.AllowAtomicPublish = false }},
		{"async", func(c *natsjs.StreamConfig) { c.AllowAtomicPublish, c.PersistMode = false, natsjs.AsyncPersistMode }},
		{"no_ack", func(c *natsjs.StreamConfig) { c.NoAck = true }},
		{"allow_msg_ttl", func(c *natsjs.StreamConfig) { c.AllowMsgTTL = true }},
		{"subjects", func(c *natsjs.StreamConfig) { c.Subjects = c.Subjects[:2] }},
		{"position 1", func(c *natsjs.StreamConfig) { c.FirstSeq = 100 }},
	} {
		name := eventstore.Space(fmt.Sprintf("log%d", i))
		good := natsjs.StreamConfig{
			Name: string(name), Subjects: name.Subjects(), Storage: natsjs.FileStorage, Replicas: 1,
			Discard: natsjs.DiscardNew, DenyDelete: true, DenyPurge: true, AllowAtomicPublish: true,
		}
		test.change(&good)
		if _, err := js.CreateStream(t.Context(), good); err != nil {
			t.Fatalf("create a stream with %s: %v", test.want, err)
		}
		_, err := jetstream.Open(t.Context(), nc, jetstream.Config{Name: name})
		if err == nil || test.want != "async" && !strings.Contains(err.Error(), test.want) {
			t.Errorf("Open = %v, want an error about %q", err, test.want)
		}
	}
}

func TestOpenRefusesABadConfiguration(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	for _, config := range []jetstream.Config{
		{Replicas: 2}, {Replicas: 5}, {Name: "a.b"}, {Name: "a b"}, {Name: "x-secret"}, {AckWait: -1},
	} {
		if _, err := jetstream.Open(t.Context(), nc, config); err == nil {
			t.Errorf("Open(%+v) succeeded", config)
		}
	}
}

func TestOpenSaysWhyAServerCannotHoldTheLog(t *testing.T) {
	t.Parallel()
	without := natstest.Listening(t, func(o *server.Options) { o.JetStream = false })
	for url, want := range map[string]string{
		without.ClientURL(): "must have it switched on", greeter(t, "2.11.9"): "NATS 2.11.9 is too old, 2.12 or later",
	} {
		nc, err := nats.Connect(url)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if _, err := jetstream.Open(t.Context(), nc, jetstream.Config{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open = %v, want %q", err, want)
		}
	}
}

// greeter is the URL of a NATS server of some version, which does nothing but greet.
func greeter(t *testing.T, version string) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		client, err := l.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		_, _ = fmt.Fprintf(client, "INFO {\"server_id\":\"x\",\"version\":%q,\"headers\":true,\"max_payload\":1048576}\r\n", version)
		for lines := bufio.NewScanner(client); lines.Scan(); {
			if lines.Text() == "PING" {
				_, _ = fmt.Fprint(client, "PONG\r\n")
			}
		}
	}()
	return "nats://" + l.Addr().String()
}

func TestReadEndsWhenTheConnectionIsClosed(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	log := open(t, nc, jetstream.Config{})
	if _, err := log.Append(t.Context(), eventstore.Tail{}, commit("c", 1)); err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range log.Follow(t.Context(), 0) {
		if last = err; err == nil {
			nc.Close()
		}
	}
	if !errors.Is(last, nats.ErrConnectionClosed) {
		t.Errorf("Follow ends with %v, want ErrConnectionClosed", last)
	}
	if _, err := log.Append(t.Context(), eventstore.Tail{}, commit("d", 1)); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("Append on a closed connection = %v, want ErrConnectionClosed", err)
	}
}

func TestCheckDurabilityTellsWhatServersDo(t *testing.T) {
	t.Parallel()
	always := natstest.Listening(t)
	later := natstest.Listening(t, func(o *server.Options) { o.SyncAlways, o.SyncInterval = false, time.Minute })
	plain := natstest.Listening(t, func(o *server.Options) { o.JetStream = false })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var urls []string
	for _, s := range []*server.Server{always, later, plain} {
		urls = append(urls, "http://"+s.MonitorAddr().String())
	}
	got := jetstream.CheckDurability(ctx, append(urls, "http://127.0.0.1:1")...)
	if len(got) != 4 {
		t.Fatalf("%d answers, want 4", len(got))
	}
	if d := got[0]; !d.Known || !d.SyncAlways || d.Server != always.Name() {
		t.Errorf("server that syncs always: %+v", d)
	}
	if d := got[1]; !d.Known || d.SyncAlways || d.SyncInterval != time.Minute {
		t.Errorf("server that syncs every minute: %+v", d)
	}
	for _, d := range got[2:] {
		if d.Known || d.Err == nil {
			t.Errorf("server that cannot be asked: %+v", d)
		}
	}
}

func TestALogThatEndsWithinACommitTakesNothing(t *testing.T) {
	t.Parallel()
	source, target := natstest.Server(t), natstest.Server(t)
	whole, broken := open(t, source, jetstream.Config{}), open(t, target, jetstream.Config{})
	if _, err := whole.Append(t.Context(), eventstore.Tail{}, commit("c", 3)); err != nil {
		t.Fatal(err)
	}
	replay(t, source, target, 2, func(_ int, m *nats.Msg) {
		for _, name := range []string{"Nats-Batch-Id", "Nats-Batch-Sequence", "Nats-Expected-Stream"} {
			m.Header.Del(name)
		}
	})
	if tail, err := broken.Tail(t.Context()); !errors.Is(err, eventstore.ErrCorrupt) {
		t.Errorf("Tail = %v, %v, want ErrCorrupt: what is appended there could not be read", tail, err)
	}
	for e, err := range broken.Read(t.Context(), 0) {
		if !errors.Is(err, eventstore.ErrCorrupt) {
			t.Errorf("Read yields entry %d, %v, want ErrCorrupt", e.Position, err)
		}
	}
}

func TestTheTailIsTheEndOfACommit(t *testing.T) {
	t.Parallel()
	const endpoints = 50
	server := natstest.Listening(t)
	writer, reader := open(t, natstest.Dial(t, server.ClientURL()), jetstream.Config{}), open(t, natstest.Dial(t, server.ClientURL()), jetstream.Config{})
	written := make(chan error, 1)
	go func() {
		var tail eventstore.Tail
		var err error
		for i := 0; i < 100 && err == nil; i++ {
			tail, err = writer.Append(t.Context(), tail, commit(fmt.Sprintf("c%d", i), endpoints))
		}
		written <- err
	}()
	for {
		select {
		case err := <-written:
			if err != nil {
				t.Error(err)
			}
			return
		default:
		}
		if tail, err := reader.Tail(t.Context()); err != nil || tail.Position%endpoints != 0 {
			t.Errorf("Tail = %d, %v, want the end of a commit of %d entries", tail.Position, err, endpoints)
		}
	}
}
