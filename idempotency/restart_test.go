package idempotency_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kintolog/kintolog/internal/natstest"
	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/server"
)

func TestAnAnswerOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	config := server.Config{DataDir: t.TempDir()}
	s := open(t, config)
	prepare(t, s)
	first := send(t, s, "POST "+records, `{"data":{}}`, key)
	closeServer(t, s)

	s = open(t, config)
	wantReplay(t, send(t, s, "POST "+records, `{"data":{}}`, key), first)
	wantTotal(t, s, records, "1")
}

// A process that is killed between the commit and the read model leaves a read model that knows nothing of it.
func TestAnAnswerIsInTheLogAlone(t *testing.T) {
	t.Parallel()
	config := server.Config{DataDir: t.TempDir()}
	s := open(t, config)
	prepare(t, s)
	first := send(t, s, "POST "+records, `{"data":{}}`, key)
	closeServer(t, s)
	models, err := filepath.Glob(filepath.Join(config.DataDir, "readmodel.db*"))
	if err != nil || len(models) == 0 {
		t.Fatalf("read model: %v, %v", models, err)
	}
	for _, file := range models {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}

	s = open(t, config)
	wantReplay(t, send(t, s, "POST "+records, `{"data":{}}`, key), first)
	wantTotal(t, s, records, "1")
}

// distributed is the config of a process that shares log and read model with others.
func distributed(t testing.TB, natsURL, postgres string) server.Config {
	t.Helper()
	return server.Config{
		Log:   server.LogConfig{URL: natsURL, Stream: "test"},
		Model: server.ModelConfig{Postgres: postgres},
	}
}

func TestProcessesShareAnswers(t *testing.T) {
	t.Parallel()
	config := distributed(t, natstest.Listening(t).ClientURL(), pgtest.New(t))
	one := open(t, config)
	prepare(t, one)
	config.WithoutProjector = true
	other := open(t, config)

	first := send(t, one, "POST "+records, `{"data":{"x":"\"é"}}`, key)
	wantFresh(t, first, 201)
	wantReplay(t, send(t, other, "POST "+records, `{"data":{"x":"\"é"}}`, key), first)

	const batch = `{"defaults":{"path":"` + records + `","method":"POST"},"requests":[{"body":{"data":{"n":1}}},{"body":{"data":{"n":2}}}]}`
	wantOneEffect(t, []*server.Server{one, other, one, other, one, other}, "POST /batch", batch)
	wantTotal(t, one, records, "3")
}

func TestConcurrentDuplicatesHaveOneEffect(t *testing.T) {
	t.Parallel()
	s := start(t)
	all := make([]*server.Server, 16)
	for i := range all {
		all[i] = s
	}
	wantOneEffect(t, all, "POST "+records, `{"data":{}}`)
	wantTotal(t, s, records, "1")
}

// wantOneEffect sends a request to all servers at once.
func wantOneEffect(t *testing.T, servers []*server.Server, request, body string) {
	t.Helper()
	answers := make([]answer, len(servers))
	var wg sync.WaitGroup
	for i, s := range servers {
		wg.Go(func() { answers[i] = send(t, s, request, body, "Idempotency-Key: at-once") })
	}
	wg.Wait()
	fresh := 0
	for _, a := range answers {
		if a.header.Get("Idempotency-Replayed") == "" {
			fresh++
		}
		if a.status >= 300 {
			t.Errorf("got %d %s, want success", a.status, a.body)
		}
		wantSame(t, a, answers[0])
	}
	if fresh != 1 {
		t.Errorf("got %d answers that are no replay, want 1", fresh)
	}
}

// The log has stored the commit, but the process does not learn of it.
func TestACommitWhoseAnswerWasLostIsNotRepeated(t *testing.T) {
	t.Parallel()
	nats := natstest.Listening(t)
	config := distributed(t, nats.ClientURL(), pgtest.New(t))
	survivor := open(t, config)
	prepare(t, survivor)
	proxy := natstest.NewProxy(t, strings.TrimPrefix(nats.ClientURL(), "nats://"))
	config.Log.URL, config.WithoutProjector = proxy.URL(), true
	victim := open(t, config)

	hit := proxy.Break(`"mark":"lost"`, natstest.BeforeAnswer)
	const body = `{"data":{"mark":"lost"}}`
	var cut answer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		cut = send(t, victim, "POST "+records, body, key)
	}()
	select {
	case <-hit:
	case <-ctx.Done():
		t.Fatal("the process did not append")
	}
	again := send(t, survivor, "POST "+records, body, key)
	if again.status != 201 || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("got %d %v %s, want the answer that was lost", again.status, again.header, again.body)
	}
	wantTotal(t, survivor, records, "1")
	proxy.Accept()
	<-done
	wantSame(t, cut, again)
}
