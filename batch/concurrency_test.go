package batch_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/memlog"
	"github.com/kintolog/kintolog/writeapi"
)

const twins = "/buckets/b/collections/c/records"

func TestConcurrentBatchesAreCommittedWhole(t *testing.T) {
	t.Parallel()
	w := setup(t, memlog.New())
	services := []*service{w.serve(nil, nil), w.serve(nil, nil)}
	services[0].batch(200, `{"requests":[{"path":"/buckets/b","method":"PUT"},{"path":"/buckets/b/collections/c","method":"PUT"}]}`)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			s := services[i%len(services)]
			for n := range 20 {
				got := s.batch(200, fmt.Sprintf(`{"defaults":{"method":"PUT","body":{"data":{"n":"%d.%d"}}},"requests":[
					{"path":"%[3]s/left"},{"path":"%[3]s/right"},{"path":"%[3]s/left","method":"GET","body":{}}]}`, i, n, twins))
				if !strings.Contains(string(got[2].Body), fmt.Sprintf(`"n":"%d.%d"`, i, n)) {
					t.Errorf("read %s in the batch %d.%d that wrote it", got[2].Body, i, n)
				}
			}
		})
	}
	wg.Wait()
	n := 0
	last := domain.Timestamp(0)
	for _, commit := range w.commits()[1:] {
		for ; len(commit) > 0; commit = commit[2:] {
			left, right := commit[0].Object, commit[1].Object
			if left.URI.ID() != "left" || right.URI.ID() != "right" || value(left) != value(right) || left.LastModified <= last {
				t.Fatalf("a commit has %s %s at %d and %s %s after %d", left.URI, value(left), left.LastModified, right.URI, value(right), last)
			}
			last = right.LastModified
			n++
		}
	}
	if n != 6*20 {
		t.Errorf("got %d batches in the log, want 120", n)
	}
	for _, entry := range w.logged.AllEntries() {
		t.Errorf("logged %q: %v", entry.Message, entry.Data)
	}
}

func value(o domain.Object) string {
	before, _, _ := strings.Cut(string(o.Data), ",")
	return before
}

func TestConcurrentBatchesLoseNoIncrement(t *testing.T) {
	t.Parallel()
	w := setup(t, memlog.New())
	services := []*service{w.serve(nil, nil), w.serve(nil, nil)}
	services[0].batch(200, `{"requests":[{"path":"/buckets/b","method":"PUT","body":{"data":{"n":0}}}]}`)
	var accepted atomic.Int64
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			s := services[i%len(services)]
			for range 15 {
				resp := s.send("GET", "/v1/buckets/b", "")
				etag := strconv.Quote(resp.Header().Get("ETag"))
				got := s.batch(200, `{"defaults":{"method":"PUT"},"requests":[
					{"path":"/buckets/b","headers":{"If-Match":`+etag+`},"body":{"data":{}}},{"path":"/buckets/other"}]}`)
				if got[0].Status == 200 {
					accepted.Add(1)
				} else if got[0].Status != 412 {
					t.Errorf("got %d %s", got[0].Status, got[0].Body)
				}
			}
		})
	}
	wg.Wait()
	updates := int64(0)
	for _, commit := range w.commits() {
		for _, e := range commit {
			if e.Object.URI == "/buckets/b" && e.Action == domain.Updated {
				updates++
			}
		}
	}
	if updates != accepted.Load() || updates == 0 {
		t.Errorf("%d updates in the log, %d accepted", updates, accepted.Load())
	}
}

// rivalLog appends something else before the next append, as another writer would.
type rivalLog struct {
	eventstore.Log
	rival atomic.Pointer[func()]
}

func (l *rivalLog) Append(ctx context.Context, after eventstore.Tail, c eventstore.Commit) (eventstore.Tail, error) {
	if rival := l.rival.Swap(nil); rival != nil {
		(*rival)()
	}
	return l.Log.Append(ctx, after, c)
}

