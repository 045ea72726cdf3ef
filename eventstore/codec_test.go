package eventstore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/logtest"
)

var update = flag.Bool("update", false, "write the golden files of the current format")

// goldens are payloads of format version 1, with the events that they hold.
func goldens() map[string][]domain.Event {
	all := logtest.Events()
	return map[string][]domain.Event{
		"v1-start":      {all[0]},
		"v1-full":       {all[1]},
		"v1-two":        {all[2], logtest.Event("/buckets/news", domain.Deleted)},
		"v1-cascade":    {all[4]},
		"v1-secret":     {all[5]},
		"v1-flush":      {all[8]},
		"v1-purge":      {all[9]},
		"v1-percent-id": {logtest.Event("/buckets/ü b/groups/a.b", domain.Created)},
	}
}

func TestPayloadIsThatOfTheGoldenFiles(t *testing.T) {
	t.Parallel()
	for name, events := range goldens() {
		path := filepath.Join("testdata", name+".json")
		got := seal(t, events...)[0]
		if *update {
			if err := os.WriteFile(path, append(got.Payload, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(append(got.Payload, '\n'), want) {
			t.Errorf("%s: payload is\n%s\nwant\n%s", name, got.Payload, want)
		}
	}
}

func TestGoldenFilesStayReadable(t *testing.T) {
	t.Parallel()
	want := goldens()
	files, err := filepath.Glob("testdata/v*.json")
	if err != nil || len(files) < len(want) {
		t.Fatalf("%d golden files, %v, want %d", len(files), err, len(want))
	}
	for _, file := range files {
		payload, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		m := seal(t, want[name]...)[0]
		m.Payload = payload
		got, err := unchained(m)
		if err != nil || !reflect.DeepEqual(got.Events, want[name]) {
			t.Errorf("%s holds %+v, %v, want %+v", file, got.Events, err, want[name])
		}
	}
}

// The rules of CloudEvents 1.0 that a generic consumer relies on.
func TestPayloadIsACloudEventsBatch(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for _, m := range seal(t, logtest.Events()...) {
		var batch []map[string]any
		if err := json.Unmarshal(m.Payload, &batch); err != nil {
			t.Fatal(err)
		}
		for _, event := range batch {
			for _, required := range []string{"id", "source", "type"} {
				if s, _ := event[required].(string); s == "" {
					t.Errorf("%s of %v is empty", required, event)
				}
			}
			if event["specversion"] != "1.0" {
				t.Errorf("specversion is %v, want 1.0", event["specversion"])
			}
			for name, value := range event {
				if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
					t.Errorf("attribute %q is not of lower-case letters and digits", name)
				}
				if value == "" {
					t.Errorf("attribute %q is empty", name)
				}
			}
			if at, ok := event["time"]; ok {
				if _, err := time.Parse(time.RFC3339, at.(string)); err != nil {
					t.Error(err)
				}
			}
			id := event["id"].(string)
			if ids[id] {
				t.Errorf("id %q appears twice", id)
			}
			ids[id] = true
		}
	}
}

func TestReadingIgnoresUnknownMembers(t *testing.T) {
	t.Parallel()
	m := seal(t, logtest.Event("/buckets/a", domain.Created))[0]
	want, err := unchained(m)
	if err != nil {
		t.Fatal(err)
	}
	m.Payload = bytes.Replace(m.Payload, []byte(`"data":{`), []byte(`"later":[{"x":1}],"data":{"more":{"a":[]},`), 1)
	got, err := unchained(m)
	if err != nil || !reflect.DeepEqual(got.Events, want.Events) {
		t.Errorf("with unknown members: %+v, %v, want %+v", got.Events, err, want.Events)
	}
}

func TestReadingRefusesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	good := seal(t, logtest.Event("/buckets/a", domain.Created))[0]
	for name, payload := range map[string]string{
		"a later version": strings.Replace(string(good.Payload), ".v1", ".v2", 1),
		"another type":    strings.Replace(string(good.Payload), "org.kintolog", "com.example", 1),
		"another action":  strings.Replace(string(good.Payload), `"action":"create"`, `"action":"explode"`, 1),
		"a number":        strings.Replace(string(good.Payload), `"action":"create"`, `"action":7`, 1),
		"a fraction":      strings.Replace(string(good.Payload), `"created":1795428000100`, `"created":1.5`, 1),
		"nothing":         "",
		"an empty batch":  "[]",
		"one event":       strings.Trim(string(good.Payload), "[]"),
		"half of it":      string(good.Payload[:len(good.Payload)/2]),
		"more after it":   string(good.Payload) + "[]",
		"null":            "null",
	} {
		m := good
		m.Payload = []byte(payload)
		if got, err := unchained(m); !errors.Is(err, eventstore.ErrCorrupt) {
			t.Errorf("%s: %+v, %v, want ErrCorrupt", name, got.Events, err)
		}
	}
}

func FuzzReadingNeverPanics(f *testing.F) {
	for _, events := range goldens() {
		messages, err := eventstore.DefaultSpace.Seal(eventstore.Tail{}, eventstore.Commit{ID: "c", Events: events}, eventstore.DefaultLimits)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(messages[0].Payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		entry, err := unchained(eventstore.Message{Subject: "kintolog.buckets", Commit: "c", Index: 1, Count: 1, Payload: payload})
		if (err == nil) != (len(entry.Events) > 0) || err != nil && !errors.Is(err, eventstore.ErrCorrupt) {
			t.Errorf("%d events, %v", len(entry.Events), err)
		}
	})
}

func TestEveryEventSurvives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		want := domain.Event{
			Action:   rapid.SampledFrom([]domain.Action{domain.Created, domain.Updated, domain.Deleted}).Draw(t, "action"),
			Resource: text.Draw(t, "resource"),
			Cascade:  rapid.Bool().Draw(t, "cascade"),
			Secret:   rapid.Bool().Draw(t, "secret"),
			Origin:   domain.Origin{Time: domain.Timestamp(rapid.Int64Range(0, int64(domain.MaxTimestamp)).Draw(t, "time")), UserID: text.Draw(t, "user"), Request: text.Draw(t, "request"), Trace: text.Draw(t, "trace")},
		}
		want.Object = domain.Object{
			URI:          domain.URI("/buckets/" + text.Draw(t, "id")),
			LastModified: domain.Timestamp(rapid.Int64().Draw(t, "last_modified")),
			Created:      domain.Timestamp(rapid.Int64().Draw(t, "created")),
			Deleted:      want.Action == domain.Deleted,
		}
		if fields := rapid.MapOf(text, text).Draw(t, "data"); len(fields) > 0 {
			want.Object.Data, _ = json.Marshal(fields)
		}
		if p := rapid.MapOf(text, rapid.SliceOfN(text, 1, 3)).Draw(t, "permissions"); len(p) > 0 {
			want.Object.Permissions = p
		}
		messages, err := eventstore.DefaultSpace.Seal(eventstore.Tail{}, eventstore.Commit{ID: "c", Events: []domain.Event{want}}, eventstore.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		got, err := eventstore.DefaultSpace.Cursor(0).Read(1, &messages[0])
		if err != nil || !reflect.DeepEqual(got.Events[0], want) {
			t.Fatalf("reads %+v, %v, want %+v", got, err, want)
		}
	})
}

