package logtest

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// Event is an event with an object of the least content.
func Event(uri domain.URI, action domain.Action) domain.Event {
	return domain.Event{Action: action, Resource: "thing", Object: domain.Object{
		URI: uri, LastModified: 1795428000123, Created: 1795428000100,
		Deleted: action == domain.Deleted, Data: []byte(`{"a":1}`),
	}}
}

// Events are one event of every kind.
func Events() []domain.Event {
	full := Event("/buckets/blog/collections/articles/records/first", domain.Created)
	full.Object.Data = []byte(`{"id":"first","last_modified":1795428000123,"title":"a \"quoted\" ü \u2028","n":1.5e300,"x":[null,{}]}`)
	full.Object.Permissions = domain.Permissions{
		"read": {"system.Everyone"}, "write": {"account:alice", "group:\"<&>\""}, "record:create": {"x"},
	}
	full.Origin = domain.Origin{Time: 1795428000130, UserID: "account:alice", Request: "r-1", Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
	tombstone := Event("/buckets/blog/collections/articles/records/first", domain.Deleted)
	cascade := Event("/buckets/blog", domain.Deleted)
	cascade.Cascade = true
	secret := Event("/accounts/alice", domain.Updated)
	secret.Secret = true
	ancient := Event("/buckets/old", domain.Updated)
	ancient.Object.LastModified, ancient.Object.Created = 0, 0
	latest := Event("/buckets/new", domain.Updated)
	latest.Object.LastModified = domain.MaxTimestamp
	return []domain.Event{
		{Action: domain.Started, Object: domain.Object{LastModified: 1795428000000}},
		full, Event("/buckets/blog", domain.Updated), tombstone, cascade, secret, ancient, latest,
		{Action: domain.Flushed, Object: domain.Object{LastModified: 1795428000999}, Origin: domain.Origin{Time: 1795428001000, UserID: "x"}},
		{Action: domain.Purged, Resource: "record", Retain: 100, Origin: domain.Origin{Time: 1795428002000}},
	}
}

func mustAppend(t testing.TB, log eventstore.Log, after eventstore.Tail, id string, events ...domain.Event) eventstore.Tail {
	t.Helper()
	tail, err := log.Append(t.Context(), after, eventstore.Commit{ID: id, Events: events})
	if err != nil {
		t.Fatalf("Append(%d, %s): %v", after.Position, id, err)
	}
	return tail
}

// fillLog appends n commits of one entry each to an empty log.
func fillLog(t testing.TB, log eventstore.Log, n int) []eventstore.Entry {
	t.Helper()
	var tail eventstore.Tail
	for i := range n {
		tail = mustAppend(t, log, tail, fmt.Sprintf("fill-%d", i), Event(domain.URI(fmt.Sprintf("/buckets/b%d", i)), domain.Created))
	}
	return read(t, log, 0)
}

func read(t testing.TB, log eventstore.Log, after domain.Position) []eventstore.Entry {
	t.Helper()
	// A test may read after it ended a context of its own.
	var all []eventstore.Entry
	for e, err := range log.Read(context.WithoutCancel(t.Context()), after) {
		if err != nil {
			t.Fatalf("Read(%d) after %d entries: %v", after, len(all), err)
		}
		all = append(all, e)
	}
	return all
}

// take is the first n entries.
func take(t testing.TB, entries iter.Seq2[eventstore.Entry, error], n int) []eventstore.Entry {
	t.Helper()
	var all []eventstore.Entry
	for e, err := range entries {
		if err != nil {
			t.Fatalf("after %d entries: %v", len(all), err)
		}
		if all = append(all, e); len(all) == n {
			break
		}
	}
	return all
}

func lastError(entries iter.Seq2[eventstore.Entry, error]) error {
	var last error
	for _, err := range entries {
		last = err
	}
	return last
}

func flatten(entries []eventstore.Entry) []domain.Event {
	var all []domain.Event
	for _, e := range entries {
		all = append(all, e.Events...)
	}
	return all
}

func assertEvents(t testing.TB, entries []eventstore.Entry, want []domain.Event) {
	t.Helper()
	got := flatten(entries)
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("event %d is %.300v, want %.300v", i, got[i], want[i])
		}
	}
}

// fill is a JSON object of about n bytes.
func fill(n int) []byte {
	data := make([]byte, 0, n+16)
	data = append(data, `{"a":"`...)
	for len(data) < n {
		data = append(data, "0123456789abcdef"...)
	}
	return append(data, `"}`...)
}
