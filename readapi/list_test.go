package readapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/readapi"
)

const (
	r1 = `{"a":1,"id":"r1","last_modified":1795393683000}`
	r2 = `{"a":2,"c":{"d":1,"e":2},"id":"r2","last_modified":1795393684000}`
	r3 = `{"a":3,"id":"r3","last_modified":1795393685000}`
)

// data is the body of a list.
func data(objects ...string) string { return `{"data":[` + strings.Join(objects, ",") + `]}` }

func TestAListIsAnswered(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{Cache: readapi.Cache{Attributes: map[string]string{"record": "cache_expires"}}}, nil)
	const etag, modified = `ETag: "1795393685000"`, "Last-Modified: Mon, 23 Nov 2026 00:28:05 GMT"
	const changed = `{"code":412,"errno":114,"error":"Precondition Failed","message":"Resource was modified meanwhile"}`
	for _, c := range []struct {
		name, user, request string
		headers             []string
		status              int
		body                string
		want                []string
	}{
		{
			"all", "mat", "GET " + records, nil, 200, data(r3, r2, r1),
			[]string{etag, modified, "Cache-Control: no-cache, no-store", "Content-Type: application/json", "Next-Page: ", "Total-Objects: ", "Total-Records: "},
		},
		{"anonymous", "", "GET " + records, nil, 200, data(r3, r2, r1), []string{"Cache-Control: max-age=60", "Expires: Mon, 23 Nov 2026 00:29:05 GMT"}},
		{"sorted", "mat", "GET " + records + "?_sort=a", nil, 200, data(r1, r2, r3), []string{etag}},
		{"filtered", "mat", "GET " + records + "?min_a=2", nil, 200, data(r3, r2), []string{etag}},
		{"projected", "mat", "GET " + records + "?_fields=c.e&max_a=2", nil, 200, data(`{"c":{"e":2},"id":"r2","last_modified":1795393684000}`, `{"id":"r1","last_modified":1795393683000}`), nil},
		{"later ones", "mat", "GET " + records + `?_since="1795393684000"`, nil, 200, data(r3), []string{etag}},
		{"no later ones", "mat", "GET " + records + `?_since=1795393685000`, nil, 200, data(), []string{etag, "Cache-Control: no-cache, no-store"}},
		{
			"deprecated", "mat", "GET " + records + `?_to=1795393684000`, nil, 200, data(r1),
			[]string{`Alert: {"code":"soft-eol","message":"_to is now deprecated, you should use _before instead","url":"https://kinto.readthedocs.io/en/2.4.0/api/resource.html#list-of-available-url-parameters"}`},
		},
		{"unchanged", "mat", "GET " + records, []string{`If-None-Match: "1795393685000"`}, 304, "", []string{etag, modified, "Cache-Control: ", "Content-Type: "}},
		{"unchanged, and a bad filter", "mat", "GET " + records + "?_since=abc", []string{`If-None-Match: "1795393685000"`}, 400, sinceABC, nil},
		{"unchanged, and a filter that makes no sense", "mat", "GET " + records + "?like_a=5&_sort=a", []string{`If-None-Match: "1795393685000"`}, 304, "", []string{etag}},
		{"unchanged, and a token that is none", "mat", "GET " + records + "?_token=x", []string{`If-None-Match: "1795393685000"`}, 304, "", []string{etag}},
		{"totals unchanged, and no such filter", "mat", "HEAD " + records + "?like_a=5", []string{`If-None-Match: "1795393685000"`}, 304, "", nil},
		{"no more the same, and a bad filter", "mat", "GET " + records + "?_since=abc", []string{`If-Match: "1"`}, 400, sinceABC, nil},
		{"no more the same, and a filter that makes no sense", "mat", "GET " + records + "?like_a=5", []string{`If-Match: "1"`}, 412, changed, []string{etag}},
		{"it exists, and the other condition is none", "mat", "GET " + records, []string{"If-None-Match: *", "If-Match: 1"}, 400, ifMatchOne, nil},
		{"conditions that are none, and a filter that makes no sense", "mat", "GET " + records + "?like_a=5", []string{"If-Match: 1"}, 400, ifMatchOne, nil},
		{"changed", "mat", "GET " + records, []string{`If-None-Match: "1"`}, 200, data(r3, r2, r1), nil},
		{"no more the same", "mat", "GET " + records, []string{`If-Match: "1"`}, 412, changed, []string{etag, modified}},
		{"it exists", "mat", "GET " + records, []string{`If-None-Match: *`}, 412, changed, []string{etag}},
		{"any", "mat", "GET " + records, []string{`If-Match: *`}, 200, data(r3, r2, r1), nil},
		{"bad filter", "mat", "GET " + records + "?_since=abc", nil, 400, sinceABC, nil},
		{"totals", "mat", "HEAD " + records, nil, 200, "", []string{etag, modified, "Total-Objects: 3", "Total-Records: 3", "Next-Page: ", "Cache-Control: no-cache, no-store", "Content-Type: application/json"}},
		{"totals of some", "mat", "HEAD " + records + "?min_a=2&_limit=1", nil, 200, "", []string{"Total-Objects: 2", "Total-Records: 2", "Next-Page: "}},
		{"totals unchanged", "mat", "HEAD " + records, []string{`If-None-Match: "1795393685000"`}, 304, "", []string{"Total-Objects: "}},
	} {
		w.wants(c.name, w.send(c.user, c.request, c.headers...), c.status, c.body, c.want...)
	}
}

