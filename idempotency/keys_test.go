package idempotency_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/idempotency"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/server"
)

const key = "Idempotency-Key: 1b4e28ba-2fa1"

func TestARepeatedWriteIsAnsweredAsTheFirst(t *testing.T) {
	t.Parallel()
	s := start(t)
	created := send(t, s, "POST "+records, `{"data":{"id":"r","n":1}}`, "Idempotency-Key: a")
	etag := created.header.Get("ETag")
	for i, write := range []struct {
		request, body string
		status        int
		headers       []string
	}{
		{"POST " + records, `{"data":{"n":"é\u2028\"\\"}}`, 201, nil},
		{"PUT " + records + "/p", `{"data":{"n":1}}`, 201, []string{"If-None-Match: *"}},
		{"PATCH " + records + "/r", `{"data":{"n":2}}`, 200, []string{"If-Match: " + etag}},
		{"DELETE " + records + "/r", ``, 200, nil},
		{"DELETE " + records + "?_limit=1", ``, 200, nil},
	} {
		headers := append(write.headers, fmt.Sprint("Idempotency-Key: ", i))
		first := send(t, s, write.request, write.body, headers...)
		wantFresh(t, first, write.status)
		before := tail(t, s)
		wantReplay(t, send(t, s, write.request, write.body, headers...), first)
		if got := tail(t, s); got != before {
			t.Errorf("%s: the log moved from %d to %d, want no second effect", write.request, before, got)
		}
	}
}

// stuck is a read model that no change comes to.
type stuck struct{ projections.Store }

func (stuck) Apply(ctx context.Context, _ projections.Change) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAReplayThatCannotWaitNamesItsPosition(t *testing.T) {
	t.Parallel()
	s := open(t, server.Config{Memory: true, Readable: time.Millisecond}, server.Plugin{Name: "stuck", Wrap: server.Wrappers{
		Model: func(s projections.Store) projections.Store { return stuck{s} },
	}})
	first := send(t, s, "PUT /buckets/b", "", key)
	wantFresh(t, first, 201)
	again := send(t, s, "PUT /buckets/b", "", key)
	wantReplay(t, again, first)
	for _, a := range []answer{first, again} {
		exposed := a.header.Get("Access-Control-Expose-Headers")
		if got := a.header.Get("Kintolog-Position"); got == "" || !strings.Contains(exposed, "Kintolog-Position") {
			t.Errorf("replayed %q: got the position %q, exposed %q", a.header.Get("Idempotency-Replayed"), got, exposed)
		}
	}
}

func TestAnotherKeyIsAnotherRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, header := range []string{"Idempotency-Key: a", "Idempotency-Key: b", "Idempotency-Key"} {
		wantFresh(t, send(t, s, "POST "+records, `{"data":{}}`, header), 201)
	}
	wantTotal(t, s, records, "3")
}

func TestAKeyBelongsToItsCaller(t *testing.T) {
	t.Parallel()
	s := start(t)
	bob, nobody := "Authorization: Basic Ym9iOng=", "Authorization"
	for _, who := range []string{"Accept: */*", bob, nobody} {
		first := send(t, s, "POST /buckets", `{"data":{}}`, key, who)
		wantFresh(t, first, 201)
		wantReplay(t, send(t, s, "POST /buckets", `{"data":{}}`, key, who), first)
	}
}

func TestAKeyOfAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := send(t, s, "PUT "+records+"/r", `{"data":{"n":1}}`, key)
	for name, other := range map[string]answer{
		"body":   send(t, s, "PUT "+records+"/r", `{"data":{"n":2}}`, key),
		"path":   send(t, s, "PUT "+records+"/q", `{"data":{"n":1}}`, key),
		"query":  send(t, s, "PUT "+records+"/r?x", `{"data":{"n":1}}`, key),
		"method": send(t, s, "PATCH "+records+"/r", `{"data":{"n":1}}`, key),
		"header": send(t, s, "PUT "+records+"/r", `{"data":{"n":1}}`, key, "If-None-Match: *"),
	} {
		const want = `{"code":400,"errno":107,"error":"Invalid parameters","message":"Idempotency-Key in header: was used for another request"`
		if other.status != 400 || !strings.HasPrefix(other.body, want) {
			t.Errorf("another %s: got %d %s, want %s", name, other.status, other.body, want)
		}
	}
	wantReplay(t, send(t, s, "PUT "+records+"/r", `{"data":{"n":1}}`, key), first)
	wantTotal(t, s, records, "1")
}

