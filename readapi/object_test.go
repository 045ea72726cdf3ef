package readapi_test

import (
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/readapi"
)

const (
	art       = "/buckets/blog/collections/art"
	records   = "/v1" + art + "/records"
	forbidden = `{"code":403,"errno":121,"error":"Forbidden","message":"This user cannot access this resource."}`
	anonymous = `{"code":401,"errno":104,"error":"Unauthorized","message":"Please authenticate yourself to use this endpoint."}`
)

// blog has a collection with records r1, r2, r3 (a = 1, 2, 3); everyone may read the bucket.
func blog(t testing.TB, options readapi.Options, grants map[string][]string) *world {
	t.Helper()
	w := setup(t, options, grants)
	fillBlog(w)
	return w
}

func fillBlog(w *world) {
	w.t.Helper()
	w.put("mat", "/buckets/blog", `{"data":{"title":"x"},"permissions":{"read":["system.Everyone"]}}`)
	w.put("mat", art, `{"data":{"cache_expires":60}}`)
	w.put("mat", art+"/records/r1", `{"data":{"a":1}}`)
	w.put("mat", art+"/records/r2", `{"data":{"a":2,"c":{"d":1,"e":2}}}`)
	w.put("mat", art+"/records/r3", `{"data":{"a":3}}`)
}

func TestAnObjectIsAnswered(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{Cache: readapi.Cache{Attributes: map[string]string{"record": "cache_expires"}}}, nil)
	const r2 = `{"a":2,"c":{"d":1,"e":2},"id":"r2","last_modified":1795393684000}`
	const modified = "Last-Modified: Mon, 23 Nov 2026 00:28:04 GMT"
	const etag = `ETag: "1795393684000"`
	get := "GET " + records + "/r2"
	for _, c := range []struct {
		name, user, request string
		headers             []string
		status              int
		body                string
		want                []string
	}{
		{
			"the owner", "mat", get, nil,
			200, `{"permissions":{"write":["account:mat"]},"data":` + r2 + `}`,
			[]string{etag, modified, "Cache-Control: no-cache, no-store", "Content-Type: application/json", "Expires: ", "Pragma: "},
		},
		{
			"a reader", "", get, nil,
			200, `{"permissions":{},"data":` + r2 + `}`,
			[]string{etag, "Cache-Control: max-age=60", "Expires: Mon, 23 Nov 2026 00:29:05 GMT"},
		},
		{"HEAD", "mat", "HEAD " + records + "/r1", nil, 200, "", []string{"ETag: \"1795393683000\"", "Content-Length: 96"}},
		{"some fields", "mat", get + "?_fields=c.d,none", nil, 200, `{"data":{"c":{"d":1},"id":"r2","last_modified":1795393684000}}`, []string{etag}},
		{"no fields", "", get + "?_fields=&_expected=1", nil, 200, `{"permissions":{},"data":` + r2 + `}`, nil},
		{"unchanged", "", get, []string{`If-None-Match: "1795393684000"`}, 304, "", []string{etag, modified, "Cache-Control: ", "Content-Type: "}},
		{"changed", "", get, []string{`If-None-Match: "1"`}, 200, `{"permissions":{},"data":` + r2 + `}`, nil},
		{"still the same", "", get, []string{`If-Match: "1795393684000"`}, 200, `{"permissions":{},"data":` + r2 + `}`, nil},
		{
			"no more the same", "", get,
			[]string{`If-Match: "1"`},
			412,
			`{"code":412,"errno":114,"error":"Precondition Failed","message":"Resource was modified meanwhile","details":{"existing":` + r2 + `}}`,
			[]string{etag, modified},
		},
		{
			"it exists", "", get,
			[]string{`If-None-Match: *`},
			412,
			`{"code":412,"errno":114,"error":"Precondition Failed","message":"Resource was modified meanwhile","details":{"existing":` + r2 + `}}`,
			nil,
		},
		{"any", "", get, []string{`If-Match: *`}, 200, `{"permissions":{},"data":` + r2 + `}`, nil},
		{
			"malformed precondition", "", get,
			[]string{`If-Match: 1`},
			400,
			`{"code":400,"errno":107,"error":"Invalid parameters","message":"If-Match in header: The value should be integer between double quotes.","details":[{"location":"header","name":"If-Match","description":"The value should be integer between double quotes."}]}`,
			nil,
		},
	} {
		w.wants(c.name, w.send(c.user, c.request, c.headers...), c.status, c.body, c.want...)
	}
}

