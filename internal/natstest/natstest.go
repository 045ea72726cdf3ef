// Package natstest gives tests real NATS servers: one in the process, one that listens, a
// cluster of three, and a proxy that loses answers. Everything lives in temporary folders and ends
// with the test.
package natstest

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
)

// Server starts an embedded server that syncs always, and connects to it.
func Server(t testing.TB) *nats.Conn {
	t.Helper()
	return Connect(t, Start(t, embedded.Config{Dir: t.TempDir()}))
}

// Start starts an embedded server.
func Start(t testing.TB, config embedded.Config) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	return s
}

// Connect connects to an embedded server inside the process.
func Connect(t testing.TB, s *embedded.Server) *nats.Conn {
	t.Helper()
	nc, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// Listening starts a server as an operator would run it, on a free port and with a free
// port for monitoring.
func Listening(t testing.TB, change ...func(*server.Options)) *server.Server {
	t.Helper()
	options := &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT,
		HTTPHost: "127.0.0.1", HTTPPort: server.RANDOM_PORT,
		JetStream: true, StoreDir: t.TempDir(), SyncAlways: true,
		MaxPayload: embedded.MaxPayload, NoSigs: true, NoLog: true,
	}
	for _, f := range change {
		f(options)
	}
	s, err := run(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(s) })
	return s
}

// Dial connects to servers by URL and reconnects quickly and forever.
func Dial(t testing.TB, urls string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(urls, nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond),
		nats.ReconnectJitter(0, 0), nats.Timeout(5*time.Second), nats.RetryOnFailedConnect(true))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func run(options *server.Options) (*server.Server, error) {
	s, err := server.NewServer(options)
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return nil, nats.ErrTimeout
	}
	return s, nil
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}
