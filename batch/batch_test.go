package batch_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/batch"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/eventstore/memlog"
	"github.com/kintolog/kintolog/writeapi"
)

func TestTwoSafePutsWithDefaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	got := s.body(200, `{"defaults":{"method":"PUT","body":{"data":{"z":1}},"headers":{"If-None-Match":"*"}},`+
		`"requests":[{"path":"/buckets/a"},{"path":"/buckets/a"}]}`)
	const object = `\{"z":1,"id":"a","last_modified":\d+\}`
	want := regexp.MustCompile(`^\{"responses":\[` +
		`\{"status":201,"path":"/v1/buckets/a","headers":\{[^}]*"ETag":"\\"\d+\\""[^}]*\},` +
		`"body":\{"permissions":\{"write":\["account:alice"\]\},"data":` + object + `\}\},` +
		`\{"status":412,"path":"/v1/buckets/a","headers":\{[^}]*"Content-Type":"application/json"[^}]*\},` +
		`"body":\{"code":412,"errno":114,"error":"Precondition Failed","message":"Resource was modified meanwhile",` +
		`"details":\{"existing":` + object + `\}\}\}\]\}$`)
	if !want.MatchString(got) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDefaultsCompleteWhatARequestDoesNotSay(t *testing.T) {
	t.Parallel()
	s := start(t)
	got := s.batch(200, `{
		"defaults": {"method": "PUT", "path": "/buckets/standard", "headers": {"if-none-match": "*", "Authorization": "bob"},
			"body": {"data": {"deep": {"a": 1, "b": [1]}, "n": 1}}},
		"requests": [
			{},
			{"path": "/buckets/own", "headers": {"AUTHORIZATION": "carol"}, "body": {"data": {"deep": {"b": [], "c": 3}, "n": null}}},
			{"path": "/buckets/own", "method": "GET", "headers": {"Authorization": "carol", "If-None-Match": ""}, "body": {}}
		]}`)
	wantStatuses(t, got, 201, 201, 200)
	for i, want := range []string{
		`{"permissions":{"write":["account:bob"]},"data":{"deep":{"a":1,"b":[1]},"n":1,"id":"standard","last_modified":`,
		`{"permissions":{"write":["account:carol"]},"data":{"deep":{"b":[],"c":3,"a":1},"n":null,"id":"own","last_modified":`,
		string(got[1].Body),
	} {
		if !strings.HasPrefix(string(got[i].Body), want) {
			t.Errorf("answer %d: got %s, want %s", i, got[i].Body, want)
		}
	}
}

func TestAnswersAreThoseOfTheRequestsAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.batch(200, `{"requests":[{"method":"PUT","path":"/buckets/b","body":{"permissions":{"read":["system.Everyone"]}}}]}`)
	etag := s.send("GET", "/v1/buckets/b", "").Header().Get("ETag")
	for _, c := range []struct {
		request, path string
		status        int
		body          string // how it begins
	}{
		{`"path":"/buckets/b"`, "/v1/buckets/b", 200, `{"permissions":`},
		{`"path":"/v1/buckets/b"`, "/v1/buckets/b", 200, `{"permissions":`},
		{`"path":"/buckets/b?_fields=id"`, "/v1/buckets/b", 200, `{"data":{"id":"b","last_modified":`},
		{`"path":"/buckets/b/"`, "/v1/buckets/b", 200, `{"permissions":`},
		{`"path":"/buckets/b","method":"HEAD"`, "/v1/buckets/b", 200, `""`},
		{`"path":"/buckets/b","headers":{"If-None-Match":"` + strings.ReplaceAll(etag, `"`, `\"`) + `"}`, "/v1/buckets/b", 304, `""`},
		{`"path":"/buckets/b","method":"TRACE"`, "/v1/buckets/b", 405, `{"code":405,`},
		{`"path":"/buckets/b","headers":{"Authorization":""}`, "/v1/buckets/b", 200, `{"permissions":{},`},
		{`"path":"/buckets/é"`, "/v1/buckets/é", 403, `{"code":403,`},
		{`"path":"/buckets/%C3%A9"`, "/v1/buckets/é", 403, `{"code":403,`},
		{`"path":"/buckets/a b#c"`, "/v1/buckets/a b#c", 403, `{"code":403,`},
		{`"path":"/buckets/50%"`, "/v1/buckets/50%", 403, `{"code":403,`},
		{`"path":"/buckets/%ff"`, "/v1/buckets/\uFFFD", 400, `{"code":400,"errno":107,"error":"Bad Request","message":"Invalid URL path."`},
		{`"path":"/nothing"`, "/v1/nothing", 404, `{"code":404,"errno":111,`},
		{`"path":"/text?a=%C3%A9&b=é"`, "/v1/text", 200, `"say \"hi\"\na=%C3%A9&b=%C3%A9"`},
		{`"path":"/buckets/batch"`, "/v1/buckets/batch", 403, `{"code":403,`},
		{`"path":"/batches"`, "/v1/batches", 404, `{"code":404,`},
		{`"path":"/buckets","method":"POST","headers":{"Accept":"text/html"}`, "/v1/buckets", 406, `{"code":406,`},
		{`"path":"/buckets/b","method":"PUT","headers":{"Content-Type":"text/plain"},"body":{"data":{}}`, "/v1/buckets/b", 200, `{"permissions":`},
	} {
		got := s.batch(200, `{"requests":[{`+c.request+`}]}`)
		wantStatuses(t, got, c.status)
		if got[0].Path != c.path || !strings.HasPrefix(string(got[0].Body), c.body) {
			t.Errorf("%s: got %s %s, want %s %s", c.request, got[0].Path, got[0].Body, c.path, c.body)
		}
	}
}

