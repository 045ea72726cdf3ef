package jetstream_test

import (
	"context"
	"fmt"
	"sync/atomic"
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

func TestLogOfThreeReplicas(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes a while")
	}
	t.Parallel()
	cluster := natstest.NewCluster(t)
	var logs atomic.Int32
	t.Run("suite", func(t *testing.T) { // ends before the cluster does
		logtest.Run(t, func(t testing.TB) eventstore.Log {
			name := eventstore.Space(fmt.Sprintf("log%d", logs.Add(1)))
			return open(t, natstest.Dial(t, cluster.URLs()), jetstream.Config{Name: name, Replicas: 3})
		})
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