const sinceABC = `{"code":400,"errno":107,"error":"Invalid parameters","message":"_since in querystring: \"abc\" is not a number","details":[{"location":"querystring","name":"_since","description":"\"abc\" is not a number"}]}`

const ifMatchOne = `{"code":400,"errno":107,"error":"Invalid parameters","message":"If-Match in header: The value should be integer between double quotes.","details":[{"location":"header","name":"If-Match","description":"The value should be integer between double quotes."}]}`

func TestTombstonesAreListedToThosePolling(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{}, nil)
	w.delete("mat", art+"/records/r1")
	const gone = `{"id":"r1","last_modified":1795393686000,"deleted":true}`
	for _, c := range []struct{ query, want string }{
		{"", data(r3, r2)},
		{"?_since=1795393684000", data(gone, r3)},
		{"?_since=0&_fields=deleted", data(`{"id":"r1","last_modified":1795393686000,"deleted":true}`, `{"id":"r3","last_modified":1795393685000}`, `{"id":"r2","last_modified":1795393684000}`)},
		{"?_since=0&deleted=true", data(gone)},
		{"?deleted=true", data()},
		{"?_since=0&not_a=2", data(gone, r3)},
	} {
		w.wants(c.query, w.send("mat", "GET "+records+c.query), 200, c.want, `ETag: "1795393686000"`)
	}
	w.wants("totals", w.send("mat", "HEAD "+records+"?_since=0"), 200, "", "Total-Records: 2")
	w.wants("totals of all", w.send("mat", "HEAD "+records), 200, "", "Total-Records: 2")
}

