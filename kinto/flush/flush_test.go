package flush_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
)

// fill makes objects of every resource, of which some are gone again.
func fill(t testing.TB, s *server.Server) {
	t.Helper()
	do(t, s, "", "PUT /accounts/bob", `{"data":{"password":"p"}}`)
	do(t, s, "alice", "PUT /buckets/b", `{"permissions":{"read":["/buckets/b/groups/g"]}}`)
	do(t, s, "alice", "PUT /buckets/b/groups/g", `{"data":{"members":["account:bob"]}}`)
	do(t, s, "alice", "PUT /buckets/b/collections/c")
	do(t, s, "alice", "PUT /buckets/b/collections/c/records/r")
	do(t, s, "alice", "DELETE /buckets/b/collections/c/records/r")
}

func flushAll(t testing.TB, s *server.Server) {
	t.Helper()
	if w := do(t, s, "", "POST /__flush__"); w.Code != 202 || w.Body.String() != "{}" {
		t.Errorf("got %d %s, want 202 {}", w.Code, w.Body)
	}
}

// timestamp is the ETag of a list, as a number.
func timestamp(t testing.TB, s *server.Server, path string) int64 {
	t.Helper()
	etag := do(t, s, "alice", "GET "+path).Header().Get("ETag")
	n, err := strconv.ParseInt(strings.Trim(etag, `"`), 10, 64)
	if err != nil {
		t.Fatalf("ETag of %s: got %s", path, etag)
	}
	return n
}

func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	s := start(t, "bucket_read: account:alice", "account_read: account:alice")
	fill(t, s)
	flushAll(t, s)
	for _, path := range []string{"/buckets?_since=0", "/accounts?_since=0"} {
		if got := do(t, s, "alice", "GET "+path).Body.String(); got != `{"data":[]}` {
			t.Errorf("GET %s: got %s, want nothing", path, got)
		}
	}
	do(t, s, "carol", "PUT /buckets/b")
	for _, path := range []string{"/buckets/b/collections?_since=0", "/buckets/b/groups?_since=0"} {
		if got := do(t, s, "carol", "GET "+path).Body.String(); got != `{"data":[]}` {
			t.Errorf("GET %s: got %s, want nothing, and no tombstones", path, got)
		}
	}
	do(t, s, "carol", "PUT /buckets/b/collections/c")
	if got := do(t, s, "carol", "HEAD /buckets/b/collections").Header().Get("Total-Objects"); got != "1" {
		t.Errorf("total: got %s, want 1", got)
	}
	// Permissions and memberships are gone too.
	do(t, s, "carol", "PATCH /buckets/b", `{"permissions":{"read":["/buckets/b/groups/g"]}}`)
	if w := send(t, s, "bob", "GET /buckets/b", ""); w.Code != 403 {
		t.Errorf("GET by who was a member: got %d, want 403", w.Code)
	}
}

// changes give a list a timestamp in the future, in every way there is.
var changes = map[string]func(t testing.TB, s *server.Server, future int64){
	"a write": func(t testing.TB, s *server.Server, future int64) {
		do(t, s, "alice", "PUT /buckets/b/collections/c/records/f", fmt.Sprintf(`{"data":{"last_modified":%d}}`, future))
	},
	"a deletion": func(t testing.TB, s *server.Server, future int64) {
		do(t, s, "alice", "PUT /buckets/b/collections/c/records/f")
		do(t, s, "alice", fmt.Sprintf("DELETE /buckets/b/collections/c/records/f?last_modified=%d", future))
	},
	"a purge": func(t testing.TB, s *server.Server, future int64) {
		do(t, s, "alice", "PUT /buckets/b/collections/c/records/f", fmt.Sprintf(`{"data":{"last_modified":%d}}`, future))
		do(t, s, "alice", "DELETE /buckets/b/collections/c")
		do(t, s, "alice", "PUT /buckets/b/collections/c")
	},
	"a flush": func(t testing.TB, s *server.Server, future int64) {
		do(t, s, "alice", "PUT /buckets/f", fmt.Sprintf(`{"data":{"last_modified":%d}}`, future))
		flushAll(t, s)
		do(t, s, "alice", "PUT /buckets/b")
		do(t, s, "alice", "PUT /buckets/b/collections/c")
	},
}

