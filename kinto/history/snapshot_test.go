package history_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/kinto/history"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/server"
)

// versions are the records of a snapshot as "id version", newest first.
func (s service) versions(at int64) string {
	s.t.Helper()
	var got []string
	last := int64(1 << 62)
	for _, r := range s.records("mat", at) {
		if r.LastModified >= last {
			s.t.Errorf("snapshot at %d: %s is not older than the one before", at, r.ID)
		}
		last = r.LastModified
		got = append(got, fmt.Sprint(r.ID, " ", r.V))
	}
	return strings.Join(got, ", ")
}

func TestSnapshotsShowRecordsAsTheyWere(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b")
	empty := s.do("PUT /buckets/b/collections/c")
	s.do("PUT /buckets/b/collections/other")
	s.do("PUT /buckets/b/collections/other/records/a", `{"data":{"v":0}}`)
	put := func(id string, v int) int64 {
		return s.do(fmt.Sprintf("PUT %s/%s", records, id), fmt.Sprintf(`{"data":{"v":%d}}`, v))
	}
	a1 := put("a", 1)
	b1 := put("b", 1)
	c1 := put("c", 1)
	b2 := put("b", 2)
	a2 := put("a", 2)
	cGone := s.do("DELETE " + records + "/c")
	cAgain := put("c", 3)
	b3 := put("b", 3)
	s.do("DELETE " + records)
	afterwards := put("d", 1)
	for _, c := range []struct {
		at   int64
		want string
	}{
		{0, ""},
		{empty, ""},
		{a1 - 1, ""},
		{a1, "a 1"},
		{b1, "b 1, a 1"},
		{c1, "c 1, b 1, a 1"},
		{b2, "b 2, c 1, a 1"},
		{a2, "a 2, b 2, c 1"},
		{cGone, "a 2, b 2"},
		{cAgain, "c 3, a 2, b 2"},
		{b3, "b 3, c 3, a 2"},
		{afterwards - 1, ""},
		{afterwards, "d 1"},
		{1 << 60, "d 1"},
	} {
		if got := s.versions(c.at); got != c.want {
			t.Errorf("at %d: got %q, want %q", c.at, got, c.want)
		}
	}
}

func TestSnapshotsHaveNothingOfACollectionThatWasDeletedBefore(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b")
	s.do("PUT /buckets/b/collections/c")
	former := s.do("PUT "+records+"/r", `{"data":{"v":1}}`)
	s.do("DELETE /buckets/b/collections/c")
	s.do("PUT /buckets/b/collections/c", `{"permissions":{"read":["account:reader"]}}`)
	second := s.do("PUT "+records+"/r", `{"data":{"v":2}}`)
	s.do("PUT "+records+"/r", `{"data":{"v":3}}`)
	for at, want := range map[int64]string{former: "", second: "r 2"} {
		if got := s.versions(at); got != want {
			t.Errorf("at %d: got %q, want %q", at, got, want)
		}
	}
}

// TestReadersOfACollectionSeeNothingOfAFormerOne has histories that do not tell that the collection was deleted, or not even
// that it was created again.
func TestReadersOfACollectionSeeNothingOfAFormerOne(t *testing.T) {
	t.Parallel()
	bot := []string{"account:bot"}
	for name, c := range map[string]struct {
		options   history.Options
		recreator string
	}{
		"deleted by nobody":    {history.Options{ExcludeUserIDs: bot}, "mat"},
		"made anew by nobody":  {history.Options{ExcludeUserIDs: bot}, "bot"},
		"forgotten":            {history.Options{Trim: &history.Trim{UserIDs: bot}}, "mat"},
		"forgotten as a whole": {history.Options{Trim: &history.Trim{UserIDs: bot}}, "bot"},
		"told, and remembered": {history.Options{}, "bot"},
		"purged":               {history.Options{}, "mat"},
	} {
		s := start(t, c.options)
		s.do("PUT /buckets/b", `{"permissions":{"write":["account:bot"]}}`)
		s.do("PUT /buckets/b/collections/c")
		former := s.do("PUT "+records+"/r", `{"data":{"v":1}}`)
		s.send("bot", "DELETE /buckets/b/collections/c")
		s.send(c.recreator, "PUT /buckets/b/collections/c", `{"permissions":{"read":["account:reader"]}}`)
		if name == "purged" {
			s.send("mat", "DELETE /buckets/b/history?resource_name=collection")
		}
		second := s.do("PUT "+records+"/r", `{"data":{"v":2}}`)
		s.do("PUT "+records+"/r", `{"data":{"v":3}}`)
		for at, want := range map[int64]int{former: 0, second: 2} {
			got := 0
			for _, r := range s.records("reader", at) {
				got = r.V
			}
			if got != want {
				t.Errorf("%s: got version %d, want %d", name, got, want)
			}
		}
	}
}