func seal(t testing.TB, events ...domain.Event) []eventstore.Message {
	t.Helper()
	messages, err := eventstore.DefaultSpace.Seal(eventstore.Tail{}, eventstore.Commit{ID: "c0ffee", Events: events}, eventstore.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// unchained reads a message whose hash is not verified.
func unchained(m eventstore.Message) (eventstore.Entry, error) {
	return eventstore.DefaultSpace.Cursor(6).Read(7, &m)
}

func BenchmarkCodec(b *testing.B) {
	for _, n := range []int{1, 25} {
		name := map[int]string{1: "1", 25: "25"}[n]
		commit := eventstore.Commit{ID: "0196f0c2-7a51-7c3e-9d55-1f2e3a4b5c6d", Events: typical(n)}
		messages, err := eventstore.DefaultSpace.Seal(eventstore.Tail{}, commit, eventstore.DefaultLimits)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("seal/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := eventstore.DefaultSpace.Seal(eventstore.Tail{}, commit, eventstore.DefaultLimits); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("read/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := eventstore.DefaultSpace.Cursor(0).Read(1, &messages[0]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// typical are events of one endpoint with half a kilobyte of data each.
func typical(n int) []domain.Event {
	events := make([]domain.Event, n)
	for i := range events {
		e := logtest.Event("/buckets/blog/collections/articles/records/0196f0c2-7a51-7c3e-9d55-1f2e3a4b5c6d", domain.Created)
		e.Object.Data = []byte(`{"id":"0196f0c2-7a51-7c3e-9d55-1f2e3a4b5c6d","last_modified":1795428000123,"title":"A title","tags":["a","b","c"],"n":12345,"text":"` + strings.Repeat("lorem ipsum ", 30) + `"}`)
		e.Object.Permissions = domain.Permissions{"write": {"account:alice"}}
		e.Origin = domain.Origin{Time: 1795428000130, UserID: "account:alice", Request: "0196f0c2", Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
		events[i] = e
	}
	return events
}