func TestListsWithoutTheRightShowSharedObjects(t *testing.T) {
	t.Parallel()
	w := setup(t, readapi.Options{}, nil)
	w.put("mat", "/buckets/b", `{}`)
	w.put("mat", "/buckets/b/groups/friends", `{"data":{"members":["system.Authenticated"]}}`)
	w.put("mat", "/buckets/b/collections/c", `{"permissions":{"record:create":["account:eve"]}}`)
	w.put("mat", "/buckets/b/collections/d", `{"permissions":{"record:create":["system.Everyone"]}}`)
	w.put("mat", "/buckets/b/collections/c/records/mine", `{"permissions":{"read":["account:eve"]}}`)
	w.put("mat", "/buckets/b/collections/c/records/other", `{}`)
	w.put("mat", "/buckets/b/collections/c/records/ours", `{"permissions":{"write":["/buckets/b/groups/friends"]}}`)
	w.put("mat", "/buckets/b/collections/c/records/gone", `{"permissions":{"read":["account:eve"]}}`)
	w.delete("mat", "/buckets/b/collections/c/records/gone")
	const (
		inC  = "/v1/buckets/b/collections/c/records"
		inD  = "/v1/buckets/b/collections/d/records"
		mine = `{"id":"mine","last_modified":1795393685000}`
		ours = `{"id":"ours","last_modified":1795393687000}`
		c    = `{"id":"c","last_modified":1795393683000}`
		d    = `{"id":"d","last_modified":1795393684000}`
	)
	for _, k := range []struct {
		user, request string
		status        int
		body          string
		headers       []string
	}{
		{"eve", "GET " + inC, 200, data(ours, mine), []string{`ETag: "1795393689000"`}},
		{"eve", "GET " + inC + "?_since=0", 200, data(ours, mine), nil},
		{"eve", "GET " + inC + "?id=mine", 200, data(mine), nil},
		{"eve", "GET " + inC + "?id=other", 200, data(), nil},
		{"eve", "HEAD " + inC, 200, "", []string{"Total-Records: 2"}},
		{"eve", "HEAD " + inC + "?id=mine", 200, "", []string{"Total-Records: 1"}},
		{"bob", "GET " + inC, 200, data(ours), nil},
		{"bob", "GET " + inC + "?id=other", 200, data(), nil}, // something is shared, though not this
		{"bob", "HEAD " + inC + "?id=other", 200, "", []string{"Total-Records: 0"}},
		{"", "GET " + inC, 401, anonymous, nil},
		{"", "HEAD " + inC, 401, "", nil},
		{"", "GET " + inC + "?_since=abc", 401, anonymous, nil},
		{"bob", "GET " + inC + "?_since=abc", 400, sinceABC, nil},
		{"", "GET " + inD, 200, data(), nil}, // may create
		{"", "HEAD " + inD, 200, "", []string{"Total-Records: 0"}},
		{"bob", "GET " + inD + "?_since=0", 200, data(), nil},
		{"eve", "GET /v1/buckets/b/collections", 200, data(d, c), nil},
		{"", "GET /v1/buckets/b/collections", 200, data(d), nil},
		{"eve", "GET /v1/buckets", 200, data(), nil}, // may create
		{"mat", "GET /v1/buckets", 200, data(`{"id":"b","last_modified":1795393681000}`), []string{`ETag: "1795393681000"`}},
		{"mat", "HEAD /v1/buckets", 200, "", []string{"Total-Records: 1"}},
		{"", "GET /v1/buckets", 401, anonymous, nil},
		{"eve", "GET /v1/buckets/b/groups", 403, forbidden, nil},
		{"mat", "GET " + inC + "?_fields=id", 200, data(ours, `{"id":"other","last_modified":1795393686000}`, mine), nil},
	} {
		w.wants(k.request+" as "+k.user, w.send(k.user, k.request), k.status, k.body, k.headers...)
	}
	w.wants("poll of a shared list", w.send("bob", "GET "+inC, `If-None-Match: "1795393689000"`), 304, "")
	w.wants("poll of nothing", w.send("", "GET "+inC, `If-None-Match: "1795393689000"`), 401, anonymous)
}

func TestGrantsToGroupsCountAtTheRoot(t *testing.T) {
	t.Parallel()
	w := setup(t, readapi.Options{}, map[string][]string{
		"bucket_create": {domain.Authenticated}, "bucket_read": {"/buckets/b/groups/admins", "account:root"},
	})
	w.put("mat", "/buckets/b", `{}`)
	w.put("mat", "/buckets/b/groups/admins", `{"data":{"members":["account:eve"]}}`)
	want := data(`{"id":"b","last_modified":1795393681000}`)
	w.reads.calls()
	w.wants("eve", w.send("eve", "GET /v1/buckets"), 200, want)
	if got, want := w.reads.calls(), "0 loads, 2 lists"; got != want {
		t.Errorf("eve: got %s, want %s", got, want)
	}
	w.wants("root", w.send("root", "GET /v1/buckets"), 200, want)
	if got, want := w.reads.calls(), "0 loads, 1 lists"; got != want {
		t.Errorf("root: got %s, want %s", got, want)
	}
	w.wants("bob", w.send("bob", "GET /v1/buckets"), 200, data())
}