func TestPatchesOfTheStandardKinds(t *testing.T) {
	t.Parallel()
	s := start(t)
	got := s.batch(200, `{"defaults":{"path":"/buckets/b","method":"PATCH"},"requests":[
		{"method":"PUT","body":{"data":{"a":{"b":1,"c":2}}}},
		{"headers":{"Content-Type":"application/merge-patch+json"},"body":{"data":{"a":{"b":null}}}},
		{"headers":{"content-type":"application/json-patch+json; charset=utf-8"},"body":[
			{"op":"add","path":"/permissions/read/system.Everyone"},{"op":"add","path":"/data/l","value":[1]}]},
		{"body":{"data":{"a":1}}}]}`)
	wantStatuses(t, got, 201, 200, 200, 200)
	want := regexp.MustCompile(`^\{"permissions":\{"read":\["system.Everyone"\],"write":\["account:alice"\]\},` +
		`"data":\{"a":1,"id":"b","last_modified":\d+,"l":\[1\]\}\}$`)
	if last := string(got[3].Body); !want.MatchString(last) {
		t.Errorf("got %s, want %s", last, want)
	}
	if second := string(got[1].Body); !strings.Contains(second, `"a":{"c":2}`) {
		t.Errorf("got %s, want b removed from a", second)
	}
}

func TestRequestsSeeTheWritesBeforeThem(t *testing.T) {
	t.Parallel()
	s := start(t)
	got := s.batch(200, `{"requests":[
		{"method":"PUT","path":"/buckets/b"},
		{"method":"PUT","path":"/buckets/b/collections/c"},
		{"method":"POST","path":"/buckets/b/collections/c/records","body":{"data":{"n":1}}},
		{"method":"PUT","path":"/buckets/b/collections/c/records/two","body":{"data":{"n":2}}},
		{"path":"/buckets/b/collections/c/records?_sort=n&_fields=n"},
		{"method":"DELETE","path":"/buckets/b/collections/c/records?n=1","body":{}},
		{"method":"HEAD","path":"/buckets/b/collections/c/records"},
		{"method":"DELETE","path":"/buckets/b/collections/c/records/two"},
		{"path":"/buckets/b/collections/c/records/two"},
		{"path":"/buckets/b"}]}`)
	wantStatuses(t, got, 201, 201, 201, 201, 200, 200, 200, 200, 404, 200)
	if list := string(got[4].Body); !regexp.MustCompile(`^\{"data":\[\{"n":1,[^}]*\},\{"n":2,[^}]*\}\]\}$`).MatchString(list) {
		t.Errorf("listed %s, want both records", list)
	}
	if total := got[6].Headers["Total-Records"]; total != "1" {
		t.Errorf("counted %q, want 1", total)
	}
	commits := s.commits()
	if len(commits) != 1 || len(commits[0]) != 6 {
		t.Fatalf("got commits %+v, want one of 6 events", commits)
	}
	for _, e := range commits[0] {
		if e.Origin.Request != commits[0][0].Origin.Request || e.Origin.UserID != "account:alice" {
			t.Errorf("an event comes from %+v, want that of the others", e.Origin)
		}
	}
	if got := s.send("GET", "/v1/buckets/b/collections/c", "").Code; got != 200 {
		t.Errorf("got %d right after the batch, want 200", got)
	}
}

