package embedded_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

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
func TestStartInAnotherProcess(t *testing.T) {
	dir := os.Getenv("EMBEDDED_TEST_DIR")
	if dir == "" {
		t.Skip("runs as part of TestStartRefusesAFolderInUse")
	}
	_, err := embedded.Start(embedded.Config{Dir: dir})
	t.Log(err)
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
	for _, subject := range []string{">", "kintolog-secret.>", "kintolog-secret", "*.accounts", "_KINTOLOG_INBOX.>", "_INBOX.>", "$JS.>", "$SYS.>"} {
		if _, err := nc.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
		expect("subscribe " + subject)
	}
	for _, subject := range []string{
		"kintolog.buckets", "kintolog", "kintolog-secret.accounts", "$JS.API.STREAM.DELETE.kintolog", "$JS.API.STREAM.INFO.kintolog",
		"$JS.API.STREAM.MSG.GET.kintolog", "$JS.API.DIRECT.GET.kintolog", "$JS.API.CONSUMER.CREATE.kintolog.x.kintolog.>",
		"_KINTOLOG_INBOX.x", "anything",
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