func TestCallsOfTheReader(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{}, nil)
	nextPage := strings.TrimPrefix(w.send("mat", "GET "+records+"?_since=0&_limit=1").Get("Next-Page"), "http://localhost")
	for _, c := range []struct {
		user, request, header, want string
	}{
		{"mat", "GET " + records, "", "0 loads, 1 lists"},
		{"mat", "GET " + records + "?_limit=1&_sort=a", "", "0 loads, 1 lists"},
		{"mat", "GET /v1/buckets", "", "0 loads, 1 lists"},
		{"mat", "HEAD " + records, "", "1 loads, 0 lists"},
		{"mat", "HEAD " + records + "?a=1", "", "0 loads, 1 lists"},
		{"mat", "GET " + records, `If-None-Match: "1795393685000"`, "1 loads, 0 lists"},
		{"mat", "GET /v1/buckets", `If-None-Match: "1795393681000"`, "1 loads, 0 lists"},
		{"mat", "GET " + records + "?_since=1795393685000", "", "1 loads, 0 lists"},
		{"mat", "GET " + records + "?_since=1795393684000", "", "1 loads, 1 lists"},
		{"mat", "GET " + nextPage, "", "0 loads, 1 lists"},
	} {
		w.reads.calls()
		w.send(c.user, c.request, c.header)
		if got := w.reads.calls(); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.request, c.header, got, c.want)
		}
	}
}

func TestEveryPageIsReached(t *testing.T) {
	t.Parallel()
	w := setup(t, readapi.Options{PaginateBy: 3}, nil)
	w.put("mat", "/buckets/b", `{}`)
	w.put("mat", "/buckets/b/collections/c", `{}`)
	for i := range 10 {
		body := fmt.Sprintf(`{"data":{"n":%d,"group":%d}}`, i, i%3)
		if i%4 == 0 {
			body = `{}`
		}
		w.put("mat", domain.URI(fmt.Sprintf("/buckets/b/collections/c/records/r%d", i)), body)
	}
	for _, c := range []struct {
		query string
		sizes []int
	}{
		{"", []int{3, 3, 3, 1}},
		{"?_limit=2", []int{2, 2, 2, 2, 2}},
		{"?_limit=5", []int{3, 3, 3, 1}},
		{"?_sort=-group,n", []int{3, 3, 3, 1}},
		{"?_sort=-n", []int{3, 3, 3, 1}},
		{"?_sort=group&min_n=4", []int{3, 3, 1}}, // what has no n counts as greater
		{"?_sort=id", []int{3, 3, 3, 1}},
		{"?has_n=true&_fields=group&x%20y=&_sort=last_modified", nil},
	} {
		ids, sizes := pages(t, w, c.query)
		if whole := whole(t, w, c.query); !slices.Equal(ids, whole) {
			t.Errorf("%q: got %v, want %v", c.query, ids, whole)
		}
		if c.sizes != nil && !slices.Equal(sizes, c.sizes) {
			t.Errorf("%q: got pages of %v, want %v", c.query, sizes, c.sizes)
		}
	}
}

// TestAPageEndsWithTheObjectThatMakesItTooLarge: however many objects it might have.
func TestAPageEndsWithTheObjectThatMakesItTooLarge(t *testing.T) {
	t.Parallel()
	w := setup(t, readapi.Options{MaxBytes: 1000}, nil)
	w.put("mat", "/buckets/b", `{}`)
	w.put("mat", "/buckets/b/collections/c", `{}`)
	for i := range 7 {
		w.put("mat", domain.URI(fmt.Sprintf("/buckets/b/collections/c/records/r%d", i)), `{"data":{"a":"`+strings.Repeat("x", 600)+`"}}`)
	}
	for query, want := range map[string][]int{
		"": {2, 2, 2, 1}, "?_limit=2": {2, 2, 2, 1}, "?_limit=3": {2, 2, 2, 1}, "?_limit=1": {1, 1, 1, 1, 1, 1, 1},
		"?_sort=a&_fields=id": {2, 2, 2, 1}, "?lt_id=r4": {2, 2}, "?lt_id=r5": {2, 2, 1}, "?_since=0&_limit=5": {2, 2, 2, 1},
	} {
		ids, sizes := pages(t, w, query)
		if !slices.Equal(sizes, want) || !slices.Equal(ids, whole(t, w, query)) {
			t.Errorf("%q: got %v in pages of %v, want pages of %v", query, ids, sizes, want)
		}
	}
}

// pages are the ids of a list, and how many each of its pages has.
func pages(t *testing.T, w *world, query string) (ids []string, sizes []int) {
	t.Helper()
	for next := "http://localhost/v1/buckets/b/collections/c/records" + query; next != ""; {
		got := w.send("mat", "GET "+strings.TrimPrefix(next, "http://localhost"))
		page := idsOf(t, got.body)
		ids, sizes = append(ids, page...), append(sizes, len(page))
		next = got.Get("Next-Page")
	}
	return ids, sizes
}

