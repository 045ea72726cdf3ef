package logtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

func manyWriters(t *testing.T, log eventstore.Log) {
	writers := &Writers{Count: 4, Commits: 15}
	acknowledged := writers.Run(t.Context(), t, func(int) eventstore.Log { return log })
	AssertWritten(t, log, acknowledged, writers.Count*writers.Commits)
}

// Writers contend for one log.
type Writers struct {
	Count   int
	Commits int // of each writer
}

// Run lets every writer append its commits through the log it is given, deciding again after each
// conflict, and returns the tail that each commit was acknowledged with. Commits have one, two or
// three endpoints.
func (w *Writers) Run(ctx context.Context, t testing.TB, log func(writer int) eventstore.Log) map[string]eventstore.Tail {
	var mu sync.Mutex
	acknowledged := map[string]eventstore.Tail{}
	var wait sync.WaitGroup
	for writer := range w.Count {
		wait.Go(func() {
			for i := range w.Commits {
				commit := eventstore.Commit{ID: fmt.Sprintf("w%d-%d", writer, i)}
				for j := range 1 + (i+writer)%3 {
					commit.Events = append(commit.Events, Event(domain.URI(fmt.Sprintf("/buckets/b%d/groups/%s", j, commit.ID)), domain.Created))
				}
				tail, err := persist(ctx, log(writer), commit)
				if err != nil {
					t.Errorf("commit %s: %v", commit.ID, err)
					return
				}
				mu.Lock()
				acknowledged[commit.ID] = tail
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return acknowledged
}

// persist appends after whatever the tail is.
func persist(ctx context.Context, log eventstore.Log, commit eventstore.Commit) (eventstore.Tail, error) {
	for {
		tail, err := log.Tail(ctx)
		if err == nil {
			tail, err = log.Append(ctx, tail, commit)
		}
		if err == nil || ctx.Err() != nil || errors.Is(err, eventstore.ErrUnresolved) || errors.Is(err, eventstore.ErrTooLarge) {
			return tail, err
		}
	}
}

// AssertWritten checks that the log holds every acknowledged commit where it was acknowledged, each
// one whole, once and in one piece, and nothing else.
func AssertWritten(t testing.TB, log eventstore.Log, acknowledged map[string]eventstore.Tail, want int) {
	t.Helper()
	entries := read(t, log, 0)
	assertCommits(t, entries)
	stored := map[string]eventstore.Tail{}
	for _, e := range entries {
		if e.Last {
			stored[e.Commit] = e.Tail()
		}
	}
	if len(acknowledged) != want || len(stored) != want {
		t.Errorf("%d commits acknowledged, %d stored, want %d", len(acknowledged), len(stored), want)
	}
	for id, tail := range acknowledged {
		if stored[id] != tail {
			t.Errorf("commit %s was acknowledged at %v and is at %v", id, tail, stored[id])
		}
	}
}

// assertCommits checks that the entries of a commit are together, only its last one is marked Last,
// and no commit appears twice.
func assertCommits(t testing.TB, entries []eventstore.Entry) {
	t.Helper()
	ended := map[string]bool{}
	current := ""
	for i, e := range entries {
		if e.Position != entries[0].Position+domain.Position(i) {
			t.Fatalf("entry at %d, want %d", e.Position, entries[0].Position+domain.Position(i))
		}
		if current != "" && e.Commit != current {
			t.Errorf("commit %s begins at %d before %s has ended", e.Commit, e.Position, current)
		}
		if ended[e.Commit] {
			t.Errorf("commit %s goes on at %d after its end", e.Commit, e.Position)
		}
		current = e.Commit
		if e.Last {
			ended[e.Commit], current = true, ""
		}
	}
	if current != "" {
		t.Errorf("commit %s has no end", current)
	}
}
