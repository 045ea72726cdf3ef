package counters_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/server"
)

func want(t testing.TB, s *server.Server, counters string) {
	t.Helper()
	for _, user := range []string{"", "alice"} {
		if got := do(t, s, user, "GET /__counters__").Body.String(); got != counters {
			t.Errorf("got %s, want %s", got, counters)
		}
	}
}

func TestAnEmptyServiceCountsNothing(t *testing.T) {
	t.Parallel()
	want(t, start(t), `{"objects":{},"tombstones":{}}`)
}

func TestObjectsAndTombstonesAreCountedByResource(t *testing.T) {
	t.Parallel()
	s := start(t)
	do(t, s, "", "PUT /accounts/bob", `{"data":{"password":"p"}}`)
	for _, path := range []string{"/buckets/a", "/buckets/b", "/buckets/a/collections/c", "/buckets/b/collections/c"} {
		do(t, s, "alice", "PUT "+path)
	}
	do(t, s, "alice", "PUT /buckets/a/groups/g", `{"data":{"members":[]}}`)
	for _, path := range []string{"/buckets/a/collections/c/records/1", "/buckets/a/collections/c/records/2", "/buckets/b/collections/c/records/1"} {
		do(t, s, "alice", "PUT "+path)
	}
	want(t, s, `{"objects":{"account":1,"bucket":2,"collection":2,"group":1,"history":8,"record":3},"tombstones":{}}`)
	do(t, s, "alice", "DELETE /buckets/a/collections/c/records/2")
	want(t, s, `{"objects":{"account":1,"bucket":2,"collection":2,"group":1,"history":9,"record":2},"tombstones":{"record":1}}`)
	do(t, s, "alice", "PUT /buckets/a/collections/c/records/2")
	want(t, s, `{"objects":{"account":1,"bucket":2,"collection":2,"group":1,"history":10,"record":3},"tombstones":{}}`)
	// What is below a deleted object leaves no tombstones.
	do(t, s, "alice", "DELETE /buckets/a")
	want(t, s, `{"objects":{"account":1,"bucket":1,"collection":1,"history":3,"record":1},"tombstones":{"bucket":1}}`)
}

func TestWhatIsInternalIsNotCounted(t *testing.T) {
	t.Parallel()
	s := start(t)
	if w := send(t, s, "alice", "PUT /buckets/b", "{}", "Idempotency-Key: k"); w.Code != 201 {
		t.Fatalf("got %d %s, want 201", w.Code, w.Body)
	}
	want(t, s, `{"objects":{"bucket":1,"history":1},"tombstones":{}}`)
}

func TestCountersAreForReading(t *testing.T) {
	t.Parallel()
	s := start(t)
	if w := do(t, s, "", "HEAD /__counters__"); w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("HEAD: got %d %v, want 200 and the type of GET", w.Code, w.Header())
	}
	if w := send(t, s, "", "POST /__counters__", "{}"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d, want 405", w.Code)
	}
	if hello := do(t, s, "", "GET /").Body.String(); !strings.Contains(hello, `"counters_endpoint"`) {
		t.Errorf("got %s, want the capability", hello)
	}
}
