package jetstream_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	nats "github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/logtest"
	"github.com/kintolog/kintolog/internal/natstest"
)

// counting counts the codes of refused expectations.
type counting struct {
	eventstore.Log
	mu    sync.Mutex
	codes map[nats.ErrorCode]int
}

func (c *counting) Append(ctx context.Context, after eventstore.Tail, commit eventstore.Commit) (eventstore.Tail, error) {
	tail, err := c.Log.Append(ctx, after, commit)
	var refused *nats.APIError
	if errors.As(err, &refused) {
		c.mu.Lock()
		c.codes[refused.ErrorCode]++
		c.mu.Unlock()
	}
	return tail, err
}

func TestWritersOfACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes a while")
	}
	t.Parallel()
	cluster := natstest.NewCluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	t.Run("Contend", func(t *testing.T) {
		config := jetstream.Config{Name: "contend", Replicas: 3}
		writers := &logtest.Writers{Count: 6, Commits: 25}
		logs := make([]eventstore.Log, writers.Count)
		codes := map[nats.ErrorCode]int{}
		for i := range logs {
			c := &counting{Log: open(t, natstest.Dial(t, cluster.URLs()), config), codes: map[nats.ErrorCode]int{}}
			logs[i] = c
			defer func() {
				for code, n := range c.codes {
					codes[code] += n
				}
			}()
		}
		acknowledged := writers.Run(ctx, t, func(writer int) eventstore.Log { return logs[writer] })
		logtest.AssertWritten(t, logs[0], acknowledged, writers.Count*writers.Commits)
		for _, log := range logs {
			for code, n := range log.(*counting).codes {
				t.Logf("%d appends refused with code %d", n, code)
			}
		}
	})

	t.Run("LoseTheirLeader", func(t *testing.T) {
		config := jetstream.Config{Name: "leader", Replicas: 3, AckWait: time.Second}
		writers := &logtest.Writers{Count: 3, Commits: 60}
		logs := make([]eventstore.Log, writers.Count)
		for i := range logs {
			logs[i] = open(t, natstest.Dial(t, cluster.URLs()), config)
		}
		watcher := natstest.Dial(t, cluster.URLs())
		done := make(chan map[string]eventstore.Tail, 1)
		go func() { done <- writers.Run(ctx, t, func(writer int) eventstore.Log { return logs[writer] }) }()
		restarts := 0
		for {
			select {
			case acknowledged := <-done:
				if restarts < 2 {
					t.Errorf("the writers were done after %d restarts, want at least 2", restarts)
				}
				logtest.AssertWritten(t, logs[0], acknowledged, writers.Count*writers.Commits)
				return
			default:
			}
			if restarts < 3 {
				leader := cluster.Leader(t, watcher, "leader")
				cluster.Stop(leader)
				cluster.Start(t, leader)
				restarts++
			} else {
				acknowledged := <-done
				logtest.AssertWritten(t, logs[0], acknowledged, writers.Count*writers.Commits)
				return
			}
		}
	})
}