var paths = []string{"/buckets", "/buckets/b/groups", "/buckets/b/collections", "/buckets/b/collections/c/records"}

// Clients recognise a flush by a list that is empty and has a newer timestamp than the one they know.
func TestTimestampsAreNewerThanAnyBefore(t *testing.T) {
	t.Parallel()
	for name, change := range changes {
		s := start(t)
		fill(t, s)
		change(t, s, time.Now().Add(time.Hour).UnixMilli())
		before := int64(0)
		for _, path := range paths {
			before = max(before, timestamp(t, s, path))
		}
		flushAll(t, s)
		do(t, s, "alice", "PUT /buckets/b")
		do(t, s, "alice", "PUT /buckets/b/collections/c")
		for _, path := range paths {
			if got := timestamp(t, s, path); got <= before {
				t.Errorf("after %s: ETag of %s: got %d, want it newer than %d", name, path, got, before)
			}
		}
	}
}

func TestAFlushForgetsTimestampsThatAreTooFarAheadToPollWith(t *testing.T) {
	t.Parallel()
	for name, change := range changes {
		s := start(t)
		fill(t, s)
		change(t, s, 99999999999999) // in the year 5138
		flushAll(t, s)
		do(t, s, "alice", "PUT /buckets/b")
		do(t, s, "alice", "PUT /buckets/b/collections/c")
		for _, path := range paths {
			if w := send(t, s, "alice", fmt.Sprintf("GET %s?_since=%d", path, timestamp(t, s, path)), ""); w.Code != 200 {
				t.Errorf("after %s: %s since its ETag: got %d %s, want 200", name, path, w.Code, w.Body)
			}
		}
		flushed := timestamp(t, s, "/buckets")
		flushAll(t, s)
		if got := timestamp(t, s, "/buckets"); got <= flushed {
			t.Errorf("after %s: ETag after another flush: got %d, want it newer than %d", name, got, flushed)
		}
	}
}

func TestADeletionAndAFlushInOneBatch(t *testing.T) {
	t.Parallel()
	s := start(t)
	fill(t, s)
	future := time.Now().Add(time.Hour).UnixMilli()
	records := "/buckets/b/collections/c/records"
	do(t, s, "alice", "PUT "+records+"/f", fmt.Sprintf(`{"data":{"last_modified":%d}}`, future))
	w := do(t, s, "alice", "POST /batch", `{"requests":[
		{"path":"/buckets/b/collections/c","method":"DELETE"},{"path":"/buckets/b/collections/c","method":"PUT"},
		{"path":"`+records+`"},
		{"path":"/__flush__","method":"POST"},
		{"path":"/buckets/b","method":"PUT"},{"path":"/buckets/b/collections/c","method":"PUT"},{"path":"`+records+`"}]}`)
	var got struct {
		Responses []struct {
			Status  int
			Headers map[string]string
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Responses) != 7 {
		t.Fatalf("got %s, want 7 answers", w.Body)
	}
	before, after := got.Responses[2], got.Responses[6]
	if after.Status != 200 || after.Headers["ETag"] <= before.Headers["ETag"] {
		t.Errorf("ETag: got %v, want it newer than %v", after, before)
	}
	if got, want := fmt.Sprintf(`"%d"`, timestamp(t, s, records)), after.Headers["ETag"]; got != want {
		t.Errorf("ETag after the batch: got %s, want %s", got, want)
	}
}

func TestAnUntouchedListKeepsItsTimestampAfterwards(t *testing.T) {
	t.Parallel()
	s := start(t)
	fill(t, s)
	flushAll(t, s)
	first := timestamp(t, s, "/buckets")
	if got := timestamp(t, s, "/buckets"); got != first {
		t.Errorf("got %d, want it to stay %d", got, first)
	}
}

func TestTheLogStillTellsTheStory(t *testing.T) {
	t.Parallel()
	s := start(t)
	do(t, s, "alice", "PUT /buckets/b")
	do(t, s, "bob", "POST /__flush__")
	do(t, s, "alice", "PUT /buckets/b")
	var got []string
	for entry, err := range s.Parts().Log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entry.Events {
			got = append(got, fmt.Sprint(e.Action, " ", e.Object.URI, " ", e.Origin.UserID))
			if e.Action == domain.Flushed && e.Plural() != "" {
				t.Errorf("got a flush of %s, want one of everything", e.Plural())
			}
		}
	}
	if text, want := strings.Join(got, "; "), "start  ; create /buckets/b account:alice; flush  account:bob; create /buckets/b account:alice"; text != want {
		t.Errorf("got events %q, want %q", text, want)
	}
}

