package eventstore_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/logtest"
)

func TestSealGroupsByEndpoint(t *testing.T) {
	t.Parallel()
	cascade := func(uri domain.URI) domain.Event {
		e := logtest.Event(uri, domain.Deleted)
		e.Cascade = true
		return e
	}
	plain := func(uri domain.URI) domain.Event { return logtest.Event(uri, domain.Created) }
	secret := plain("/a/3")
	secret.Secret = true
	flush := domain.Event{Action: domain.Flushed}
	for name, test := range map[string]struct {
		events []domain.Event
		want   []string // of each message, the events by their index
	}{
		"one":                        {[]domain.Event{plain("/a/1")}, []string{"[0]"}},
		"same endpoint":              {[]domain.Event{plain("/a/1"), plain("/b/1"), plain("/a/2")}, []string{"[0 2]", "[1]"}},
		"secrets":                    {[]domain.Event{plain("/a/1"), secret, plain("/a/2")}, []string{"[0 2]", "[1]"}},
		"cascade between":            {[]domain.Event{plain("/a/1/b/1"), cascade("/a/1"), plain("/a/1/b/2")}, []string{"[0]", "[1]", "[2]"}},
		"cascade after its endpoint": {[]domain.Event{plain("/a/1"), cascade("/a/2"), plain("/a/3")}, []string{"[0 1 2]"}},
		"cascade after another":      {[]domain.Event{plain("/a/1"), plain("/b/1"), cascade("/a/2"), plain("/b/2")}, []string{"[0]", "[1]", "[2]", "[3]"}},
		"several cascades":           {[]domain.Event{cascade("/a/1"), cascade("/a/2"), cascade("/a/3")}, []string{"[0 1 2]"}},
		"cascades around another":    {[]domain.Event{cascade("/a/1"), plain("/a/1/b/1"), cascade("/a/2")}, []string{"[0]", "[1]", "[2]"}},
		"flush":                      {[]domain.Event{plain("/a/1"), flush, plain("/a/2")}, []string{"[0]", "[1]", "[2]"}},
	} {
		var got []string
		after := eventstore.Tail{Position: 5, Hash: eventstore.Hash{1}}
		messages, err := eventstore.DefaultSpace.Seal(after, eventstore.Commit{ID: "c", Events: test.events}, eventstore.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		previous := after.Hash
		for i, m := range messages {
			entry, err := unchained(m)
			if err != nil {
				t.Fatal(err)
			}
			var indices []int
			for _, e := range entry.Events {
				indices = append(indices, slices.IndexFunc(test.events, func(o domain.Event) bool { return reflect.DeepEqual(o, e) }))
			}
			got = append(got, fmt.Sprint(indices))
			if m.Index != i+1 || m.Count != len(messages) || entry.Last != (i+1 == len(messages)) || m.ChainedTo(previous) != m.Hash {
				t.Errorf("%s: message %d is %d of %d, last %v", name, i+1, m.Index, m.Count, entry.Last)
			}
			previous = m.Hash
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: messages of %v, want %v", name, got, test.want)
		}
		if tail := eventstore.TailOf(after, messages); tail.Position != 5+domain.Position(len(messages)) || tail.Hash != previous {
			t.Errorf("%s: tail %v", name, tail)
		}
	}
}

// Whatever the events and limits, Seal keeps every event once, the order within an endpoint, the
// order around fences, and the limits.
func TestSealKeepsOrderAndLimits(t *testing.T) {
	t.Parallel()
	limits := eventstore.Limits{Payload: 1200, Messages: 1000, Bytes: 1 << 20}
	rapid.Check(t, func(t *rapid.T) {
		var events []domain.Event
		for i := range rapid.IntRange(1, 30).Draw(t, "events") {
			e := logtest.Event(domain.URI(fmt.Sprintf("/%s/%d", rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "endpoint"), i)), domain.Updated)
			e.Secret = rapid.Float64().Draw(t, "secret") < 0.2
			if rapid.Float64().Draw(t, "fence") < 0.15 {
				e.Action, e.Object.Deleted, e.Cascade = domain.Deleted, true, true
			}
			events = append(events, e)
		}
		messages, err := eventstore.DefaultSpace.Seal(eventstore.Tail{}, eventstore.Commit{ID: "c", Events: events}, limits)
		if err != nil {
			t.Fatal(err)
		}
		cursor := eventstore.DefaultSpace.Cursor(0)
		var order []domain.Event
		for i, m := range messages {
			if len(m.Payload) > limits.Payload {
				t.Fatalf("payload of %d bytes", len(m.Payload))
			}
			entry, err := cursor.Read(domain.Position(i+1), &m)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entry.Events {
				if e.Plural() != entry.Plural {
					t.Fatalf("event of %s in an entry of %s", e.Object.URI, entry.Plural)
				}
			}
			order = append(order, entry.Events...)
		}
		if len(order) != len(events) {
			t.Fatalf("%d events of %d", len(order), len(events))
		}
		place := make([]int, len(events))
		for i, e := range events {
			place[i] = slices.IndexFunc(order, func(o domain.Event) bool { return reflect.DeepEqual(o, e) })
		}
		for i, a := range events {
			for j := i + 1; j < len(events); j++ {
				b := events[j]
				ordered := a.Cascade || b.Cascade || a.Plural() == b.Plural() && a.Secret == b.Secret
				if ordered && place[i] > place[j] {
					t.Fatalf("event %d comes after event %d", i, j)
				}
			}
		}
	})
}

func TestSealRefusesWhatExceedsTheLimits(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]eventstore.Limits{
		"payload":  {Payload: 200, Messages: 10, Bytes: 1 << 20},
		"messages": {Payload: 1 << 20, Messages: 1, Bytes: 1 << 20},
		"bytes":    {Payload: 1 << 20, Messages: 10, Bytes: 400},
	} {
		events := []domain.Event{logtest.Event("/a/1", domain.Created), logtest.Event("/b/1", domain.Created)}
		_, err := eventstore.DefaultSpace.Seal(eventstore.Tail{}, eventstore.Commit{ID: "c", Events: events}, limits)
		if !errors.Is(err, eventstore.ErrTooLarge) {
			t.Errorf("%s: Seal = %v, want ErrTooLarge", name, err)
		}
	}
}

func TestCursorNoticesWhatIsMissingOrTorn(t *testing.T) {
	t.Parallel()
	whole := seal(t, logtest.Event("/a/1", domain.Created), logtest.Event("/b/1", domain.Created), logtest.Event("/c/1", domain.Created))
	next, err := eventstore.DefaultSpace.Seal(eventstore.TailOf(eventstore.Tail{}, whole[:2]),
		eventstore.Commit{ID: "next", Events: []domain.Event{logtest.Event("/d/1", domain.Created)}}, eventstore.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	for name, messages := range map[string][]eventstore.Message{
		"a commit without its end":  {whole[0], whole[1], next[0]},
		"entries in another order":  {whole[0], whole[2], whole[1]},
		"an entry twice":            {whole[0], whole[0], whole[1]},
		"another log's first entry": {next[0], whole[1], whole[2]},
	} {
		cursor := eventstore.DefaultSpace.Cursor(0)
		var err error
		for i := 0; i < len(messages) && err == nil; i++ {
			_, err = cursor.Read(domain.Position(i+1), &messages[i])
		}
		if !errors.Is(err, eventstore.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
	if _, err := eventstore.DefaultSpace.Cursor(0).Read(2, &whole[0]); !errors.Is(err, eventstore.ErrCorrupt) {
		t.Errorf("reading position 2 first: %v, want ErrCorrupt", err)
	}
}