func TestWhoIsSharedWithFollowsFromTheWritesBefore(t *testing.T) {
	t.Parallel()
	s := start(t)
	const group, records = "/buckets/b/groups/g", "/buckets/b/collections/c/records"
	s.batch(200, `{"defaults":{"method":"PUT"},"requests":[
		{"path":"/buckets/b"}, {"path":"/buckets/b/collections/c"},
		{"path":"`+group+`","body":{"data":{"members":["account:bob"]}}},
		{"path":"`+records+`/r","body":{"permissions":{"write":["`+group+`"]}}}]}`)
	got := s.batch(200, `{"defaults":{"path":"`+records+`"},"requests":[
		{"headers":{"Authorization":"bob"}},
		{"headers":{"Authorization":"carol"}},
		{"method":"PUT","path":"`+group+`","body":{"data":{"members":["account:carol"]}}},
		{"headers":{"Authorization":"bob"}},
		{"method":"DELETE","headers":{"Authorization":"bob"}},
		{"headers":{"Authorization":"carol"}},
		{"method":"HEAD","headers":{"Authorization":"carol"}},
		{"method":"DELETE","headers":{"Authorization":"carol"}}]}`)
	wantStatuses(t, got, 200, 403, 200, 403, 403, 200, 200, 200)
	if list := string(got[5].Body); !strings.Contains(list, `"id":"r"`) {
		t.Errorf("the new member is told %s, want the record", list)
	}
	if total := got[6].Headers["Total-Records"]; total != "1" {
		t.Errorf("counted %q, want 1", total)
	}
}

func TestTimestampsGrowWithinABatch(t *testing.T) {
	t.Parallel()
	s := start(t)
	var requests []string
	for i := range 25 {
		requests = append(requests, fmt.Sprintf(`{"path":"/buckets/b%d"}`, i))
	}
	got := s.batch(200, `{"defaults":{"method":"PUT"},"requests":[`+strings.Join(requests, ",")+`]}`)
	last := ""
	for _, a := range got {
		if etag := a.Headers["ETag"]; etag <= last {
			t.Errorf("got %s after %s, want it greater", etag, last)
		} else {
			last = etag
		}
	}
}

func TestARefusedRequestLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	got := s.batch(200, `{"defaults":{"method":"PUT"},"requests":[
		{"path":"/buckets/a"},
		{"path":"/buckets/-"},
		{"path":"/buckets/b","headers":{"Authorization":""}},
		{"path":"/buckets/nothing/collections/c"},
		{"path":"/buckets/a","body":{"permissions":{"fly":[]}}},
		{"path":"/buckets/c"}]}`)
	wantStatuses(t, got, 201, 400, 401, 403, 400, 201)
	if challenge := got[2].Headers["WWW-Authenticate"]; challenge != `Basic realm="Realm"` {
		t.Errorf("got challenge %q", challenge)
	}
	commits := s.commits()
	if len(commits) != 1 || len(commits[0]) != 2 {
		t.Errorf("got commits %+v, want one of two buckets", commits)
	}
}

func TestAFailureInsideUndoesTheBatch(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct {
		last   string
		status int
		body   string
		retry  string
	}{
		{`"path":"/fails","method":"POST"`, 500, `{"code":500,"errno":999,`, ""},
		{`"path":"/panics","method":"POST"`, 500, `{"code":500,"errno":999,`, ""},
		{`"path":"/busy","method":"POST"`, 503, `{"code":503,"errno":201,`, "3"},
		{`"path":"/busy","method":"GET"`, 503, `{"code":503,"errno":201,`, "3"},
		{`"path":"/busy","method":"HEAD"`, 503, `{"code":503,"errno":201,`, "3"},
		// A timestamp that another object of the batch has.
		{`"path":"/buckets/d","body":{"data":{"last_modified":1000}}`, 409, `{"code":409,"errno":122,`, "3"},
	} {
		body := `{"defaults":{"method":"PUT"},"requests":[{"path":"/buckets/a"},` +
			`{"path":"/buckets/c","body":{"data":{"last_modified":1000}}},{` + c.last + `},{"path":"/buckets/e"}]}`
		resp := s.send("POST", "/v1/batch", body)
		text := resp.Body.String()
		if resp.Code != c.status || !strings.HasPrefix(text, c.body) || resp.Header().Get("Retry-After") != c.retry {
			t.Errorf("%s: got %d %s, want %d %s", c.last, resp.Code, text, c.status, c.body)
		}
	}
	if commits := s.commits(); len(commits) != 0 {
		t.Errorf("got commits %+v, want none", commits)
	}
}

