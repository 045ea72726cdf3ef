package history_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/kintolog/kintolog/kinto/history"
	"github.com/kintolog/kintolog/server"
)

// part is what a request of a batch was answered.
type part struct {
	Status  int
	Headers map[string]string
	Body    json.RawMessage
}

// batch sends requests such as `PUT /buckets/b {"data":{}}` in a batch.
func (s service) batch(user string, requests ...string) []part {
	s.t.Helper()
	var all []string
	for _, r := range requests {
		method, rest, _ := strings.Cut(r, " ")
		path, body, given := strings.Cut(rest, " ")
		if given {
			body = `,"body":` + body
		}
		all = append(all, fmt.Sprintf(`{"method":%q,"path":%q%s}`, method, path, body))
	}
	a := s.send(user, "POST /batch", `{"requests":[`+strings.Join(all, ",")+`]}`)
	var got struct{ Responses []part }
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != http.StatusOK || len(got.Responses) != len(requests) {
		s.t.Fatalf("%q: %v, %v", requests, a, err)
	}
	return got.Responses
}

// wantsNow checks that a list which was answered in a batch is what is answered now.
func (s service) wantsNow(user, path string, p part) {
	s.t.Helper()
	now := s.send(user, "GET "+path)
	if p.Status != now.status || string(p.Body) != now.body || p.Headers["ETag"] != now.header.Get("ETag") {
		s.t.Errorf("%s in the batch: %d %s %s\nand after it: %v %s", path, p.Status, p.Headers["ETag"], p.Body, now, now.header.Get("ETag"))
	}
}

func TestABatchSeesTheHistoryOfItsChanges(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{ExcludeUserIDs: []string{"account:bot"}})
	const filtered = log + "?_sort=uri,last_modified&_limit=3&in_action=create,update"
	got := s.batch("mat",
		`PUT /buckets/b {"permissions":{"read":["account:eve"]}}`, "GET "+log,
		`PUT /buckets/b/collections/c {"permissions":{"read":["account:ann"]}}`, "PUT /buckets/b/collections/d",
		"PUT "+records+"/1", "PUT /buckets/b/collections/d/records/1", `PUT `+records+`/1 {"data":{"n":2}}`, "DELETE "+records+"/1",
		"GET "+log, "GET "+filtered, "HEAD "+log, "GET "+log+"?_since=0&resource_name=record")
	for i, p := range got {
		if p.Status >= 300 {
			t.Errorf("answer %d: %d %s", i, p.Status, p.Body)
		}
	}
	if !strings.Contains(string(got[1].Body), `"uri":"/buckets/b"`) || strings.Contains(string(got[1].Body), "collections") {
		t.Errorf("after the first request: %s, want the entry of the bucket", got[1].Body)
	}
	s.wants("mat", log,
		"delete /collections/c/records/1", "update /collections/c/records/1", "create /collections/d/records/1",
		"create /collections/c/records/1", "create /collections/d", "create /collections/c", "create ")
	s.wantsNow("mat", log, got[8])
	s.wantsNow("mat", filtered, got[9])
	s.wantsNow("mat", log+"?_since=0&resource_name=record", got[11])
	if got[10].Headers["ETag"] != got[8].Headers["ETag"] {
		t.Errorf("ETag of HEAD: got %s, want %s", got[10].Headers["ETag"], got[8].Headers["ETag"])
	}
	shared := s.batch("ann", "POST /buckets", "GET "+log, "GET /buckets/b/history?_limit=1")
	s.wantsNow("ann", log, shared[1])
	s.wantsNow("ann", log+"?_limit=1", shared[2])
	s.rebuilt()
}

func TestABatchPollsTheHistoryOfItsChanges(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b")
	since := fmt.Sprint(log, "?_since=", etag(t, s.send("mat", "GET "+log)))
	got := s.batch("mat", "GET "+since, "PUT /buckets/b/collections/c", "GET "+since)
	if string(got[0].Body) != `{"data":[]}` {
		t.Errorf("before the change: got %s, want nothing", got[0].Body)
	}
	s.wantsNow("mat", since, got[2])
	s.wants("mat", since, "create /collections/c")
}