func TestWhatIsNotThereOrNotPermitted(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{}, nil)
	w.put("eve", "/buckets/private", `{}`)
	w.put("eve", "/buckets/private/collections/c", `{"permissions":{"record:create":["account:mat"]}}`)
	w.delete("mat", art+"/records/r3")
	unknown := func(errno, id, resource string) string {
		return `{"code":404,"errno":` + errno + `,"error":"Not Found","details":{"id":"` + id + `","resource_name":"` + resource + `"}}`
	}
	const invalid = `{"code":400,"errno":107,"error":"Invalid parameters","message":"path: Invalid object id","details":[{"location":"path","name":null,"description":"Invalid object id"}]}`
	for _, c := range []struct {
		user, path string
		status     int
		body       string
	}{
		{"mat", records + "/r9", 404, unknown("110", "r9", "record")},
		{"mat", records + "/r3", 404, unknown("110", "r3", "record")},
		{"", records + "/r9", 404, unknown("110", "r9", "record")},
		{"mat", "/v1/buckets/blog/collections/nope/records/r1", 404, unknown("111", "nope", "collection")},
		{"mat", "/v1/buckets/blog/collections/nope/records", 404, unknown("111", "nope", "collection")},
		{"mat", "/v1/buckets/nope/collections/c/records", 403, forbidden},
		{"", "/v1/buckets/nope/collections/c/records", 401, anonymous},
		{"mat", "/v1/buckets/nope", 403, forbidden},
		{"", "/v1/buckets/nope", 401, anonymous},
		{"mat", "/v1/buckets/private", 403, forbidden},
		{"mat", "/v1/buckets/private/collections", 200, `{"data":[{"id":"c","last_modified":1795393687000}]}`},
		{"", "/v1/buckets/private/collections", 401, anonymous},
		{"mat", "/v1/buckets/private/collections/c", 200, `{"permissions":{},"data":{"id":"c","last_modified":1795393687000}}`},
		{"mat", "/v1/buckets/private/groups", 403, forbidden},
		{"mat", "/v1/buckets/private/groups/-", 403, forbidden},
		{"mat", records + "/-", 400, invalid},
		{"mat", "/v1/buckets/-", 403, forbidden},
	} {
		w.wants(c.path+" as "+c.user, w.send(c.user, "GET "+c.path), c.status, c.body)
	}
	if got, want := w.send("", "GET /v1/buckets/nope").Get("WWW-Authenticate"), `Basic realm="Realm"`; got != want {
		t.Errorf("got WWW-Authenticate %q, want %q", got, want)
	}
}

func TestMembersOfGroupsReadWhatTheGroupMay(t *testing.T) {
	t.Parallel()
	w := setup(t, readapi.Options{}, nil)
	w.put("mat", "/buckets/b", `{}`)
	w.put("mat", "/buckets/b/groups/friends", `{"data":{"members":["account:eve"]}}`)
	w.put("mat", "/buckets/b/collections/c", `{"permissions":{"read":["/buckets/b/groups/friends"]}}`)
	w.put("mat", "/buckets/b/collections/d", `{"permissions":{"write":["/buckets/b/groups/friends"]}}`)
	w.wants("read", w.send("eve", "GET /v1/buckets/b/collections/c"), 200, `{"permissions":{},"data":{"id":"c","last_modified":1795393683000}}`)
	w.wants("write", w.send("eve", "GET /v1/buckets/b/collections/d"), 200,
		`{"permissions":{"write":["/buckets/b/groups/friends","account:mat"]},"data":{"id":"d","last_modified":1795393684000}}`)
	w.wants("list", w.send("eve", "GET /v1/buckets/b/collections?_sort=id&_fields=id"), 200,
		`{"data":[{"id":"c","last_modified":1795393683000},{"id":"d","last_modified":1795393684000}]}`)
	w.put("mat", "/buckets/b/groups/friends", `{"data":{"members":[]}}`)
	w.wants("no more", w.send("eve", "GET /v1/buckets/b/collections/c"), 403, forbidden)
	w.wants("no more in lists", w.send("eve", "GET /v1/buckets/b/collections"), 403, forbidden)
}

func TestGrantsOfTheOperatorShowMissingObjects(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{}, map[string][]string{
		"bucket_create": {domain.Authenticated}, "bucket_read": {"account:root"}, "collection_read": {"account:root"},
	})
	w.wants("unknown bucket", w.send("root", "GET /v1/buckets/nope"), 404,
		`{"code":404,"errno":110,"error":"Not Found","details":{"id":"nope","resource_name":"bucket"}}`)
	w.wants("collections of an unknown bucket", w.send("root", "GET /v1/buckets/nope/collections"), 200, `{"data":[]}`)
	w.wants("a bucket", w.send("root", "GET /v1/buckets/blog"), 200, `{"permissions":{},"data":{"title":"x","id":"blog","last_modified":1795393681000}}`)
}

func TestAnObjectTakesOneCallOfTheReader(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{}, nil)
	w.reads.calls()
	w.send("mat", "GET "+records+"/r1")
	if got, want := w.reads.calls(), "1 loads, 0 lists"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