func TestAStrictBatchIsUndoneByTheFirstRefusal(t *testing.T) {
	t.Parallel()
	w := setup(t, memlog.New())
	byHeader := w.serve(nil, nil)
	bySetting := w.serve(nil, func(c *batch.Config) { c.Strict = true })
	const body = `{"defaults":{"method":"PUT"},"requests":[
		{"path":"/buckets/a"},{"path":"/buckets/b","headers":{"Authorization":""}},{"path":"/buckets/é"}]}`
	for name, got := range map[string][]answer{
		"header":  byHeader.batch(401, body, "Kintolog-Batch: strict"),
		"setting": bySetting.batch(401, body),
	} {
		wantStatuses(t, got, 424, 401, 424)
		const undone = `{"code":424,"errno":999,"error":"Failed Dependency",` +
			`"message":"The batch was undone because another request of it was refused."}`
		if string(got[0].Body) != undone || got[2].Path != "/v1/buckets/é" {
			t.Errorf("%s: got %+v, want %s", name, got, undone)
		}
	}
	if commits := w.commits(); len(commits) != 0 {
		t.Errorf("got commits %+v, want none", commits)
	}
	wantStatuses(t, byHeader.batch(200, `{"requests":[{"path":"/buckets/a","method":"PUT"}]}`, "Kintolog-Batch: strict"), 201)
	if got := byHeader.body(400, body, "Kintolog-Batch: atomic"); !strings.Contains(got, `"name":"Kintolog-Batch"`) {
		t.Errorf("got %s for a value that is none", got)
	}
}

func TestWhoCallsIsFoundOutOnceForAllRequests(t *testing.T) {
	t.Parallel()
	s := start(t)
	got := s.batch(200, `{"defaults":{"method":"PUT"},"requests":[
		{"path":"/buckets/a"},
		{"path":"/buckets/b","headers":{"If-None-Match":"*"}},
		{"path":"/buckets/c","headers":{"Authorization":"bob"}},
		{"path":"/buckets/d","headers":{"Authorization":"bob","If-None-Match":"*"}},
		{"path":"/buckets/e","headers":{"X-Other":"1"}}]}`)
	for i, user := range []string{"alice", "alice", "bob", "bob", "alice"} {
		if want := `"write":["account:` + user + `"]`; !strings.Contains(string(got[i].Body), want) {
			t.Errorf("answer %d: got %s, want %s", i, got[i].Body, want)
		}
	}
	if n := s.asked.Load(); n != 3 {
		t.Errorf("asked %d times who calls, want 3", n)
	}
	s.body(503, `{"requests":[{"path":"/buckets/a"},{"path":"/buckets/a","headers":{"Authorization":"broken"}}]}`)
}

func TestABatchLoadsItsStateAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.batch(200, `{"requests":[{"path":"/buckets/b","method":"PUT"},{"path":"/buckets/b/collections/c","method":"PUT"}]}`)
	s.loads.Store(0)
	got := s.batch(200, `{"defaults":{"path":"/buckets/b/collections/c/records","method":"POST"},"requests":[
		{},{},{"body":{"data":{"id":"r","last_modified":1234}}},{"path":"/buckets/b/collections/c/records/s","method":"PUT"},
		{"path":"/buckets/b/collections/c/records/s","method":"GET"},{"path":"/buckets/b/collections/c/records","method":"HEAD"},
		{"headers":{"Authorization":"bob"}}]}`)
	wantStatuses(t, got, 201, 201, 201, 201, 200, 200, 403)
	if n := s.loads.Load(); n != 1 {
		t.Errorf("loaded %d times, want once", n)
	}
}

func TestReadsAloneDoNotGoThroughTheWriter(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.batch(200, `{"requests":[{"path":"/buckets/b","method":"PUT"}]}`)
	s.loop.Close()
	wantStatuses(t, s.batch(200, `{"requests":[{"path":"/buckets/b"},{"path":"/buckets/b/groups","method":"HEAD"}]}`), 200, 200)
	s.body(503, `{"requests":[{"path":"/buckets/b","method":"PUT"}]}`)
}

func TestTheTransactionIsForResourcesAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	got := s.batch(200, `{"requests":[{"path":"/buckets/b","method":"PUT"},{"path":"/writes"}]}`)
	wantStatuses(t, got, 201, 200)
}

func TestLimitsAndRecursion(t *testing.T) {
	t.Parallel()
	w := setup(t, memlog.New())
	s, unlimited := w.serve(nil, nil), w.serve(nil, func(c *batch.Config) { c.Max = -1 })
	const invalid = `{"code":400,"errno":107,"error":"Invalid parameters","message":`
	tooMany := `{"requests":[{"path":"/"}` + strings.Repeat(`,{"path":"/"}`, 25) + `]}`
	for body, want := range map[string]string{
		tooMany: `"Number of requests is limited to 25","details":[{"location":"body","name":"requests",` +
			`"description":"Number of requests is limited to 25"}]}`,
		`{"requests":[{"path":"/v1/batch/?x"}]}`: `"requests in body: Recursive call on /batch endpoint is forbidden.",` +
			`"details":[{"location":"body","name":"requests","description":"Recursive call on /batch endpoint is forbidden."}]}`,
		`{`: `"Invalid JSON: Parse error at offset 1: The name of a member is missing.","details":[` +
			`{"location":"body","name":"","description":"Invalid JSON: Parse error at offset 1: The name of a member is missing."},` +
			`{"location":"body","name":"","description":"Required"}]}`,
	} {
		if got := s.body(400, body); got != invalid+want {
			t.Errorf("%s: got %s, want %s", body, got, invalid+want)
		}
	}
	if got := len(unlimited.batch(200, tooMany)); got != 26 {
		t.Errorf("got %d answers without limit, want 26", got)
	}
	if got := s.body(200, `{"requests":[]}`); got != `{"responses":[]}` {
		t.Errorf("got %s for no requests", got)
	}
	s.body(415, `{"requests":[]}`, "Content-Type: text/plain")
}

func TestAnAnswerThatCannotWaitNamesItsPosition(t *testing.T) {
	t.Parallel()
	w := setup(t, memlog.New())
	s := w.serve(func(c *writeapi.Config) { c.Readable = time.Nanosecond }, nil)
	w.runner.Close()
	resp := s.send("POST", "/v1/batch", `{"requests":[{"path":"/buckets/b","method":"PUT"},{"path":"/buckets/b"}]}`)
	if got := resp.Header().Get(rest.PositionHeader); resp.Code != http.StatusOK || got != "2" {
		t.Errorf("got %d at position %q, want 200 at 2", resp.Code, got)
	}
	if exposed := resp.Header().Get("Access-Control-Expose-Headers"); !strings.HasSuffix(exposed, ", "+rest.PositionHeader) {
		t.Errorf("got %q exposed to browsers, want the position among them", exposed)
	}
	// Within a batch that writes there is nothing to wait for.
	got := s.batch(200, `{"requests":[{"path":"/buckets/c","method":"PUT"},{"path":"/buckets/b"}]}`, "Kintolog-Position: 2")
	wantStatuses(t, got, 201, 200)
}

func TestBatchIsPostAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	resp := s.send(http.MethodGet, "/v1/batch", "")
	if got := resp.Header().Get("Allow"); resp.Code != http.StatusMethodNotAllowed || got != "POST, OPTIONS" {
		t.Errorf("got %d, Allow %q", resp.Code, got)
	}
}

func TestABatchWhoseAnswersAreTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	s := setup(t, memlog.New()).serve(nil, func(c *batch.Config) { c.Limits.Bytes = 500 })
	s.send("PUT", "/v1/buckets/b", `{"data":{"text":"`+strings.Repeat("x", 700)+`"}}`)
	before := len(s.commits())
	const get, put = `{"path":"/buckets/b"}`, `{"method":"PUT","path":"/buckets/b/collections/c"}`
	for requests, status := range map[string]int{
		get + "," + get:                         200,
		get + "," + get + "," + get:             413,
		put + "," + get + "," + get + "," + get: 413,
	} {
		s.body(status, `{"requests":[`+requests+`]}`)
	}
	if got := len(s.commits()); got != before {
		t.Errorf("got %d commits, want %d: a batch that is refused has no effect", got, before)
	}
}
