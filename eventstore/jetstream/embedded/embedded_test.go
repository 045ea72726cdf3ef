package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
	"github.com/kintolog/kintolog/eventstore/logtest"
	"github.com/kintolog/kintolog/internal/natstest"
)

func TestStartRefusesAFolderInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := natstest.Start(t, embedded.Config{Dir: dir})
	if _, err := embedded.Start(embedded.Config{Dir: dir}); !errors.Is(err, embedded.ErrLocked) {
		t.Errorf("second Start = %v, want ErrLocked", err)
	}
	again := exec.Command(os.Args[0], "-test.run=^TestStartInAnotherProcess$", "-test.v")
	again.Env = append(os.Environ(), "EMBEDDED_TEST_DIR="+dir)
	if out, err := again.CombinedOutput(); err != nil || !strings.Contains(string(out), embedded.ErrLocked.Error()) {
		t.Errorf("Start in another process says %v:\n%s", err, out)
	}
	first.Shutdown()
	natstest.Start(t, embedded.Config{Dir: dir})
}

// TestStartInAnotherProcess is the other process.
func TestStartInAnotherProcess(t *testing.T) { //nolint:paralleltest // it is the other process
	dir := os.Getenv("EMBEDDED_TEST_DIR")
	if dir == "" {
		t.Skip("runs as part of TestStartRefusesAFolderInUse")
	}
	_, err := embedded.Start(embedded.Config{Dir: dir})
	t.Log(err)
}

func TestStartRefusesAnAddressInUse(t *testing.T) {
	t.Parallel()
	other, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	s, err := embedded.Start(embedded.Config{Dir: t.TempDir(), Listen: other.Addr().String()})
	if err == nil {
		s.Shutdown()
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("Start where somebody else listens = %v, want EADDRINUSE", err)
	}
}

func TestStartRefusesABadConfiguration(t *testing.T) {
	t.Parallel()
	for _, config := range []embedded.Config{
		{}, {Dir: t.TempDir(), Listen: "nowhere"}, {Dir: t.TempDir(), Listen: "127.0.0.1:x"}, {Dir: t.TempDir(), Log: "a.b"},
	} {
		if s, err := embedded.Start(config); err == nil {
			s.Shutdown()
			t.Errorf("Start(%+v) succeeded", config)
		}
	}
}

func TestSyncsUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		config embedded.Config
		want   bool
	}{
		{embedded.Config{Dir: t.TempDir()}, true},
		{embedded.Config{Dir: t.TempDir(), NoSync: true}, false},
		{embedded.Config{Memory: true}, false},
	} {
		if got := natstest.Start(t, test.config).SyncsAlways(); got != test.want {
			t.Errorf("SyncsAlways() with %+v = %v, want %v", test.config, got, test.want)
		}
	}
}

func TestIntactTellsThatTheFolderIsGone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	s := natstest.Start(t, embedded.Config{Dir: dir})
	if err := s.Intact(); err != nil {
		t.Errorf("at first: got %v", err)
	}
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := s.Intact(); err == nil {
		t.Error("without the folder: got no error")
	}
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := s.Intact(); err == nil {
		t.Error("with another folder: got no error")
	}
}