// TestNewReadersOfACollectionSeeAllOfIt has collections whose last_modified is not when they came to be, of which the history
// tells all the same.
func TestNewReadersOfACollectionSeeAllOfIt(t *testing.T) {
	t.Parallel()
	const put = "PUT /buckets/b/collections/c"
	for name, creation := range map[string][]string{
		"alone":                     {put},
		"with its bucket":           {"PUT /buckets/b", put},
		"with others":               {"PUT /buckets/b", "PUT /buckets/b/collections/x", "PUT /buckets/b/collections/y", put},
		"as one of the past":        {put + ` {"data":{"last_modified":1000}}`},
		"as one of the future":      {put + ` {"data":{"last_modified":4102444800000}}`},
		"after one of the future":   {`PUT /buckets/b/collections/x {"data":{"last_modified":4102444800000}}`, put},
		"in a bucket of the future": {`PUT /buckets/b {"data":{"last_modified":4102444800000}}`, put},
	} {
		s := start(t, history.Options{})
		if strings.Contains(creation[0], "/collections/") {
			s.do("PUT /buckets/b")
		}
		for i, p := range s.batch("mat", creation...) {
			if p.Status >= 300 {
				t.Fatalf("%s: %s: got %d %s", name, creation[i], p.Status, p.Body)
			}
		}
		first := s.do("PUT "+records+"/r", `{"data":{"v":1}}`)
		s.do("PUT "+records+"/r", `{"data":{"v":2}}`)
		s.do("PATCH /buckets/b/collections/c", `{"permissions":{"read":["account:reader"]}}`)
		if got := s.records("reader", first); len(got) != 1 || got[0].V != 1 {
			t.Errorf("%s: got %v, want version 1", name, got)
		}
	}
}

func TestSnapshotsAreForReaders(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b", `{"permissions":{"read":["account:reader"]}}`)
	s.do("PUT /buckets/b/groups/g", `{"data":{"members":["account:cid"]}}`)
	s.do("PUT /buckets/b/collections/c", `{"permissions":{"write":["/buckets/b/groups/g"],"record:create":["account:creator"]}}`)
	s.do("PUT "+records+"/r", `{"permissions":{"read":["account:rec"]}}`)
	const snapshot = "GET /buckets/b/snapshot/collections/c@"
	for user, status := range map[string]int{"mat": 200, "reader": 200, "cid": 200, "creator": 403, "rec": 403, "eve": 403, "": 401} {
		if a := s.send(user, snapshot+"1"); a.status != status {
			t.Errorf("%q: got %v, want %d", user, a, status)
		}
	}
	for _, at := range []string{"abc", "-1", "1.5", ""} {
		a := s.send("mat", snapshot+at)
		if want := `"details":[{"location":"path","name":"timestamp","description":"Invalid timestamp '` + at + `'"}]`; a.status != 400 || !strings.Contains(a.body, want) {
			t.Errorf("@%s: got %v, want 400 %s", at, a, want)
		}
	}
	if a := s.send("mat", "GET /buckets/b/snapshot/collections/c"); a.status != http.StatusNotFound {
		t.Errorf("without a timestamp: got %v, want 404", a)
	}
	if a := s.send("mat", "GET /buckets/z/snapshot/collections/c@1"); a.status != http.StatusForbidden {
		t.Errorf("of no bucket: got %v, want 403", a)
	}
	a := s.send("mat", snapshot+"999")
	if a.header.Get("ETag") != "" || a.header.Get("Next-Page") != "" || a.body != `{"data":[]}` || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %v, %v", a, a.header)
	}
}