func TestKeysHaveASyntax(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, good := range []string{"!", "~", `"quoted"`, strings.Repeat("k", 255)} {
		if a := send(t, s, "POST "+records, `{"data":{}}`, "Idempotency-Key: "+good); a.status != 201 {
			t.Errorf("key %q: got %d %s, want 201", good, a.status, a.body)
		}
	}
	for _, bad := range []string{" ", "a b", "é", "\x7f", strings.Repeat("k", 256)} {
		if a := send(t, s, "POST "+records, `{"data":{}}`, "Idempotency-Key: "+bad); a.status != 400 {
			t.Errorf("key %q: got %d %s, want 400", bad, a.status, a.body)
		}
	}
	wantTotal(t, s, records, "4")
}

func TestWhatIsRefusedIsDecidedAnew(t *testing.T) {
	t.Parallel()
	s := start(t)
	wantFresh(t, send(t, s, "PATCH "+records+"/r", `{"data":{"n":2}}`, key), 404)
	wantFresh(t, send(t, s, "POST "+records, `{"data":`, key), 400)
	send(t, s, "PUT "+records+"/r", `{"data":{"n":1}}`)
	first := send(t, s, "PATCH "+records+"/r", `{"data":{"n":2}}`, key)
	wantFresh(t, first, 200)
	wantReplay(t, send(t, s, "PATCH "+records+"/r", `{"data":{"n":2}}`, key), first)
}

func TestReadsTakeNoKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	for range 2 {
		wantFresh(t, send(t, s, "GET /buckets/b", "", key), 200)
	}
	wantFresh(t, send(t, s, "POST "+records, `{"data":{}}`, key), 201)
}

func TestAnAnswerThatIsTooLargeIsNotGiven(t *testing.T) {
	t.Parallel()
	s := start(t)
	large := `{"data":{"x":"` + strings.Repeat("x", 600_000) + `"}}`
	for _, id := range []string{"/1", "/2"} {
		send(t, s, "PUT "+records+id, large)
	}
	both := `{"requests":[{"path":"` + records + `/1","method":"PATCH","body":{"data":{"y":1}}},{"path":"` + records + `/2","method":"PATCH","body":{"data":{"y":1}}}]}`
	before := tail(t, s)
	a := send(t, s, "POST /batch", both, key)
	if a.status != 400 || !strings.Contains(a.body, "no more than 1048576 are kept") {
		t.Errorf("got %d %.300s, want 400", a.status, a.body)
	}
	if got := tail(t, s); got != before {
		t.Errorf("the log moved from %d to %d, want no effect", before, got)
	}
	first := send(t, s, "PATCH "+records+"/1", `{"data":{"y":1}}`, key)
	wantFresh(t, first, 200)
	wantReplay(t, send(t, s, "PATCH "+records+"/1", `{"data":{"y":1}}`, key), first)
}

func TestAnAnswerThatTheLogCannotTakeIsNotGiven(t *testing.T) {
	t.Parallel()
	limits := server.Limits{Keys: idempotency.Limits{Answer: 64 << 20}}
	s := open(t, server.Config{Memory: true, Limits: limits})
	prepare(t, s)
	send(t, s, "PUT "+records+"/1", `{"data":{"x":"`+strings.Repeat("x", 1_000_000)+`"}}`)
	reads := strings.Repeat(`{"path":"`+records+`/1"},`, 9)
	a := send(t, s, "POST /batch", `{"requests":[`+reads+`{"path":"`+records+`/2","method":"PUT"}]}`, key)
	if a.status != 413 {
		t.Errorf("got %d %.300s, want 413", a.status, a.body)
	}
	wantTotal(t, s, records, "1")
}

func TestABatchIsRepeatedWhole(t *testing.T) {
	t.Parallel()
	s := start(t)
	const batch = `{"requests":[{"path":"` + records + `","method":"POST","body":{"data":{}}},
		{"path":"/buckets/nobody","method":"GET"},{"path":"/__lbheartbeat__"},{"path":"` + records + `","method":"POST","body":{"data":{}}}]}`
	first := send(t, s, "POST /batch", batch, key)
	wantFresh(t, first, 200)
	wantReplay(t, send(t, s, "POST /batch", batch, key), first)
	wantTotal(t, s, records, "2")
	// Whose credentials are in the requests alone is nobody outside.
	wantFresh(t, send(t, s, "POST /batch", `{"requests":[]}`, key, "Authorization"), 200)
}

