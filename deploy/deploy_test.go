// Package deploy has no code: its test makes sure that the files beside it mean what they say.
package deploy

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
)

// environment is what compose.yaml gives to a NATS server.
func environment(t *testing.T, name string) {
	t.Helper()
	for variable, value := range map[string]string{
		"NATS_NAME": name, "NATS_OWNER_PASSWORD": `"123"`, "NATS_SUBSCRIBER_PASSWORD": `"456"`,
		"NATS_CLUSTER_PASSWORD": `"cluster"`,
	} {
		t.Setenv(variable, value)
	}
	for i := range 3 {
		t.Setenv(fmt.Sprintf("NATS_ROUTE%d", i+1), fmt.Sprintf("nats://cluster:cluster@nats%d:6222", i+1))
	}
}

// parse reads nats.conf as the server of that name does.
func parse(t *testing.T, name string) *server.Options {
	t.Helper()
	environment(t, name)
	options, err := server.ProcessConfigFile("nats.conf")
	if err != nil {
		t.Fatal(err)
	}
	return options
}

func TestNATSConfigurationIsDurable(t *testing.T) { //nolint:paralleltest // it sets the environment
	o := parse(t, "nats1")
	if !o.SyncAlways || !o.JetStream || o.StoreDir != "/data" {
		t.Errorf("sync always %t, jetstream %t, folder %q", o.SyncAlways, o.JetStream, o.StoreDir)
	}
	if o.MaxPayload != embedded.MaxPayload {
		t.Errorf("messages of %d bytes, the embedded server takes %d", o.MaxPayload, embedded.MaxPayload)
	}
	var routes []string
	for _, r := range o.Routes {
		routes = append(routes, r.Host)
	}
	if want := []string{"nats1:6222", "nats2:6222", "nats3:6222"}; !slices.Equal(routes, want) {
		t.Errorf("routes are %q, want %q", routes, want)
	}
}

// cluster runs three servers with nats.conf, on this machine and free ports.
func cluster(t *testing.T) string {
	t.Helper()
	var routes []*url.URL
	var ports []int
	for range 3 {
		ports = append(ports, freePort(t))
		routes = append(routes, &url.URL{
			Scheme: "nats", User: url.UserPassword("cluster", "cluster"), Host: fmt.Sprintf("127.0.0.1:%d", ports[len(ports)-1]),
		})
	}
	var urls []string
	for i, port := range ports {
		o := parse(t, fmt.Sprintf("nats%d", i+1))
		o.Host, o.Port, o.HTTPPort = "127.0.0.1", server.RANDOM_PORT, 0
		o.Cluster.Host, o.Cluster.Port, o.Routes = "127.0.0.1", port, routes
		o.StoreDir, o.NoLog, o.NoSigs = t.TempDir(), true, true
		s, err := server.NewServer(o)
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		if !s.ReadyForConnections(10 * time.Second) {
			t.Fatal("a server is not ready")
		}
		urls = append(urls, s.ClientURL())
	}
	return strings.Join(urls, ",")
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func connect(t *testing.T, urls, user string) *nats.Conn {
	t.Helper()
	password := map[string]string{"kintolog": "123", "subscriber": "456"}[user]
	nc, err := nats.Connect(urls, nats.UserInfo(user, password), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatalf("connect as %s: %v", user, err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func created(u domain.URI, secret bool) domain.Event {
	return domain.Event{
		Action: domain.Created, Resource: "thing", Secret: secret,
		Object: domain.Object{URI: u, LastModified: 1, Created: 1, Data: []byte(`{"id":"x"}`)},
	}
}

func TestClusterKeepsTheLogAndItsSecrets(t *testing.T) { //nolint:paralleltest // it sets the environment
	urls := cluster(t)
	log := openLog(t, connect(t, urls, "kintolog"))
	subscriber := connect(t, urls, "subscriber")
	live, err := subscriber.SubscribeSync("kintolog.>")
	if err == nil {
		err = subscriber.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	// The other servers of the cluster learn in their own time that somebody subscribes.
	var tail eventstore.Tail
	var first *nats.Msg
	for i := 0; i < 30 && first == nil; i++ {
		events := []domain.Event{created("/secrets/a", true), created("/things/b", false)}
		if tail, err = log.Append(t.Context(), tail, eventstore.Commit{ID: fmt.Sprint("c", i), Events: events}); err != nil {
			t.Fatal(err)
		}
		first, err = live.NextMsg(time.Second)
	}
	if first == nil || first.Subject != "kintolog.things" {
		t.Errorf("the first live message is %v, %v, want that of things", first, err)
	}
	js, err := natsjs.NewWithDomain(subscriber, "kintolog")
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := js.CreateConsumer(t.Context(), "kintolog", natsjs.ConsumerConfig{Durable: "d", FilterSubject: "kintolog.>"})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := consumer.Next(natsjs.FetchMaxWait(10 * time.Second)); err != nil || m.Subject() != "kintolog.things" {
		t.Errorf("the first message of the past is %v, %v, want that of things", m, err)
	}
	if _, err := js.CreateConsumer(t.Context(), "kintolog", natsjs.ConsumerConfig{Durable: "e", FilterSubject: "kintolog"}); err != nil {
		t.Errorf("a subscriber cannot follow what concerns the whole log: %v", err)
	}
	if _, err := subscriber.Request("kintolog.things", []byte("[]"), time.Second); err == nil {
		t.Error("a subscriber can write")
	}
	if end, err := log.Tail(t.Context()); err != nil || end != tail {
		t.Errorf("the log ends at %d, %v, want %d", end.Position, err, tail.Position)
	}
}

// openLog waits until the cluster can hold a log on three servers.
func openLog(t *testing.T, nc *nats.Conn) *jetstream.Log {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		log, err := jetstream.Open(t.Context(), nc, jetstream.Config{Replicas: 3})
		if err == nil {
			return log
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestSettingsAreThoseOfADistributedService(t *testing.T) {
	t.Parallel()
	s, warnings, err := config.Load("kinto.ini", []string{
		"KINTO_USERID_HMAC_SECRET=secret", "KINTO_NATS_PASSWORD=owner",
		"KINTO_STORAGE_URL=postgresql://kintolog:secret@postgres/kintolog",
	})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v", err, warnings)
	}
	if s.EventLog.Embedded() || len(s.EventLog.URLs) != 3 || s.EventLog.Replicas != 3 || s.Storage.ReadModel != config.PostgreSQL {
		t.Errorf("got %+v, %+v", s.EventLog, s.Storage)
	}
}