// subscriber is an anonymous connection from outside, and its errors.
func subscriber(t *testing.T, url string) (*nats.Conn, <-chan error) {
	t.Helper()
	refused := make(chan error, 64)
	nc, err := nats.Connect(url, nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc, refused
}

func setup(t *testing.T) (*embedded.Server, *jetstream.Log) {
	t.Helper()
	server := natstest.Start(t, embedded.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	log, err := jetstream.Open(t.Context(), natstest.Connect(t, server), jetstream.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return server, log
}

func TestSubscribersSeeWhatIsNotSecret(t *testing.T) {
	t.Parallel()
	server, log := setup(t)
	nc, _ := subscriber(t, server.URL())
	sub, err := nc.SubscribeSync("kintolog.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	secret := logtest.Event("/accounts/alice", domain.Updated)
	secret.Secret = true
	events := []domain.Event{secret, logtest.Event("/buckets/blog", domain.Created)}
	if _, err := log.Append(t.Context(), eventstore.Tail{}, eventstore.Commit{ID: "c", Events: events}); err != nil {
		t.Fatal(err)
	}
	msg, err := sub.NextMsg(5 * time.Second)
	if err != nil || msg.Subject != "kintolog.buckets" {
		t.Errorf("subscriber gets %v, %v, want the message on kintolog.buckets", msg, err)
	}
	if n, _, _ := sub.Pending(); n != 0 {
		t.Errorf("%d more messages, want none", n)
	}
}

func TestSubscribersMayDoNothingElse(t *testing.T) {
	t.Parallel()
	server, log := setup(t)
	tail, err := log.Append(t.Context(), eventstore.Tail{}, eventstore.Commit{ID: "c", Events: logtest.Events()})
	if err != nil {
		t.Fatal(err)
	}
	nc, refused := subscriber(t, server.URL())
	expect := func(what string) {
		t.Helper()
		select {
		case err := <-refused:
			if !errors.Is(err, nats.ErrPermissionViolation) {
				t.Errorf("%s: %v, want a permission violation", what, err)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s is not refused", what)
		}
	}
	for _, subject := range []string{">", "kintolog-secret.>", "kintolog-secret", "*.accounts", "_KINTOLOG_INBOX.>", "$JS.>", "$SYS.>"} {
		if _, err := nc.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
		expect("subscribe " + subject)
	}
	for _, subject := range []string{
		"kintolog.buckets", "kintolog", "kintolog-secret.accounts", "$JS.API.STREAM.DELETE.kintolog", "$JS.API.STREAM.INFO.kintolog",
		"$JS.API.STREAM.MSG.GET.kintolog", "$JS.API.DIRECT.GET.kintolog", "$JS.API.STREAM.PURGE.kintolog",
		"$JS.API.CONSUMER.CREATE.kintolog", "$JS.API.CONSUMER.CREATE.kintolog.x.kintolog.>", "$JS.kintolog.API.STREAM.DELETE.kintolog",
		"$JS.API.CONSUMER.CREATE.kintolog.x", "$JS.API.CONSUMER.CREATE.kintolog.x.>",
		"$JS.API.CONSUMER.CREATE.kintolog.x.kintolog-secret.>", "$JS.API.CONSUMER.DURABLE.CREATE.kintolog.x",
		"$JS.API.CONSUMER.DELETE.kintolog.x", "$JS.API.CONSUMER.NAMES.kintolog", "_KINTOLOG_INBOX.x", "anything",
	} {
		if err := nc.Publish(subject, nil); err != nil {
			t.Fatal(err)
		}
		expect("publish " + subject)
	}
	if got, err := log.Tail(t.Context()); err != nil || got != tail {
		t.Errorf("Tail = %v, %v, want %v as before", got, err, tail)
	}
}

// consumer is what an outside program would set up; change makes it something else.
func consumer(t *testing.T, nc *nats.Conn, change func(*natsjs.ConsumerConfig)) (natsjs.Consumer, error) {
	t.Helper()
	js, err := natsjs.NewWithDomain(nc, "kintolog")
	if err != nil {
		t.Fatal(err)
	}
	config := natsjs.ConsumerConfig{Durable: "app", FilterSubject: "kintolog.>", AckPolicy: natsjs.AckExplicitPolicy}
	change(&config)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	return js.CreateOrUpdateConsumer(ctx, "kintolog", config)
}

func TestSubscribersReadThePastThroughConsumers(t *testing.T) {
	t.Parallel()
	server, log := setup(t)
	var tail eventstore.Tail
	for _, event := range logtest.Events() {
		var err error
		if tail, err = log.Append(t.Context(), tail, eventstore.Commit{ID: "c", Events: []domain.Event{event}}); err != nil {
			t.Fatal(err)
		}
	}
	var want []uint64
	for e, err := range log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if !e.Events[0].Secret && e.Plural != "" {
			want = append(want, uint64(e.Position))
		}
	}
	var got []uint64
	for range want { // each time on, from where it was
		nc, _ := subscriber(t, server.URL())
		c, err := consumer(t, nc, func(*natsjs.ConsumerConfig) {})
		if err != nil {
			t.Fatal(err)
		}
		batch, err := c.Fetch(1, natsjs.FetchMaxWait(5*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		for msg := range batch.Messages() {
			meta, err := msg.Metadata()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, meta.Sequence.Stream)
			if err := msg.DoubleAck(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("consumer delivers the entries %v, want %v", got, want)
	}
}

func TestSubscribersLearnFromTheLogThatItWasFlushed(t *testing.T) {
	t.Parallel()
	server, log := setup(t)
	var tail eventstore.Tail
	for _, event := range []domain.Event{
		{Action: domain.Started, Object: domain.Object{LastModified: 1}},
		logtest.Event("/buckets/blog", domain.Created),
		{Action: domain.Flushed, Object: domain.Object{LastModified: 2}},
	} {
		var err error
		if tail, err = log.Append(t.Context(), tail, eventstore.Commit{ID: "c", Events: []domain.Event{event}}); err != nil {
			t.Fatal(err)
		}
	}
	nc, _ := subscriber(t, server.URL())
	c, err := consumer(t, nc, func(c *natsjs.ConsumerConfig) { c.FilterSubject = "kintolog" })
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []uint64{1, 3} {
		m, err := c.Next(natsjs.FetchMaxWait(5 * time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if meta, err := m.Metadata(); err != nil || meta.Sequence.Stream != want {
			t.Errorf("got the entry %v, %v, want %d", meta, err, want)
		}
	}
}

func TestConsumersHearOnlyWhatIsInTheLog(t *testing.T) {
	t.Parallel()
	server, log := setup(t)
	nc, _ := subscriber(t, server.URL())
	c, err := consumer(t, nc, func(*natsjs.ConsumerConfig) {})
	if err != nil {
		t.Fatal(err)
	}
	tail, err := log.Append(t.Context(), eventstore.Tail{}, eventstore.Commit{
		ID: "a", Events: []domain.Event{logtest.Event("/buckets/a", domain.Created)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, attempt := range []struct {
		id    string
		after eventstore.Tail
		want  error
	}{{"late", eventstore.Tail{}, eventstore.ErrConflict}, {"b", tail, nil}} {
		commit := eventstore.Commit{ID: attempt.id, Events: []domain.Event{logtest.Event("/buckets/b", domain.Created)}}
		if _, err := log.Append(t.Context(), attempt.after, commit); !errors.Is(err, attempt.want) {
			t.Fatalf("append %s: got %v, want %v", attempt.id, err, attempt.want)
		}
	}
	for _, want := range []string{"a", "b"} {
		m, err := c.Next(natsjs.FetchMaxWait(5 * time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Headers().Get("Kintolog-Commit"); got != want {
			t.Errorf("got the commit %s, want %s", got, want)
		}
	}
}

func TestSubscribersCannotMakeAConsumerDoHarm(t *testing.T) {
	t.Parallel()
	server, log := setup(t)
	secret := logtest.Event("/accounts/alice", domain.Updated)
	secret.Secret = true
	events := []domain.Event{logtest.Event("/buckets/a", domain.Created), secret}
	tail, err := log.Append(t.Context(), eventstore.Tail{}, eventstore.Commit{ID: "c", Events: events})
	if err != nil {
		t.Fatal(err)
	}
	nc, _ := subscriber(t, server.URL())
	for name, change := range map[string]func(*natsjs.ConsumerConfig){
		"secrets":    func(c *natsjs.ConsumerConfig) { c.FilterSubject = "kintolog-secret.>" },
		"everything": func(c *natsjs.ConsumerConfig) { c.FilterSubject = "" },
		"both": func(c *natsjs.ConsumerConfig) {
			c.FilterSubject, c.FilterSubjects = "", []string{"kintolog.>", "kintolog-secret.>"}
		},
		"all wildcards": func(c *natsjs.ConsumerConfig) { c.FilterSubject = ">" },
	} {
		if _, err := consumer(t, nc, change); err == nil {
			t.Errorf("a consumer of %s can be made", name)
		}
	}
	for name, config := range map[string]string{
		"secrets":  `"filter_subject":"kintolog-secret.>"`,
		"several":  `"filter_subject":"kintolog.>","filter_subjects":["kintolog-secret.>"]`,
		"nothing":  `"filter_subjects":["kintolog-secret.>"]`,
		"the log":  `"filter_subject":"kintolog.>","deliver_subject":"kintolog.buckets"`,
		"the log2": `"filter_subject":"kintolog.>","deliver_subject":"kintolog-secret.accounts"`,
	} {
		request := `{"stream_name":"kintolog","config":{"name":"x","ack_policy":"none",` + config + `}}`
		reply, err := nc.Request("$JS.kintolog.API.CONSUMER.CREATE.kintolog.x.kintolog.>", []byte(request), 5*time.Second)
		if err != nil || !strings.Contains(string(reply.Data), `"error"`) {
			t.Errorf("a consumer that names %s in the request only: %v, %s", name, err, reply.Data)
		}
	}
	c, err := consumer(t, nc, func(c *natsjs.ConsumerConfig) { c.HeadersOnly = true })
	if err != nil {
		t.Fatal(err)
	}
	sub, err := nc.SubscribeSync("kintolog.buckets")
	if err != nil {
		t.Fatal(err)
	}
	// The first request gets the entry, the others get the answer that there is none. What is
	// delivered into the log would be stored; it arrives in the subscriber's own account instead.
	for _, reply := range []string{
		"kintolog.buckets", "kintolog-secret.accounts", "$JS.API.STREAM.DELETE.kintolog", "$JS.API.STREAM.PURGE.kintolog", "kintolog.buckets",
	} {
		request := &nats.Msg{Subject: "$JS.kintolog.API.CONSUMER.MSG.NEXT.kintolog." + c.CachedInfo().Name, Reply: reply, Data: []byte(`{"batch":1,"no_wait":true}`)}
		if err := nc.PublishMsg(request); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := sub.NextMsg(5 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := log.Append(t.Context(), tail, eventstore.Commit{ID: "d", Events: events}); err != nil {
		t.Errorf("Append = %v, %v, want the log as it was", got, err)
	}
}

// loud keeps what a server says.
type loud struct {
	mu   sync.Mutex
	said []string
}

func (l *loud) Warnf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, fmt.Sprintf(format, args...))
}

func (l *loud) Errorf(format string, args ...any) { l.Warnf(format, args...) }

func TestItStartsWithoutComplaints(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"", "127.0.0.1:0"} {
		var logger loud
		s := natstest.Start(t, embedded.Config{Dir: t.TempDir(), Listen: listen, Logger: &logger})
		nc, err := s.Connect()
		if err != nil {
			t.Fatalf("connect: %v", err)
		}
		nc.Close()
		s.Shutdown()
		if len(logger.said) > 0 {
			t.Errorf("listening at %q it said %q", listen, logger.said)
		}
	}
}