func TestABatchThatIsUndoneIsDecidedAnew(t *testing.T) {
	t.Parallel()
	s := start(t)
	const batch = `{"requests":[{"path":"` + records + `","method":"POST","body":{"data":{}}},
		{"path":"` + records + `/r","method":"PATCH","body":{"data":{}}}]}`
	wantFresh(t, send(t, s, "POST /batch", batch, key, "Kintolog-Batch: strict"), 404)
	wantTotal(t, s, records, "0")
	send(t, s, "PUT "+records+"/r", `{"data":{"n":1}}`)
	first := send(t, s, "POST /batch", batch, key, "Kintolog-Batch: strict")
	wantFresh(t, first, 200)
	wantReplay(t, send(t, s, "POST /batch", batch, key, "Kintolog-Batch: strict"), first)
	wantTotal(t, s, records, "2")
}

func TestRequestsOfABatchHaveKeysOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := send(t, s, "POST "+records, `{"data":{"id":"a"}}`, key)
	const batch = `{"defaults":{"path":"` + records + `","method":"POST","body":{"data":{"id":"a"}}},
		"requests":[{"headers":{"Idempotency-Key":"1b4e28ba-2fa1"}},{"headers":{"Idempotency-Key":"2"},"body":{"data":{"id":"b"}}},
		{"headers":{"Idempotency-Key":"2"},"body":{"data":{"id":"b"}}}]}`
	got := send(t, s, "POST /batch", batch)
	if !strings.HasPrefix(got.body, `{"responses":[{"status":201,`) || !strings.Contains(got.body, `"body":`+first.body+`}`) ||
		strings.Count(got.body, `"Idempotency-Replayed":"true"`) != 2 || strings.Count(got.body, `"status":201`) != 3 {
		t.Errorf("got %s, want the first answer to a, and one to b that is given twice", got.body)
	}
	wantTotal(t, s, records, "2")
}

func TestWhatPlugInsAddHappensOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	const personal = "/buckets/default/collections/x/records"
	first := send(t, s, "POST "+personal, `{"data":{}}`, key)
	wantFresh(t, first, 201)
	wantReplay(t, send(t, s, "POST "+personal, `{"data":{}}`, key), first)
	wantTotal(t, s, personal, "1")

	account := `{"data":{"id":"bob","password":"p"}}`
	first = send(t, s, "POST /accounts", account, key, "Authorization")
	wantFresh(t, first, 201)
	wantReplay(t, send(t, s, "POST /accounts", account, key, "Authorization"), first)

	const batch = `{"defaults":{"method":"POST","path":"` + personal + `"},"requests":[{},{"path":"/buckets/default/collections/y/records"}]}`
	first = send(t, s, "POST /batch", batch, "Idempotency-Key: batch")
	wantFresh(t, first, 200)
	wantReplay(t, send(t, s, "POST /batch", batch, "Idempotency-Key: batch"), first)
	wantTotal(t, s, personal, "2")
}

func TestAnswersAreNobodysToSee(t *testing.T) {
	t.Parallel()
	s := start(t)
	send(t, s, "POST "+records, `{"data":{}}`, key)
	for _, path := range []string{"/__idempotency__", "/__idempotency__/2026-11-23", "/__idempotency__/2026-11-23/answers"} {
		if a := send(t, s, "GET "+path, ""); a.status != http.StatusNotFound {
			t.Errorf("GET %s: got %d %s, want 404", path, a.status, a.body)
		}
	}
	secret := 0
	for entry, err := range s.Parts().Log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entry.Events {
			if strings.HasPrefix(string(e.Object.URI), "/__idempotency__") {
				secret++
				if !e.Secret {
					t.Errorf("%s %s: got an event that subscribers see, want a secret one", e.Action, e.Object.URI)
				}
			}
		}
	}
	if secret != 2 {
		t.Errorf("got %d events of answers, want that of the day and that of the answer", secret)
	}
}

// tail is the end of the log.
func tail(t testing.TB, s *server.Server) domain.Position {
	t.Helper()
	end, err := s.Parts().Log.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return end.Position
}

func TestWhatIsKeptDoesNotTellTheBodyWithoutTheKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	send(t, s, "DELETE "+records, `{"data":{"password":"x"}}`, key)
	send(t, s, "DELETE "+records, `{"data":{"password":"x"}}`, "Idempotency-Key: other")
	fingerprints := map[string]bool{}
	for entry, err := range s.Parts().Log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entry.Events {
			if value, ok := jsondoc.Lookup(e.Object.Data, "fingerprint"); ok {
				fingerprints[string(value)] = true
			}
		}
	}
	if len(fingerprints) != 2 {
		t.Errorf("got %d fingerprints of one request with two keys, want 2", len(fingerprints))
	}
}