// whole are the ids of a list that is not cut into pages.
func whole(t *testing.T, w *world, query string) []string {
	t.Helper()
	q, err := url.ParseQuery(strings.TrimPrefix(query, "?"))
	if err != nil {
		t.Fatal(err)
	}
	q.Del("_limit")
	paginated := w.handler
	w.serve(readapi.Options{})
	got := w.send("mat", "GET /v1/buckets/b/collections/c/records?"+q.Encode())
	w.handler = paginated
	return idsOf(t, got.body)
}

func idsOf(t *testing.T, body string) []string {
	t.Helper()
	var list struct{ Data []struct{ ID string } }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	ids := make([]string, len(list.Data))
	for i := range list.Data {
		ids[i] = list.Data[i].ID
	}
	return ids
}

// TestAllPagesHaveTheTimestampOfTheFirst: what changes meanwhile is found by polling, whichever page a client takes it from.
func TestAllPagesHaveTheTimestampOfTheFirst(t *testing.T) {
	t.Parallel()
	w := setup(t, readapi.Options{PaginateBy: 2}, nil)
	w.put("mat", "/buckets/b", `{}`)
	w.put("mat", "/buckets/b/collections/c", `{}`)
	const records = "/buckets/b/collections/c/records"
	for i := range 6 {
		w.put("mat", domain.URI(fmt.Sprintf("%s/r%d", records, i)), `{}`)
	}
	etag, written := "", []string{}
	for next := "http://localhost/v1" + records; next != ""; {
		got := w.send("mat", "GET "+strings.TrimPrefix(next, "http://localhost"))
		if etag == "" {
			etag = got.Get("ETag")
		}
		if got.Get("ETag") != etag {
			t.Errorf("%s: got ETag %s, want %s", next, got.Get("ETag"), etag)
		}
		next = got.Get("Next-Page")
		written = append(written, fmt.Sprintf("new%d", len(written)))
		w.put("mat", domain.URI(records+"/"+written[len(written)-1]), `{}`)
	}
	w.serve(readapi.Options{})
	got := idsOf(t, w.send("mat", "GET /v1"+records+"?_sort=id&_since="+url.QueryEscape(etag)).body)
	if !slices.Equal(got, written) {
		t.Errorf("since the ETag of the last page: got %q, want %q", got, written)
	}
}

func TestTheNextPageIsAnAbsoluteURL(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{}, nil)
	got := w.send("mat", "GET "+records+"?_limit=2&_sort=a")
	w.wants("first page", got, 200, data(r1, r2), `ETag: "1795393685000"`)
	const want = "http://localhost" + records + "?_limit=2&_sort=a&_token=eyJsYXN0X29iamVjdCI6eyJhIjoyLCJsYXN0X21vZGlmaWVkIjoxNzk1MzkzNjg0MDAwfSwib2Zmc2V0IjozLCJub25jZSI6"
	if next := got.Get("Next-Page"); !strings.HasPrefix(next, want) {
		t.Errorf("got %s, want %s...", next, want)
	}
	w.wants("a token that is none", w.send("mat", "GET "+records+"?_token=x"), 400,
		`{"code":400,"errno":107,"error":"Invalid parameters","message":"querystring: _token has invalid content","details":[{"location":"querystring","name":null,"description":"_token has invalid content"}]}`)
}

func TestAPluralEndpointNeverWrittenToDatesFromItsParent(t *testing.T) {
	t.Parallel()
	w := setup(t, readapi.Options{}, nil)
	w.wants("the root", w.send("mat", "GET /v1/buckets"), 200, data(), `ETag: "1795393680000"`)
	w.put("mat", "/buckets/b", `{}`)
	w.put("mat", "/buckets/c", `{}`)
	w.wants("below", w.send("mat", "GET /v1/buckets/b/groups"), 200, data(), `ETag: "1795393681000"`)
	w.wants("a poll", w.send("mat", "GET /v1/buckets/b/groups", `If-None-Match: "1795393681000"`), 304, "")
}