func TestABatchIsDecidedAgainOnTheNewerState(t *testing.T) {
	t.Parallel()
	log := &rivalLog{Log: memlog.New()}
	w := setup(t, log)
	s, other := w.serve(nil, nil), w.serve(nil, nil)
	s.batch(200, `{"requests":[{"path":"/buckets/b","method":"PUT"},{"path":"/buckets/b/collections/c","method":"PUT"}]}`)
	rival := func() { other.send("PUT", "/v1/buckets/taken", "") }
	log.rival.Store(&rival)
	got := s.batch(200, `{"defaults":{"method":"PUT"},"requests":[
		{"path":"`+twins+`","method":"POST"},
		{"path":"/buckets/taken","headers":{"If-None-Match":"*"}},
		{"path":"`+twins+`","method":"HEAD"}]}`)
	wantStatuses(t, got, 201, 412, 200)
	if total := got[2].Headers["Total-Records"]; total != "1" {
		t.Errorf("counted %q records, want the one of the last attempt", total)
	}
	if commits := w.commits(); len(commits) != 3 || len(commits[2]) != 1 {
		t.Errorf("got commits %+v, want the record alone in the last one", commits)
	}
}

func TestATokenIsUsedOnceByAllAttempts(t *testing.T) {
	t.Parallel()
	log := &rivalLog{Log: memlog.New()}
	w := setup(t, log)
	s, other := w.serve(nil, nil), w.serve(nil, nil)
	s.batch(200, `{"defaults":{"method":"PUT"},"requests":[{"path":"/buckets/b"},{"path":"/buckets/b/collections/c"},
		{"path":"`+twins+`/1"},{"path":"`+twins+`/2"},{"path":"`+twins+`/3"}]}`)
	got := s.batch(200, `{"requests":[{"path":"`+twins+`?_limit=1","method":"DELETE"}]}`)
	_, next, _ := strings.Cut(got[0].Headers["Next-Page"], "/v1")
	rival := func() { other.send("PUT", "/v1/buckets/taken", "") }
	log.rival.Store(&rival)
	page := `{"path":` + strconv.Quote(next) + `,"method":"DELETE"}`
	wantStatuses(t, s.batch(200, `{"requests":[`+page+`,`+page+`]}`), 200, 400)
}

func TestCommandsArePreparedOnceOutsideOfTheTransaction(t *testing.T) {
	t.Parallel()
	log := &rivalLog{Log: memlog.New()}
	var prepared atomic.Int64
	var s *service
	w := setup(t, log, domain.Resource{
		Name: "secret", Path: "/secrets",
		Prepare: func(_ context.Context, c *domain.Command) *domain.Error {
			// Inside of the transaction it would wait for itself.
			//nolint:contextcheck // the context given would take part in the transaction
			if _, err := s.loop.Do(context.Background(), domain.Needs{}, func(*writeapi.Tx) error { return nil }); err != nil {
				t.Error(err)
			}
			c.Data = []byte(fmt.Sprintf(`{"prepared":%d}`, prepared.Add(1)))
			return nil
		},
	})
	s = w.serve(nil, nil)
	other := w.serve(nil, nil)
	rival := func() { other.send("PUT", "/v1/buckets/taken", "") }
	s.batch(200, `{"requests":[{"path":"/buckets/b","method":"PUT"}]}`)
	log.rival.Store(&rival)
	got := s.batch(200, `{"requests":[
		{"path":"/secrets","method":"POST"},
		{"path":"/secrets/a","method":"PUT"},
		{"path":"/secrets/a","method":"GET"},
		{"path":"/secrets/é","method":"PUT"},
		{"path":"/secrets/a","method":"PATCH","body":{"data":{}}}]}`)
	wantStatuses(t, got, 201, 201, 200, 400, 200)
	if n := prepared.Load(); n != 4 {
		t.Errorf("prepared %d times, want each of 4 writes once", n)
	}
	if !strings.Contains(string(got[4].Body), `"prepared":4`) {
		t.Errorf("got %s, want what was prepared for it", got[4].Body)
	}
	for _, entry := range w.logged.AllEntries() {
		t.Errorf("logged %q: %v", entry.Message, entry.Data)
	}
}
