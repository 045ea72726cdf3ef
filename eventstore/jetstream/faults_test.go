package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/logtest"
	"github.com/kintolog/kintolog/internal/natstest"
)

// lossy is a log behind a proxy, and the same log with a line of its own.
type lossy struct {
	proxy        *natstest.Proxy
	behind, here *jetstream.Log
}

func setupLossy(t *testing.T) lossy {
	t.Helper()
	server := natstest.Listening(t)
	proxy := natstest.NewProxy(t, strings.TrimPrefix(server.ClientURL(), "nats://"))
	config := jetstream.Config{AckWait: 300 * time.Millisecond}
	return lossy{
		proxy:  proxy,
		here:   open(t, natstest.Dial(t, server.ClientURL()), config),
		behind: open(t, natstest.Dial(t, proxy.URL()), config),
	}
}

// commit has one endpoint, or several, which makes it an atomic batch.
func commit(id string, endpoints int) eventstore.Commit {
	c := eventstore.Commit{ID: id}
	for i := range endpoints {
		c.Events = append(c.Events, logtest.Event(domain.URI(fmt.Sprintf("/buckets/b%d/groups/%s", i, id)), domain.Created))
	}
	return c
}

// sent is what only the message that completes a commit of so many entries contains.
func sent(endpoints int) string {
	if endpoints > 1 {
		return "Nats-Batch-Commit"
	}
	return "Nats-Expected-Last-Sequence"
}

func TestAppendStoresOnceWhenTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]natstest.Fault{
		"BeforeForwarding": natstest.BeforeForwarding,
		"AfterForwarding":  natstest.AfterForwarding,
		"BeforeAnswer":     natstest.BeforeAnswer,
	} {
		for _, endpoints := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%d", name, endpoints), func(t *testing.T) {
				t.Parallel()
				log := setupLossy(t)
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				acknowledged := map[string]eventstore.Tail{}
				var tail eventstore.Tail
				for i := range 4 {
					id := fmt.Sprintf("c%d", i)
					hit := log.proxy.Break(sent(endpoints), fault)
					go func() {
						<-hit
						log.proxy.Accept()
					}()
					var err error
					if tail, err = log.behind.Append(ctx, tail, commit(id, endpoints)); err != nil {
						t.Fatalf("Append(%s) = %v", id, err)
					}
					<-hit // otherwise nothing was tested
					acknowledged[id] = tail
				}
				logtest.AssertWritten(t, log.here, acknowledged, 4)
			})
		}
	}
}

func TestAppendFindsTheConflictBehindALostRequest(t *testing.T) {
	t.Parallel()
	for _, endpoints := range []int{1, 3} {
		t.Run(fmt.Sprint(endpoints), func(t *testing.T) {
			t.Parallel()
			log := setupLossy(t)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			hit := log.proxy.Break(sent(endpoints), natstest.BeforeForwarding)
			result := make(chan error, 1)
			go func() {
				_, err := log.behind.Append(ctx, eventstore.Tail{}, commit("lost", endpoints))
				result <- err
			}()
			<-hit
			tail, err := log.here.Append(ctx, eventstore.Tail{}, commit("other", 1))
			if err != nil {
				t.Fatal(err)
			}
			log.proxy.Accept()
			if err := <-result; !errors.Is(err, eventstore.ErrConflict) {
				t.Errorf("Append = %v, want ErrConflict", err)
			}
			logtest.AssertWritten(t, log.here, map[string]eventstore.Tail{"other": tail}, 1)
		})
	}
}