func TestSnapshotsOfManyRecords(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b")
	s.do("PUT /buckets/b/collections/c")
	const n = 6_000 // more than a page of what a snapshot reads, and more than it names
	var last int64
	for round := range 2 {
		for i := 0; i < n; i += 25 {
			var requests []string
			for j := range 25 {
				requests = append(requests, fmt.Sprintf(`{"path":"/v1%s/r%d","body":{"data":{"v":%d}}}`, records, i+j, round))
			}
			s.do("POST /batch", `{"defaults":{"method":"PUT"},"requests":[`+strings.Join(requests, ",")+`]}`)
		}
		if round == 0 {
			last = etag(t, s.send("mat", "GET "+records+"?_limit=1"))
		}
	}
	for _, c := range []struct {
		at int64
		v  int
	}{{last, 0}, {1 << 60, 1}} {
		got := s.records("mat", c.at)
		if len(got) != n {
			t.Fatalf("at %d: got %d records, want %d", c.at, len(got), n)
		}
		for i, r := range got {
			if r.V != c.v || i > 0 && r.LastModified >= got[i-1].LastModified {
				t.Fatalf("at %d: got %v at %d, want version %d in order", c.at, r, i, c.v)
			}
		}
	}
}

// TestSnapshotsAreWholeOrRefused: there is no next page of one, so clients would take a part for all of it.
func TestSnapshotsAreWholeOrRefused(t *testing.T) {
	t.Parallel()
	const length = 1000
	put := func(s service, id, v int, text string) {
		s.do(fmt.Sprintf("PUT %s/r%d", records, id), fmt.Sprintf(`{"data":{"v":%d,"text":%q}}`, v, text))
	}
	fill := func(n, v int, text string) func(service) {
		return func(s service) {
			for i := range n {
				put(s, i, v, text)
			}
		}
	}
	large := strings.Repeat("x", length)
	for name, c := range map[string]struct {
		before, after func(s service)
		want          int // records; -1 if there are too many bytes
	}{
		"of ten that did not change":    {before: fill(10, 0, large), want: 10},
		"of twenty that did not change": {before: fill(20, 0, large), want: -1},
		"of ten that changed":           {before: fill(10, 0, large), after: fill(10, 1, ""), want: 10},
		"of twenty that changed":        {before: fill(20, 0, large), after: fill(20, 1, ""), want: -1},
		"of one that changed often": {before: func(s service) { put(s, 0, 0, large) }, after: func(s service) {
			for v := range 50 {
				put(s, 0, v+1, large)
			}
		}, want: 1},
		"before fifty came":     {after: fill(50, 1, large), want: 0},
		"before a hundred came": {after: fill(100, 1, ""), want: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startWith(t, history.Options{}, server.Config{Memory: true, Read: readapi.Options{MaxBytes: 20 * length}})
			s.do("PUT /buckets/b")
			s.do("PUT /buckets/b/collections/c")
			if c.before != nil {
				c.before(s)
			}
			at := etag(t, s.send("mat", "GET "+records+"?_limit=1"))
			if c.after != nil {
				c.after(s)
			}
			if a := s.send("mat", fmt.Sprintf("GET /buckets/b/snapshot/collections/c@%d", at)); c.want < 0 {
				if a.status != http.StatusRequestEntityTooLarge || !strings.Contains(a.body, `"errno":113`) {
					t.Errorf("got %.200v, want 413", a)
				}
				return
			}
			got := s.records("mat", at)
			for _, r := range got {
				if r.V != 0 {
					t.Errorf("got version %d of %s, want the first", r.V, r.ID)
				}
			}
			if len(got) != c.want {
				t.Errorf("got %d records, want %d", len(got), c.want)
			}
		})
	}
}
