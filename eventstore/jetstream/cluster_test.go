package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/logtest"
	"github.com/kintolog/kintolog/internal/natstest"
)

func TestLogOfThreeReplicas(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes a while")
	}
	t.Parallel()
	cluster := natstest.NewCluster(t)
	t.Run("Contend", func(t *testing.T) { contend(t, cluster) })
	var logs atomic.Int32
	t.Run("Suite", func(t *testing.T) { // ends before the cluster does
		logtest.Run(t, func(t testing.TB) eventstore.Log {
			name := eventstore.Space(fmt.Sprintf("log%d", logs.Add(1)))
			return open(t, natstest.Dial(t, cluster.URLs()), jetstream.Config{Name: name, Replicas: 3})
		})
	})
}

// refusals counts the codes with which a log refuses appends.
type refusals struct {
	eventstore.Log
	mu    sync.Mutex
	codes map[natsjs.ErrorCode]int
}

func (r *refusals) Append(ctx context.Context, after eventstore.Tail, commit eventstore.Commit) (eventstore.Tail, error) {
	tail, err := r.Log.Append(ctx, after, commit)
	if refused, ok := errors.AsType[*natsjs.APIError](err); ok {
		r.mu.Lock()
		r.codes[refused.ErrorCode]++
		r.mu.Unlock()
	}
	return tail, err
}

// contend has writers with connections of their own to different servers.
func contend(t *testing.T, cluster *natstest.Cluster) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	writers := &logtest.Writers{Count: 6, Commits: 25}
	logs := make([]*refusals, writers.Count)
	for i := range logs {
		log := open(t, natstest.Dial(t, cluster.URLs()), jetstream.Config{Name: "contend", Replicas: 3})
		logs[i] = &refusals{Log: log, codes: map[natsjs.ErrorCode]int{}}
	}
	acknowledged := writers.Run(ctx, t, func(writer int) eventstore.Log { return logs[writer] })
	logtest.AssertWritten(t, logs[0], acknowledged, writers.Count*writers.Commits)
	conflicts := 0
	for _, log := range logs {
		for code, n := range log.codes {
			if conflicts += n; code != 10071 && code != 10164 {
				t.Errorf("%d appends were refused with code %d, which is no conflict", n, code)
			}
		}
	}
	if conflicts == 0 {
		t.Error("the writers never contended")
	}
}

func TestNothingAcknowledgedIsLostWithTheLeader(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes a while")
	}
	t.Parallel()
	cluster := natstest.NewCluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	config := jetstream.Config{Name: "leader", Replicas: 3, AckWait: time.Second}
	writers := &logtest.Writers{Count: 3, Commits: 40}
	logs := make([]eventstore.Log, writers.Count)
	for i := range logs {
		logs[i] = open(t, natstest.Dial(t, cluster.URLs()), config)
	}
	acknowledged := make(chan map[string]eventstore.Tail, 1)
	go func() {
		acknowledged <- writers.Run(ctx, t, func(writer int) eventstore.Log { return logs[writer] })
	}()
	// The writers append on and on; each time an entry arrives that is far enough, the leader goes.
	watcher := open(t, natstest.Dial(t, cluster.URLs()), config)
	asking := natstest.Dial(t, cluster.URLs())
	restarts := 0
	for e, err := range watcher.Follow(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if int(e.Position) < 20*(restarts+1) {
			continue
		}
		leader := cluster.Leader(t, asking, "leader")
		cluster.Stop(leader)
		cluster.Start(t, leader)
		if restarts++; restarts == 3 {
			break
		}
	}
	logtest.AssertWritten(t, watcher, <-acknowledged, writers.Count*writers.Commits)
}

func TestALogThatNobodyLeadsHasNoEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes a while")
	}
	t.Parallel()
	cluster := natstest.NewCluster(t)
	config := jetstream.Config{Name: "alone", Replicas: 3, AckWait: time.Second}
	nc := natstest.Dial(t, cluster.URLs())
	log := open(t, nc, config)
	if _, err := log.Append(t.Context(), eventstore.Tail{}, eventstore.Commit{ID: "first", Events: logtest.Events()}); err != nil {
		t.Fatal(err)
	}
	cluster.Stop(1)
	cluster.Stop(2)
	cluster.WaitLeaderless(t, nc, "alone") // the server that is left answers all the same
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if tail, err := log.Tail(ctx); !errors.Is(err, jetstream.ErrNoLeader) {
		t.Errorf("the log ends at %d, %v, want ErrNoLeader", tail.Position, err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if _, err := jetstream.Open(ctx, nc, config); !errors.Is(err, jetstream.ErrNoLeader) {
		t.Errorf("open said %v, want ErrNoLeader", err)
	}
}

// A consumer may be on a server that was away and does not have all entries yet.
func TestNothingWantedIsMissedBesideAServerThatComesBack(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes a while")
	}
	t.Parallel()
	cluster := natstest.NewCluster(t)
	nc := natstest.Dial(t, cluster.URLs())
	log := open(t, nc, jetstream.Config{Name: "lagging", Replicas: 3})
	const quiet = domain.Plural("/quiet")
	tail, wanted := eventstore.Tail{}, 0
	add := func(e domain.Event) {
		t.Helper()
		var err error
		if tail, err = log.Append(t.Context(), tail, eventstore.Commit{ID: fmt.Sprintf("c%d", tail.Position), Events: []domain.Event{e}}); err != nil {
			t.Fatal(err)
		}
		if e.Plural() == quiet {
			wanted++
		}
	}
	large := logtest.Event("/loud/a", domain.Updated)
	large.Object.Data = []byte(`{"text":"` + strings.Repeat("x", 500_000) + `"}`)
	for round := range 4 {
		away := (cluster.Leader(t, nc, "lagging") + 1) % 3
		cluster.Stop(away)
		for range 40 {
			add(large)
		}
		for i := range 10 {
			add(logtest.Event(quiet.Object(fmt.Sprintf("r%d-%d", round, i)), domain.Created))
		}
		cluster.Start(t, away)
		for range 40 {
			got := 0
			for _, err := range log.Read(t.Context(), 0, quiet) {
				if err != nil {
					t.Fatal(err)
				}
				got++
			}
			if got != wanted {
				t.Fatalf("round %d: %d entries were read, of %d", round, got, wanted)
			}
		}
	}
}
