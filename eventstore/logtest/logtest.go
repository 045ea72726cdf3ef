// Package logtest is the suite that every log passes.
package logtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// Run runs the suite. Each test gets an empty log of its own from open, which takes at least an
// event of half a megabyte and none of nine.
func Run(t *testing.T, open func(t testing.TB) eventstore.Log) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, eventstore.Log)
	}{
		{"StartsEmpty", startsEmpty},
		{"ReadsBackWhatWasAppended", readsBack},
		{"KeepsIdsThatAreNoTokens", keepsOddIDs},
		{"RefusesAStaleTail", refusesAStaleTail},
		{"RefusesAnotherHash", refusesAnotherHash},
		{"RefusesAnInvalidCommit", refusesAnInvalidCommit},
		{"KeepsEveryCommitOfManyWritersWhole", manyWriters},
		{"RefusesWhatIsTooLarge", refusesWhatIsTooLarge},
		{"SplitsALargeCommit", splits},
		{"TakesAThousandEndpoints", takesAThousandEndpoints},
		{"KeepsACascadeBetweenItsNeighbours", cascades},
		{"KeepsSecretsApart", secrets},
		{"ReadsFromTheMiddle", readsFromTheMiddle},
		{"FollowsFromTheMiddle", followsFromTheMiddle},
		{"FollowsManyEntries", followsManyEntries},
		{"YieldsSomeEndpointsAlone", yieldsSome},
		{"EndsWithTheContext", endsWithTheContext},
		{"StopsWhenTheReaderDoes", stopsWithTheReader},
		{"RefusesAPositionBeyondTheTail", refusesBeyond},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

func startsEmpty(t *testing.T, log eventstore.Log) {
	if got, err := log.Tail(t.Context()); err != nil || got != (eventstore.Tail{}) {
		t.Errorf("Tail of an empty log = %v, %v, want the zero tail", got, err)
	}
	if got := read(t, log, 0); len(got) != 0 {
		t.Errorf("an empty log has %d entries", len(got))
	}
}

func readsBack(t *testing.T, log eventstore.Log) {
	var want []domain.Event
	var tail eventstore.Tail
	for i, e := range Events() {
		tail = mustAppend(t, log, tail, fmt.Sprintf("commit-%d", i), e)
		want = append(want, e)
	}
	if got, err := log.Tail(t.Context()); err != nil || got != tail {
		t.Errorf("Tail() = %v, %v, want that of the last Append, %v", got, err, tail)
	}
	entries := read(t, log, 0)
	assertEvents(t, entries, want)
	for i, e := range entries {
		if e.Position != domain.Position(i+1) || e.Commit != fmt.Sprintf("commit-%d", i) || !e.Last {
			t.Errorf("entry %d has position %d, commit %q, last %v", i+1, e.Position, e.Commit, e.Last)
		}
		if e.Plural != e.Events[0].Plural() {
			t.Errorf("entry %d has plural endpoint %q, want %q", i+1, e.Plural, e.Events[0].Plural())
		}
	}
	if got := entries[len(entries)-1].Tail(); got != tail {
		t.Errorf("last entry has tail %v, want %v", got, tail)
	}
	if followed := take(t, log.Follow(t.Context(), 0), len(entries)); !reflect.DeepEqual(followed, entries) {
		t.Errorf("Follow yields %v, want what Read does: %v", followed, entries)
	}
}

func keepsOddIDs(t *testing.T, log eventstore.Log) {
	var tail eventstore.Tail
	var want []domain.Event
	for i, id := range []string{"a.b", "a b", "*", ">", "$JS", "%41", "ü", "", "\x00", "日本", strings.Repeat("x.", 200), "~", "_", "%"} {
		e := Event(domain.URI("/buckets/"+id+"/groups/"+id), domain.Created)
		tail = mustAppend(t, log, tail, fmt.Sprintf("commit-%d", i), e)
		want = append(want, e)
	}
	assertEvents(t, read(t, log, 0), want)
}

func refusesAStaleTail(t *testing.T, log eventstore.Log) {
	first := mustAppend(t, log, eventstore.Tail{}, "first", Event("/buckets/a", domain.Created))
	second := mustAppend(t, log, first, "second", Event("/buckets/b", domain.Created))
	for _, stale := range []eventstore.Tail{{}, first, {Position: 7, Hash: second.Hash}} {
		for _, events := range [][]domain.Event{
			{Event("/buckets/c", domain.Created)},
			{Event("/buckets/c", domain.Created), Event("/buckets/c/groups/g", domain.Created)},
		} {
			_, err := log.Append(t.Context(), stale, eventstore.Commit{ID: "stale", Events: events})
			if !errors.Is(err, eventstore.ErrConflict) {
				t.Errorf("Append of %d events after %d = %v, want ErrConflict", len(events), stale.Position, err)
			}
		}
	}
	if got := read(t, log, 0); len(got) != 2 {
		t.Errorf("%d entries after conflicts, want 2", len(got))
	}
	mustAppend(t, log, second, "third", Event("/buckets/c", domain.Created))
}

func refusesAnotherHash(t *testing.T, log eventstore.Log) {
	odd := eventstore.Tail{Hash: eventstore.Hash{1}}
	_, err := log.Append(t.Context(), odd, eventstore.Commit{ID: "first", Events: []domain.Event{Event("/buckets/a", domain.Created)}})
	if !errors.Is(err, eventstore.ErrConflict) {
		t.Errorf("Append after a hash at position 0 = %v, want ErrConflict", err)
	}
	tail := mustAppend(t, log, eventstore.Tail{}, "first", Event("/buckets/a", domain.Created))
	tail.Hash[0]++
	_, err = log.Append(t.Context(), tail, eventstore.Commit{ID: "second", Events: []domain.Event{Event("/buckets/b", domain.Created)}})
	if !errors.Is(err, eventstore.ErrConflict) {
		t.Errorf("Append after another hash = %v, want ErrConflict", err)
	}
	if got := read(t, log, 0); len(got) != 1 {
		t.Errorf("%d entries, want 1", len(got))
	}
}

func refusesAnInvalidCommit(t *testing.T, log eventstore.Log) {
	good := []domain.Event{Event("/buckets/a", domain.Created)}
	bad := Event("/buckets/a", domain.Created)
	bad.Object.Data = []byte(`{"a":`)
	for name, commit := range map[string]eventstore.Commit{
		"without events":        {ID: "c"},
		"without id":            {Events: good},
		"with a long id":        {ID: strings.Repeat("x", 65), Events: good},
		"with a newline":        {ID: "a\r\nb", Events: good},
		"of what is not JSON":   {ID: "c", Events: []domain.Event{bad}},
		"of what never happens": {ID: "c", Events: []domain.Event{Event("/buckets/a", "made")}},
		"of what is not told":   {ID: "c", Events: []domain.Event{Event("/buckets/a", domain.Forgotten)}},
		"of what is not UTF-8":  {ID: "c", Events: []domain.Event{Event("/buckets/\xff", domain.Created)}},
		"without leading slash": {ID: "c", Events: []domain.Event{Event("buckets/a", domain.Created)}},
	} {
		if _, err := log.Append(t.Context(), eventstore.Tail{}, commit); err == nil {
			t.Errorf("Append of a commit %s succeeded", name)
		}
	}
	startsEmpty(t, log)
}

func refusesWhatIsTooLarge(t *testing.T, log eventstore.Log) {
	huge := Event("/buckets/a", domain.Created)
	huge.Object.Data = fill(9 << 20)
	var endpoints []domain.Event
	for i := range eventstore.MaxMessages + 1 {
		endpoints = append(endpoints, Event(domain.URI(fmt.Sprintf("/buckets/b%d/groups/g", i)), domain.Created))
	}
	long := Event(domain.URI("/buckets/"+strings.Repeat("x", 4000)+"/groups/g"), domain.Created)
	for name, events := range map[string][]domain.Event{
		"one event": {Event("/buckets/b", domain.Created), huge}, "messages": endpoints, "ids": {long},
	} {
		_, err := log.Append(t.Context(), eventstore.Tail{}, eventstore.Commit{ID: "large", Events: events})
		if !errors.Is(err, eventstore.ErrTooLarge) {
			t.Errorf("%s: Append = %v, want ErrTooLarge", name, err)
		}
	}
	startsEmpty(t, log)
}

func splits(t *testing.T, log eventstore.Log) {
	var want []domain.Event
	data := fill(400 << 10)
	for i := range 30 {
		e := Event(domain.URI(fmt.Sprintf("/buckets/b%d", i)), domain.Created)
		e.Object.Data = data
		want = append(want, e)
	}
	tail := mustAppend(t, log, eventstore.Tail{}, "large", want...)
	entries := read(t, log, 0)
	assertEvents(t, entries, want)
	assertCommits(t, entries)
	if len(entries) < 2 || entries[len(entries)-1].Tail() != tail {
		t.Errorf("%d entries, want several, the last at %v", len(entries), tail)
	}
}

func takesAThousandEndpoints(t *testing.T, log eventstore.Log) {
	var want []domain.Event
	for i := range eventstore.MaxMessages {
		want = append(want, Event(domain.URI(fmt.Sprintf("/buckets/b%d/groups/g", i)), domain.Created))
	}
	mustAppend(t, log, eventstore.Tail{}, "wide", want...)
	entries := read(t, log, 0)
	assertEvents(t, entries, want)
	assertCommits(t, entries)
}

func cascades(t *testing.T, log eventstore.Log) {
	cascade := Event("/buckets/a", domain.Deleted)
	cascade.Cascade = true
	events := []domain.Event{
		Event("/buckets/a/groups/g", domain.Created),
		Event("/buckets/b", domain.Created),
		Event("/buckets/a/groups/h", domain.Created),
		cascade,
		Event("/buckets/a", domain.Created),
		Event("/buckets/a/groups/g", domain.Created),
		{Action: domain.Flushed, Object: domain.Object{LastModified: 9}},
		Event("/buckets/c", domain.Created),
	}
	mustAppend(t, log, eventstore.Tail{}, "commit", events...)
	entries := read(t, log, 0)
	assertCommits(t, entries)
	order := flatten(entries)
	index := func(want domain.Event) int {
		for i, e := range order {
			if reflect.DeepEqual(e, want) {
				order[i] = domain.Event{}
				return i
			}
		}
		t.Fatalf("event of %s is missing", want.Object.URI)
		return 0
	}
	places := make([]int, len(events))
	for i, e := range events {
		places[i] = index(e)
	}
	for _, fence := range []int{3, 6} {
		for i, place := range places {
			if i < fence && place > places[fence] || i > fence && place < places[fence] {
				t.Errorf("event %d is at %d, on the wrong side of event %d at %d", i, place, fence, places[fence])
			}
		}
	}
}

func secrets(t *testing.T, log eventstore.Log) {
	open, secret := Event("/accounts/a", domain.Created), Event("/accounts/a", domain.Created)
	secret.Secret = true
	mustAppend(t, log, eventstore.Tail{}, "commit", open, secret, open)
	entries := read(t, log, 0)
	assertCommits(t, entries)
	assertEvents(t, entries, []domain.Event{open, open, secret})
	if len(entries) != 2 || entries[0].Plural != "/accounts" || entries[1].Plural != "/accounts" {
		t.Errorf("entries %v, want two of /accounts", entries)
	}
}

func readsFromTheMiddle(t *testing.T, log eventstore.Log) {
	all := fillLog(t, log, 30)
	for after := range domain.Position(31) {
		if got := read(t, log, after); len(got) != int(30-after) || len(got) > 0 && !reflect.DeepEqual(got, all[after:]) {
			t.Errorf("Read(%d) yields %d entries, want the last %d", after, len(got), 30-after)
		}
	}
}

func followsFromTheMiddle(t *testing.T, log eventstore.Log) {
	all := fillLog(t, log, 5)
	next, stop := iter.Pull2(log.Follow(t.Context(), 3))
	defer stop()
	for i := 3; i < 5; i++ {
		if got, err, _ := next(); err != nil || !reflect.DeepEqual(got, all[i]) {
			t.Fatalf("Follow yields %v, %v, want %v", got, err, all[i])
		}
	}
	tail := all[4].Tail()
	for i := range 20 {
		tail = mustAppend(t, log, tail, fmt.Sprintf("later-%d", i), Event("/buckets/l", domain.Updated))
		if got, err, _ := next(); err != nil || got.Tail() != tail {
			t.Fatalf("Follow yields %v, %v, want the entry just appended at %v", got, err, tail)
		}
	}
}

// fillEndpoints appends n commits to an empty log, each with an entry in "/buckets", and every tenth in one of ten other
// endpoints as well, of which the last is secret.
func fillEndpoints(t testing.TB, log eventstore.Log, n int) []eventstore.Entry {
	t.Helper()
	var tail eventstore.Tail
	for i := range n {
		events := []domain.Event{Event(domain.URI(fmt.Sprintf("/buckets/b%d", i)), domain.Created)}
		if i%10 == 0 {
			other := Event(domain.URI(fmt.Sprintf("/buckets/b.%d/groups/g", i/10%10)), domain.Created)
			other.Secret = i/10%10 == 9
			events = append(events, other)
		}
		tail = mustAppend(t, log, tail, fmt.Sprintf("fill-%d", i), events...)
	}
	return read(t, log, 0)
}

// of are the entries after a position of these endpoints that are not secret.
func of(all []eventstore.Entry, after domain.Position, plurals ...domain.Plural) []eventstore.Entry {
	var some []eventstore.Entry
	for _, e := range all {
		if e.Position > after && slices.Contains(plurals, e.Plural) && !e.Events[0].Secret {
			some = append(some, e)
		}
	}
	return some
}

func yieldsSome(t *testing.T, log eventstore.Log) {
	all := fillEndpoints(t, log, 200)
	end := all[len(all)-1].Position
	tooLong := domain.Plural("/buckets/" + strings.Repeat("x", 3000) + "/groups")
	for name, plurals := range map[string][]domain.Plural{
		"one":            {"/buckets/b.3/groups"},
		"several":        {"/buckets/b.3/groups", "/buckets/b.8/groups", ""},
		"most":           {"/buckets"},
		"one of nothing": {"/buckets/b.3/collections"},
		"a secret one":   {"/buckets/b.9/groups"},
		"one too long":   {tooLong},
		"with one such":  {"/buckets/b.8/groups", tooLong},
	} {
		for _, after := range []domain.Position{0, 1, 50, end - 30, end - 8, end - 3, end} {
			var got []eventstore.Entry
			for e, err := range log.Read(t.Context(), after, plurals...) {
				if err != nil {
					t.Fatalf("%s after %d: %v", name, after, err)
				}
				got = append(got, e)
			}
			if want := of(all, after, plurals...); !reflect.DeepEqual(got, want) {
				t.Errorf("%s after %d: %d entries, want %d: %.500v, not %.500v", name, after, len(got), len(want), want, got)
			}
		}
	}
}

func followsManyEntries(t *testing.T, log eventstore.Log) {
	const n = 600
	var appending sync.WaitGroup
	defer appending.Wait() // what is followed may be acknowledged after it arrived
	appending.Go(func() {
		var tail eventstore.Tail
		for i := 0; i < n; i += 100 {
			events := make([]domain.Event, 100)
			for j := range events {
				events[j] = Event(domain.URI(fmt.Sprintf("/buckets/b%d/groups/g", j)), domain.Updated)
			}
			var err error
			if tail, err = log.Append(t.Context(), tail, eventstore.Commit{ID: fmt.Sprintf("c%d", i), Events: events}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	assertCommits(t, take(t, log.Follow(t.Context(), 0), n))
}

func endsWithTheContext(t *testing.T, log eventstore.Log) {
	fillLog(t, log, 20)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, entries := range map[string]iter.Seq2[eventstore.Entry, error]{
		"Read": log.Read(ended, 0), "Follow": log.Follow(ended, 0),
	} {
		if err := lastError(entries); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context ends with %v, want context.Canceled", name, err)
		}
	}
	if _, err := log.Append(ended, eventstore.Tail{}, eventstore.Commit{ID: "c", Events: Events()}); !errors.Is(err, context.Canceled) {
		t.Errorf("Append with an ended context = %v, want context.Canceled", err)
	}
	for name, walk := range map[string]func(context.Context, domain.Position) iter.Seq2[eventstore.Entry, error]{
		"Read": func(ctx context.Context, after domain.Position) iter.Seq2[eventstore.Entry, error] {
			return log.Read(ctx, after)
		},
		"Follow": log.Follow,
	} {
		ctx, cancel := context.WithCancel(t.Context())
		var seen int
		var last error
		for e, err := range walk(ctx, 0) {
			if last = err; err == nil && e.Position == 10 {
				cancel()
			}
			seen++
		}
		cancel()
		if !errors.Is(last, context.Canceled) || seen > 21 {
			t.Errorf("%s ends with %v after %d elements, want context.Canceled soon after 10", name, last, seen)
		}
	}
	waiting, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := lastError(log.Follow(waiting, 20)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Follow at the tail ends with %v, want context.DeadlineExceeded", err)
	}
}

func stopsWithTheReader(t *testing.T, log eventstore.Log) {
	fillLog(t, log, 20)
	if got := take(t, log.Read(t.Context(), 0), 3); len(got) != 3 {
		t.Errorf("took %d of Read, want 3", len(got))
	}
	if got := take(t, log.Follow(t.Context(), 15), 3); len(got) != 3 || got[0].Position != 16 {
		t.Errorf("took %v of Follow, want 3 from 16 on", got)
	}
}

func refusesBeyond(t *testing.T, log eventstore.Log) {
	fillLog(t, log, 2)
	for name, entries := range map[string]iter.Seq2[eventstore.Entry, error]{
		"Read": log.Read(t.Context(), 3), "Follow": log.Follow(t.Context(), 3),
	} {
		if err := lastError(entries); !errors.Is(err, eventstore.ErrCorrupt) {
			t.Errorf("%s after 3 of a log of 2 ends with %v, want ErrCorrupt", name, err)
		}
	}
}
