package jetstream_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/logtest"
	"github.com/kintolog/kintolog/internal/natstest"
)

func TestLogOfOneServer(t *testing.T) {
	t.Parallel()
	logtest.Run(t, func(t testing.TB) eventstore.Log {
		return open(t, natstest.Server(t), jetstream.Config{})
	})
}

func open(t testing.TB, nc *nats.Conn, config jetstream.Config) *jetstream.Log {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	log, err := jetstream.Open(ctx, nc, config)
	if err != nil {
		t.Fatal(err)
	}
	return log
}