func TestAppendFindsItsCommitBehindOthers(t *testing.T) {
	t.Parallel()
	log := setupLossy(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	hit := log.proxy.Break(sent(2), natstest.BeforeAnswer)
	type result struct {
		tail eventstore.Tail
		err  error
	}
	results := make(chan result, 1)
	go func() {
		tail, err := log.behind.Append(ctx, eventstore.Tail{}, commit("ours", 2))
		results <- result{tail, err}
	}()
	<-hit
	ours, err := log.here.Tail(ctx)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := log.here.Append(ctx, ours, commit("theirs", 1))
	if err != nil {
		t.Fatal(err)
	}
	log.proxy.Accept()
	if got := <-results; got.err != nil || got.tail != ours {
		t.Errorf("Append = %v, %v, want its own tail %v", got.tail, got.err, ours)
	}
	logtest.AssertWritten(t, log.here, map[string]eventstore.Tail{"ours": ours, "theirs": theirs}, 2)
}

func TestAppendSaysWhenTheOutcomeStaysUnknown(t *testing.T) {
	t.Parallel()
	log := setupLossy(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	log.proxy.Break(sent(1), natstest.BeforeForwarding) // and never accepts again
	if _, err := log.behind.Append(ctx, eventstore.Tail{}, commit("lost", 1)); !errors.Is(err, eventstore.ErrUnresolved) {
		t.Errorf("Append = %v, want ErrUnresolved", err)
	}
}

func TestFollowSurvivesABrokenConnection(t *testing.T) {
	t.Parallel()
	log := setupLossy(t)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	var tail eventstore.Tail
	appendOne := func(i int) {
		var err error
		if tail, err = log.here.Append(ctx, tail, commit(fmt.Sprintf("c%d", i), 2)); err != nil {
			t.Fatal(err)
		}
	}
	appendOne(0)
	var position domain.Position
	for e, err := range log.behind.Follow(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if position++; e.Position != position {
			t.Fatalf("entry at %d, want %d", e.Position, position)
		}
		if position == 10 {
			break
		}
		if e.Last {
			log.proxy.Refuse()
			appendOne(int(position))
			log.proxy.Accept()
		}
	}
}

// What a consumer has delivered into a connection that breaks it does not deliver again, and no later entry shows the gap.
func TestFollowHasTheLastEntryAlthoughItWasLostOnTheWay(t *testing.T) {
	t.Parallel()
	log := setupLossy(t)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	if _, err := log.here.Append(ctx, eventstore.Tail{}, commit("c", 1)); err != nil {
		t.Fatal(err)
	}
	broken := log.proxy.Break("CONSUMER.MSG.NEXT", natstest.BeforeAnswer)
	go func() {
		<-broken
		log.proxy.Accept()
	}()
	for e, err := range log.behind.Follow(ctx, 0) {
		if err != nil || e.Position != 1 {
			t.Errorf("got entry %d, %v, want the first", e.Position, err)
		}
		break
	}
	select {
	case <-broken:
	default:
		t.Error("the connection was not broken")
	}
}

func TestOpenWaitsForALeader(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes longer than one question is waited for")
	}
	t.Parallel()
	proxy := natstest.NewProxy(t, natstest.Listening(t).Addr().String())
	nc := natstest.Dial(t, proxy.URL())
	if err := nc.FlushTimeout(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	proxy.Refuse()
	opened := make(chan error, 1)
	go func() {
		_, err := jetstream.Open(t.Context(), nc, jetstream.Config{AckWait: 100 * time.Millisecond})
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Fatalf("while nobody answers: got %v, want it to wait", err)
	case <-time.After(6 * time.Second):
	}
	proxy.Accept()
	if err := <-opened; err != nil {
		t.Errorf("got %v", err)
	}
}

func TestFollowNoticesThatTheLogHasLostItsEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	port, dir, backup := natstest.FreePorts(t, 1)[0], t.TempDir(), filepath.Join(t.TempDir(), "backup")
	from := func(dir string) *server.Server {
		return natstest.Listening(t, func(o *server.Options) { o.Port, o.StoreDir = port, dir })
	}
	running := from(dir)
	log := open(t, natstest.Dial(t, running.ClientURL()), jetstream.Config{})
	var tail eventstore.Tail
	write := func(id string) {
		var err error
		if tail, err = log.Append(ctx, tail, commit(id, 1)); err != nil {
			t.Fatal(err)
		}
	}
	restart := func(dir string) {
		running.Shutdown()
		running.WaitForShutdown()
		running = from(dir)
	}
	write("kept")
	running.Shutdown()
	running.WaitForShutdown()
	if err := os.CopyFS(backup, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	restart(dir)
	write("lost")
	for e, err := range log.Follow(ctx, 0) {
		switch {
		case err == nil && e.Position == 2:
			restart(backup)
		case err != nil && !errors.Is(err, eventstore.ErrCorrupt):
			t.Errorf("got %v, want ErrCorrupt", err)
		}
	}
}