func TestAFlushTakesAnything(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, header := range []string{"Content-Type: text/plain", "Accept: text/html", "Authorization: nonsense"} {
		if w := send(t, s, "", "POST /__flush__", "anything", header); w.Code != 202 {
			t.Errorf("%s: got %d %s, want 202", header, w.Code, w.Body)
		}
	}
	if w := send(t, s, "", "POST /__flush__/", ""); w.Code != http.StatusTemporaryRedirect {
		t.Errorf("with a slash at the end: got %d, want a redirect", w.Code)
	}
	if w := send(t, s, "", "GET /__flush__", ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: got %d, want 405", w.Code)
	}
	if hello := do(t, s, "", "GET /").Body.String(); !strings.Contains(hello, `"flush_endpoint"`) {
		t.Errorf("got %s, want the capability", hello)
	}
}

// What comes after a flush with a key from before is a new request.
func TestWhatWasRememberedIsForgotten(t *testing.T) {
	t.Parallel()
	s := start(t)
	key := "Idempotency-Key: k"
	for range 2 {
		if w := send(t, s, "alice", "PUT /buckets/b", "{}", key); w.Code != 201 || w.Header().Get("Idempotency-Replayed") != "" {
			t.Errorf("got %d %v, want it created", w.Code, w.Header())
		}
		if w := send(t, s, "alice", "PUT /buckets/b", "{}", key); w.Header().Get("Idempotency-Replayed") == "" {
			t.Errorf("got %d %s, want a replay", w.Code, w.Body)
		}
		flushAll(t, s)
	}
}

func TestAFlushThatIsSentAgainHasOneEffect(t *testing.T) {
	t.Parallel()
	s := start(t)
	fill(t, s)
	const key = "Idempotency-Key: once"
	if w := send(t, s, "alice", "POST /__flush__", "", key); w.Code != 202 {
		t.Fatalf("got %d %s, want 202", w.Code, w.Body)
	}
	if w := send(t, s, "alice", "GET /buckets/b", ""); w.Code == 200 {
		t.Errorf("got %d %s, want it gone", w.Code, w.Body)
	}
	do(t, s, "alice", "PUT /buckets/later")
	answers := make([]*httptest.ResponseRecorder, 6)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = send(t, s, "alice", "POST /__flush__", "", key) })
	}
	wg.Wait()
	for _, w := range answers {
		if w.Code != 202 || w.Body.String() != "{}" || w.Header().Get("Idempotency-Replayed") != "true" {
			t.Errorf("got %d %v %s, want the first answer", w.Code, w.Header(), w.Body)
		}
	}
	do(t, s, "alice", "GET /buckets/later")
	send(t, s, "alice", "POST /__flush__", "", "Idempotency-Key: twice")
	if w := send(t, s, "alice", "GET /buckets/later", ""); w.Code == 200 {
		t.Errorf("with another key: got %d %s, want it gone", w.Code, w.Body)
	}
}