func TestStrictResourcesRefuseUnknownAttributes(t *testing.T) {
	t.Parallel()
	resources := kinto.Resources()
	last := &resources[len(resources)-1]
	last.Attributes, last.Others = []domain.Attribute{{Name: "a"}}, domain.DropOthers
	w := setupWith(t, readapi.Options{}, domain.Policy{Grants: everyoneAuthenticatedCreatesBuckets}, resources)
	fillBlog(w)
	for path, status := range map[string]int{
		records + "?a=1":               200,
		records + "?_sort=id":          200,
		records + "?c=1":               400,
		records + "?_sort=c":           400,
		records + "?_fields=c":         400,
		records + "/r1?_fields=a":      200,
		records + "/r1?_fields=c":      400,
		records + "/missing?_fields=c": 404,
		"/v1" + art + "?_fields=any":   200,
	} {
		if got := w.send("mat", "GET "+path); got.status != status {
			t.Errorf("GET %s: got %d %s, want %d", path, got.status, got.body, status)
		}
	}
}

// waiter reaches a position when it is let.
type waiter struct{ reached domain.Position }

func (w waiter) Position() domain.Position { return w.reached }

func (w waiter) Wait(ctx context.Context, p domain.Position) error {
	if p <= w.reached {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func TestReadsWaitForAPosition(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{Waiter: waiter{3}, WaitTimeout: 1}, nil)
	for _, request := range []string{"GET " + records, "GET " + records + "/r1"} {
		for position, status := range map[string]int{"3": 200, "4": 503, "x": 400} {
			got := w.send("mat", request, "Kintolog-Position: "+position)
			if got.status != status {
				t.Errorf("%s, %s: got %d, want %d", request, position, got.status, status)
			}
			if retry := got.Get("Retry-After"); (retry != "") != (status == 503) {
				t.Errorf("%s, %s: got Retry-After %q", request, position, retry)
			}
		}
	}
}

// forgetful is a read model that has lost the last change, for a number of reads.
type forgetful struct {
	readapi.Reader
	reads atomic.Int64
}

func (f *forgetful) Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error) {
	snapshot, err := f.Reader.Load(ctx, needs)
	if f.reads.Add(-1) >= 0 {
		snapshot.Position--
		clear(snapshot.Objects)
	}
	return snapshot, err
}

func (f *forgetful) List(ctx context.Context, needs domain.Needs, q domain.Query) (domain.Snapshot, domain.Page, error) {
	snapshot, page, err := f.Reader.List(ctx, needs, q)
	if f.reads.Add(-1) >= 0 {
		snapshot.Position--
		page = domain.Page{}
	}
	return snapshot, page, err
}

// A database that crashed may have lost changes that it had: they come again from the log.
func TestNothingIsAnsweredFromAnEarlierState(t *testing.T) {
	t.Parallel()
	for _, request := range []string{"GET " + records, "GET " + records + "/r1", "HEAD " + records} {
		w := blog(t, readapi.Options{}, nil)
		want := w.send("mat", request)
		lost := &forgetful{Reader: w.reads.Reader}
		w.reads.Reader = lost
		w.serve(readapi.Options{Waiter: waiter{w.tail.Position}, WaitTimeout: time.Minute})
		lost.reads.Store(3)
		if got := w.send("mat", request); got.status != 200 || got.Get("ETag") != want.Get("ETag") || got.body != want.body {
			t.Errorf("%s: got %d %s, want %s", request, got.status, got.body, want.body)
		}
		w.serve(readapi.Options{Waiter: waiter{w.tail.Position}, WaitTimeout: time.Nanosecond})
		lost.reads.Store(1000)
		if got := w.send("mat", request); got.status != 503 || got.Get("Retry-After") == "" {
			t.Errorf("%s: got %d for a read model that stays behind, want 503 and when to come again", request, got.status)
		}
	}
}

// broken is a read model that cannot be reached.
type broken struct{ readapi.Reader }

var errBroken = errors.New("connection refused")

func (broken) Load(context.Context, domain.Needs) (domain.Snapshot, error) {
	return domain.Snapshot{}, errBroken
}

func (broken) List(context.Context, domain.Needs, domain.Query) (domain.Snapshot, domain.Page, error) {
	return domain.Snapshot{}, domain.Page{}, errBroken
}

func TestAReadModelThatIsAwayIsToldAsSuch(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{}, nil)
	w.reads.Reader = broken{}
	for _, path := range []string{records, records + "/r1", records + "?_since=1"} {
		if got := w.send("mat", "GET "+path); got.status != 503 || strings.Contains(got.body, errBroken.Error()) {
			t.Errorf("GET %s: got %d %s, want 503", path, got.status, got.body)
		}
	}
}