func TestABatchDeletesTheHistoryOfItsChanges(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	got := s.batch("mat", "PUT /buckets/b", "PUT /buckets/b/collections/c", "PUT /buckets/b/collections/d",
		"PUT "+records+"/1", "PUT /buckets/b/collections/d/records/2", "PUT "+records+"/3",
		"DELETE "+log+"?record_id=2", "PUT "+records+"/4", "GET "+log, "GET "+log+"?_since=0")
	s.wants("mat", log, "create /collections/c/records/4", "create /collections/c/records/3", "create /collections/c/records/1",
		"create /collections/d", "create /collections/c", "create ")
	s.wantsNow("mat", log, got[8])
	s.wantsNow("mat", log+"?_since=0", got[9])
	got = s.batch("mat", "DELETE /buckets/b", "GET "+log, "PUT /buckets/b", "GET "+log, "DELETE "+log, "GET "+log, "PUT /buckets/b/collections/c", "GET "+log)
	if got[1].Status != http.StatusForbidden || string(got[5].Body) != `{"data":[]}` {
		t.Errorf("got %d and %s, want the history to go", got[1].Status, got[5].Body)
	}
	s.wants("mat", log, "create /collections/c")
	s.wantsNow("mat", log, got[7])
	s.rebuilt()
}

func TestABatchSeesSnapshotsOfItsChanges(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b")
	s.do("PUT /buckets/b/collections/c")
	first := s.do("PUT "+records+"/1", `{"data":{"v":1}}`)
	at := func(moment int64) string { return fmt.Sprintf("GET /buckets/b/snapshot/collections/c@%d", moment) }
	got := s.batch("mat",
		fmt.Sprintf(`PUT %s/1 {"data":{"v":2,"last_modified":%d}}`, records, first+1000),
		fmt.Sprintf(`PUT %s/1 {"data":{"v":3,"last_modified":%d}}`, records, first+2000),
		"DELETE "+records+"/1", at(first), at(first+1000), at(first+2000), at(first+9000))
	for i, want := range []string{`"v":1,`, `"v":2,`, `"v":3,`, ""} {
		if body := string(got[3+i].Body); want == "" && body != `{"data":[]}` || strings.Count(body, `"v"`) > 1 || !strings.Contains(body, want) {
			t.Errorf("snapshot %d: got %s, want %s", i, body, want)
		}
	}
}

// What a batch was told of the history stays true, whoever else writes into the bucket in the same commits.
func TestTheHistoryThatABatchSeesStays(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{}, func(app *server.App) { app.Policy.Grants["bucket_write"] = []string{"account:mat"} })
	s.do("PUT /buckets/b")
	for _, c := range "cdef" {
		s.do(fmt.Sprintf("PUT /buckets/b/collections/%c", c))
	}
	told := make([][]entry, 40)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 10 {
				var requests []string
				for j, c := range "cdefcdef" {
					requests = append(requests, fmt.Sprintf("PUT /buckets/b/collections/%c/records/%d-%d-%d", c, w, i, j))
				}
				var list struct{ Data []entry }
				got := s.batch("mat", append(requests, "GET "+log+"?_limit=10")...)
				if err := json.Unmarshal(got[len(requests)].Body, &list); err != nil {
					t.Error(err)
				}
				told[10*w+i] = list.Data
			}
		})
	}
	wg.Wait()
	stays := map[string]entry{}
	for _, e := range s.entries("mat", log) {
		stays[e.ID] = e
	}
	for i, entries := range told {
		if len(entries) != 10 {
			t.Errorf("batch %d: got %d entries, want 10", i, len(entries))
		}
		for _, e := range entries {
			if later := stays[e.ID]; later.URI != e.URI || later.LastModified != e.LastModified || later.Date != e.Date {
				t.Errorf("told %s at %d, later %s at %d", e.URI, e.LastModified, later.URI, later.LastModified)
			}
		}
	}
	s.rebuilt()
}
