// Package natstest gives tests real NATS servers: one in the process, a cluster of three, and a
// proxy that loses answers. Everything lives in temporary folders and ends with the test.
package natstest

import (
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
)

// Server starts a server that syncs always and connects to it.
func Server(t testing.TB) *nats.Conn {
	t.Helper()
	return Connect(t, Start(t, embedded.Config{Dir: t.TempDir()}))
}

// Start starts a server.
func Start(t testing.TB, config embedded.Config) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	return s
}

// Connect connects to a server in the process.
func Connect(t testing.TB, s *embedded.Server) *nats.Conn {
	t.Helper()
	nc, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}
