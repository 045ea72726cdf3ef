package acceptance_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// everything is settings with all that can be asked.
var everything = []string{
	"kinto.userid_hmac_secret = " + secret,
	"kinto.includes = kinto.plugins.default_bucket kinto.plugins.history kinto.plugins.accounts kinto.plugins.counters kinto.plugins.prometheus",
	"multiauth.policies = account basicauth", "multiauth.policy.account.use = kinto.plugins.accounts.AccountsPolicy",
	"kinto.account_create_principals = system.Everyone", "kinto.experimental_permissions_endpoint = true",
	"kinto.experimental_collection_schema_validation = true", "kinto.user-data_delete_principals = system.Everyone",
	"kinto.bucket_create_principals = system.Everyone",
}

// judge returns what is wrong with an answer to whatever was asked: it may be refused, in JSON, but not fail.
func judge(r request, got response) string {
	switch kind := got.header.Get("Content-Type"); {
	case got.status >= 500:
		return "the service failed"
	case got.status < 400 || r.method == "HEAD":
		return ""
	case kind != "application/json":
		return "the error is not JSON, but " + kind
	}
	var body struct {
		Code, Errno int
		Error       string
	}
	if err := json.Unmarshal(got.body, &body); err != nil || body.Code != got.status || body.Errno == 0 || body.Error == "" {
		return fmt.Sprintf("the error has no code, errno or error: %v", err)
	}
	return ""
}

// TestHostileRequestsAreRefused is a list of what has broken servers like this.
func TestHostileRequestsAreRefused(t *testing.T) {
	t.Parallel()
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			refuseHostile(t, startWith(t, append(b.settings(t), everything...)...))
		})
	}
}

func refuseHostile(t *testing.T, s *server) {
	t.Helper()
	prepare(t, s)
	for _, r := range hostile() {
		got, err := s.send(r)
		if err != nil {
			t.Errorf("%s %.100s: %v", r.method, r.target, err)
		} else if wrong := judge(r, got); wrong != "" {
			t.Errorf("%s %.200s %.200q %.300s\n%s: %d %.300s", r.method, r.target, r.headers, r.body, wrong, got.status, got.body)
		}
	}
	mustBeWell(t, s)
}

// mustBeWell shows that nothing that was accepted has broken what comes after it.
func mustBeWell(t *testing.T, s *server) {
	t.Helper()
	if log := s.Errors(); strings.Contains(log, "panic") || strings.Contains(log, "ERROR") {
		t.Errorf("the log tells of a failure:\n%.3000s", log)
	}
	for _, r := range []request{
		{method: "GET", target: "/v1/__heartbeat__"},
		{method: "PUT", target: record, headers: []string{user}, body: `{"data": {"after": 1}}`},
		{method: "GET", target: records + "?after=1", headers: []string{user}},
	} {
		if got, err := s.send(r); err != nil || got.status >= 300 {
			t.Errorf("afterwards, %s %s: got %d %s, %v", r.method, r.target, got.status, got.body, err)
		}
	}
}

// TestWhatIsNoHTTPIsRefused shows what never reaches the service: the HTTP server of Go refuses it, without JSON.
func TestWhatIsNoHTTPIsRefused(t *testing.T) {
	t.Parallel()
	s := startWith(t, everything...)
	for _, c := range []struct {
		request
		want int
	}{
		{request{method: "GET", target: "/v1/%"}, 400},
		{request{method: "GET", target: "/v1/%zz"}, 400},
		{request{method: "GET", target: "/v1/buckets/a b"}, 400},
		{request{method: "G ET", target: "/v1/"}, 400},
		{request{method: "GET", target: "/v1/", headers: []string{"No colon"}}, 400},
		{request{method: "GET", target: "/v1/", headers: []string{"Two words: x"}}, 400},
		{request{method: "PUT", target: "/v1/buckets/x", headers: []string{"Content-Length: x"}}, 400},
		{request{method: "PUT", target: "/v1/buckets/x", headers: []string{"Transfer-Encoding: x"}}, 501},
		{request{method: "GET", target: "/v1/", headers: []string{"Expect: 200-ok"}}, 417},
		{request{method: "GET", target: "/v1/", headers: []string{"X: " + strings.Repeat("x", 2<<20)}}, 431},
	} {
		got, err := s.send(c.request)
		if err != nil || got.status != c.want {
			t.Errorf("%s %s %.80q: got %d, %v, want %d", c.method, c.target, c.headers, got.status, err, c.want)
		}
	}
	if got, err := s.send(request{method: "GET", target: "/v1/__lbheartbeat__"}); err != nil || got.status != 200 {
		t.Errorf("afterwards: got %d, %v", got.status, err)
	}
}

// prepare makes something to be hostile to.
func prepare(t *testing.T, s *server) {
	t.Helper()
	for _, path := range []string{"/v1/buckets/b", "/v1/buckets/b/collections/c", "/v1/buckets/b/groups/g", "/v1/buckets/b/collections/c/records/r"} {
		if got, err := s.send(request{method: "PUT", target: path, headers: []string{user}}); err != nil || got.status != 201 {
			t.Fatalf("PUT %s: %d %s, %v", path, got.status, got.body, err)
		}
	}
}

const (
	user    = "Authorization: Basic bWF0OnNlY3JldA=="
	records = "/v1/buckets/b/collections/c/records"
	record  = records + "/r"
)

func hostile() []request {
	var all []request
	add := func(method, target, body string, headers ...string) {
		all = append(all, request{method: method, target: target, headers: append(headers, user), body: body})
	}
	for _, path := range hostilePaths {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"} {
			if method != "DELETE" || !strings.HasSuffix(strings.TrimRight(path, "?"), "/buckets") { // the others are needed yet
				add(method, path, "")
			}
		}
	}
	for _, query := range hostileQueries {
		for _, method := range []string{"GET", "HEAD", "DELETE"} {
			for _, path := range []string{"/v1/buckets/none/collections/c/records", records, "/v1/permissions", "/v1/buckets/b/history", "/v1/accounts"} {
				if method != "DELETE" || path != records {
					add(method, path+"?"+query, "")
				}
			}
		}
	}
	for _, body := range hostileBodies {
		for _, r := range []string{"POST " + records, "PUT " + record, "PATCH " + record, "PUT /v1/buckets/b/groups/g", "PUT /v1/buckets/b/collections/d", "POST /v1/accounts", "POST /v1/batch", "PUT /v1/buckets/default"} {
			method, target, _ := strings.Cut(r, " ")
			add(method, target, body)
		}
		add("PATCH", record, body, "Content-Type: application/json-patch+json")
		add("PATCH", record, body, "Content-Type: application/merge-patch+json")
	}
	for _, header := range hostileHeaders {
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "OPTIONS"} {
			add(method, record, `{"data": {}}`, header)
		}
	}
	return all
}

var hostilePaths = []string{
	"/v1/%FF", "/v1/buckets/%FF", "/v1/buckets/%00", "/v1/buckets/%0A", "/v1/buckets/b%0d%0aX:y", "/v1/buckets/b%2Fcollections",
	"//", "//evil.example/v1", "/v1//buckets", "/v1/../v1/buckets", "/v1/./buckets", "/v1/buckets/..", "/v1/buckets/%2e%2e/x", "/..;/v1/",
	"/v1/buckets/" + strings.Repeat("a", 5000), "/v1/buckets/é", "/v1/buckets/\xff", "/v1/buckets/b/collections/*", "/v1/buckets/>", "/v1/buckets/b.c/groups/g",
	"/v1/buckets/*/collections/>/records", "/v1/buckets/b/snapshot/collections/c@abc", "/v1/buckets/b/snapshot/collections/c@-1", "/v1/buckets/b/snapshot/collections/c@99999999999999999999",
	"/v1/buckets/b/snapshot/collections/@", "/v1/accounts/a%40b", "/v1/accounts/%00", "/v1/__user_data__/%00", "/v1/__user_data__/", "/v1/__user_data__/a/b",
	"/v1/buckets/default/", "/v1/buckets/default/collections/%00/records", "/v1/buckets/default/nope/x", "/v1/buckets/DEFAULT", "/v1/?", "/v1/;", "/v1/buckets?",
	"http://elsewhere.example/v1/buckets", "*", "/v1/openid/x/login", "/v1/__metrics__", "/v1/__counters__", "/v1/admin/../../etc/passwd", "/v1/admin/%2e%2e/x", "/v1/__api__", "/v1/batch/",
}

var hostileQueries = []string{
	"%", "%zz", "%FF=1", "a=%FF", "a=%00", "%00=1", "&&&", "=", "==", "=1", "_since=NaN", "_since=1e400", "_since=-0", "_since=Infinity", "_since=[]", "_since={}", "_since=null", "_since=true",
	"_since=1.5", "_limit=1e3", "_limit=null", "_limit=9223372036854775807", "_token=%00", "_token=e30=", "_token=eyJsYXN0X29iamVjdCI6bnVsbH0=", "_token=eyJsYXN0X29iamVjdCI6eyJsYXN0X21vZGlmaWVkIjoieCJ9LCJvZmZzZXQiOjEsIm5vbmNlIjoieCJ9",
	"_sort=" + strings.Repeat("a,", 3000), "_sort=" + strings.Repeat("a.", 3000) + "a", "_sort='--", "_sort=a%00b", "_fields=%00", "_fields=.", "_fields=..a", "_fields=" + strings.Repeat("a.", 3000), "_sort=.,..", "_sort=id,id,id",
	"a.b.c.d.e.f=1", ".=1", "a.=1", ".a=1", "a'b=1", "a\"b=1", "a%5C=1", "min_a=" + strings.Repeat("[", 5000), "a=" + strings.Repeat(`{"a":`, 2000), "a=1e400", "a=1e200000", "a=%22%5Cud800%22", "a=%22%5Cu0000%22",
	"in_a=" + strings.Repeat("1,", 3000), "exclude_id=" + strings.Repeat("a,", 3000), "like_a=" + strings.Repeat("*", 1000), "like_a=%25%5C", "like_a=%5C", "like_id=a*", "has_a=maybe", "has_id=false", "has_last_modified=false", "has_deleted=true",
	"contains_a=", "contains_a={", "contains_a={}", "contains_any_a=[[[]]]", "contains_any_a=null", "contains_a=[%22%5Cu0000%22]", "not_a=[1,{}]", "gt_a={}", "lt_a=[]", "min_deleted=true", "max_id=5", "gt_id=null", "eq_id=[]", "id=", "id=null", "not_id=true", "last_modified=null",
	"last_modified=", "not_last_modified=1", "like_last_modified=", "in_last_modified=a", "in_last_modified=1e400", "min_last_modified=99999999999999999999", "uri=%00", "target.data.x=1", "target.data.%00=1", "gt_target.data.last_modified=", "_since=1&_since=2&_limit=a", "deleted=true&_since=0",
	strings.Repeat("a=1&", 1000), "a=" + strings.Repeat("x", 20000),
}

var hostileBodies = []string{
	"", " ", "null", "true", "1", `""`, "[]", "{}", "{", "}", "[", "nul", "NaN", `{"data": NaN}`, `{"data": null}`, `{"data": []}`, `{"data": ""}`, `{"data": {}, "data": {}}`, `{"data": {"a": 1, "a": 2}}`,
	"\xff", "\xef\xbb\xbf{}", `{"data": {"a": "` + "\xff" + `"}}`, `{"data": {"a": "\u0000"}}`, `{"data": {"\u0000": 1}}`, `{"data": {"a": "\ud800"}}`, `{"data": {"a": 1e400}}`, `{"data": {"a": 1e200000}}`, `{"data": {"a": -1e-400}}`,
	`{"data": {"a": 123456789012345678901234567890123456789012345678901234567890}}`, `{"data": {"a": 0.1000000000000000000000000000000000000000000001}}`, `{"data": {"last_modified": 9223372036854775807}}`, `{"data": {"last_modified": 9223372036854775808}}`, `{"data": {"last_modified": -9223372036854775808}}`,
	`{"data": {"last_modified": 1e3}}`, `{"data": {"last_modified": null}}`, `{"data": {"last_modified": 253402300800000}}`, `{"data": {"id": null}}`, `{"data": {"id": []}}`, `{"data": {"id": ""}}`, `{"data": {"id": "a/b"}}`, `{"data": {"id": "a\n"}}`, `{"data": {"id": "` + strings.Repeat("a", 5000) + `"}}`, `{"data": {"deleted": true}}`,
	`{"data": {"": 1, ".": 2, "a.b": 3, "$": 4, "'": 5, "\"": 6}}`, `{"data": ` + strings.Repeat(`{"a":`, 600) + "1" + strings.Repeat("}", 600) + `}`, `{"data": {"a": ` + strings.Repeat("[", 100000), strings.Repeat("[", 100000), `{"data": {"a": ` + strings.Repeat("[", 900) + strings.Repeat("]", 900) + `}}`,
	`{"permissions": null}`, `{"permissions": []}`, `{"permissions": {"read": null}}`, `{"permissions": {"read": [null]}}`, `{"permissions": {"read": ["\u0000"]}}`, `{"permissions": {"read": ["", " ", "\ud800"]}}`, `{"permissions": {"": []}}`, `{"permissions": {"read": {"a": "a"}}}`,
	`{"data": {"members": null}}`, `{"data": {"members": [null]}}`, `{"data": {"members": ["\u0000"]}}`, `{"data": {"members": {}}}`, `{"data": {"schema": {"$ref": "#"}}}`, `{"data": {"schema": {"$ref": "file:///etc/passwd"}}}`, `{"data": {"schema": {"pattern": "("}}}`, `{"data": {"schema": {"pattern": "(a+)+$"}}}`, `{"data": {"schema": []}}`, `{"data": {"cache_expires": 1e400}}`, `{"data": {"cache_expires": "x"}}`, `{"data": {"cache_expires": {}}}`,
	`{"data": {"id": "z", "password": null}}`, `{"data": {"id": "z", "password": ""}}`, `{"data": {"id": "z", "password": "\u0000"}}`, `{"data": {"id": "mat", "password": "` + strings.Repeat("p", 100) + `"}}`,
	`[{}]`, `[null]`, `[[]]`, `[{"op": "add"}]`, `[{"op": "add", "path": ""}]`, `[{"op": "add", "path": "", "value": 1}]`, `[{"op": "remove", "path": ""}]`, `[{"op": "replace", "path": "/data", "value": 1}]`, `[{"op": "replace", "path": "/data", "value": null}]`, `[{"op": "remove", "path": "/data"}]`, `[{"op": "remove", "path": "/data/id"}]`, `[{"op": "replace", "path": "/data/id", "value": "other"}]`, `[{"op": "replace", "path": "/data/last_modified", "value": "x"}]`,
	`[{"op": "test", "path": "/data/nu", "value": [null]}]`, `[{"op": "add", "path": "/data/nu", "value": [null]}, {"op": "test", "path": "/data/nu", "value": [null]}]`, `[{"op": "move", "from": "/data", "path": "/data/x"}]`, `[{"op": "copy", "from": "", "path": "/data/x"}]`, `[{"op": "copy", "from": "/nope", "path": "/data/x"}]`, `[{"op": "add", "path": "/data/l/-1", "value": 1}]`, `[{"op": "add", "path": "/data/l/99999999999999999999", "value": 1}]`, `[{"op": "add", "path": "/data/~2", "value": 1}]`, `[{"op": "add", "path": "/permissions", "value": 1}]`, `[{"op": "remove", "path": "/permissions"}]`, `[{"op": "add", "path": "/permissions/read", "value": [1]}]`, `[{"op": "add", "path": "/permissions/nope/a"}]`, `[{"op": "add", "path": "/permissions/read/a/b"}]`, `[{"op": "add", "path": "/other", "value": 1}]`,
	`[{"op": "add", "path": "/data/x", "value": [1]}` + strings.Repeat(`, {"op": "copy", "from": "/data/x", "path": "/data/x/-"}`, 40) + `]`, `[{"op": "add", "path": "/data/a", "value": 1}` + strings.Repeat(`, {"op": "add", "path": "/data/a", "value": 1}`, 5000) + `]`,
	`{"requests": null}`, `{"requests": {}}`, `{"requests": [null]}`, `{"requests": [{}]}`, `{"requests": [{"path": ""}]}`, `{"requests": [{"path": 1}]}`, `{"requests": [{"path": "/"}], "defaults": null}`, `{"requests": [{"path": "/"}], "defaults": []}`, `{"requests": [{"path": "/\u0000"}]}`, `{"requests": [{"path": "/%zz"}]}`, `{"requests": [{"path": "/%FF"}]}`, `{"requests": [{"path": "//evil"}]}`, `{"requests": [{"path": "/\ud800"}]}`, `{"requests": [{"path": "/ a b?c d"}]}`, `{"requests": [{"path": "/buckets?_since=\n"}]}`, `{"requests": [{"path": "/", "method": "CONNECT"}]}`, `{"requests": [{"path": "/", "headers": {"a b": "c"}}]}`, `{"requests": [{"path": "/", "headers": {"": ""}}]}`, `{"requests": [{"path": "/", "headers": {"X": "a\r\nY: b"}}]}`, `{"requests": [{"path": "/", "headers": {"Host": ""}}]}`, `{"requests": [{"path": "/", "headers": {"Content-Length": "5", "Transfer-Encoding": "chunked"}}]}`, `{"requests": [{"path": "/batch", "method": "POST", "body": {"requests": []}}]}`, `{"requests": [{"path": "/v1/batch/", "method": "POST"}]}`, `{"requests": [{"path": "/buckets/b/snapshot/collections/c@x"}]}`, `{"requests": [{"method": "PUT", "path": "/buckets/default/collections/\u0000/records/x"}]}`,
}

var hostileHeaders = []string{
	"If-Match: ", "If-Match: \"\"", "If-Match: \"99999999999999999999\"", "If-Match: \"-1\"", "If-Match: **", "If-Match: \"1\", \"2\"", "If-None-Match: \xff", "If-None-Match: W/*", "Accept: ", "Accept: ;", "Accept: */*;q=x", "Accept: text/html", "Accept: application/json; charset=utf-8", "Accept: \xff", "Content-Type: ", "Content-Type: /", "Content-Type: ;;;", "Content-Type: application/json; charset=utf-16", "Content-Type: multipart/form-data", "Content-Type: \xff", "Content-Encoding: gzip",
	"Authorization: ", "Authorization: Basic \xff", "Authorization: Basic AAAA", "Authorization: Basic " + strings.Repeat("A", 10000), "Authorization: Bearer ", "Authorization: undefined", "Origin: ", "Origin: null", "Origin: \xff", "Origin: http://[", "Access-Control-Request-Method: \xff", "Response-Behavior: x", "Response-Behavior: FULL", "X-Request-Id: \xff", "X-Request-Id: " + strings.Repeat("x", 5000), "X-Forwarded-Proto: javascript", "X-Forwarded-Host: evil", "Accept-Language: \xff", "User-Agent: \xff", "Range: bytes=0-", "Upgrade: websocket", "Accept-Encoding: gzip;q=x", "Cookie: a=b", "traceparent: x", "Last-Event-ID: x",
}

// TestRandomRequestsAreAnswered asks what nobody thought of.
func TestRandomRequestsAreAnswered(t *testing.T) {
	t.Parallel()
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			askAnything(t, startWith(t, append(b.settings(t), everything...)...))
		})
	}
}

func askAnything(t *testing.T, s *server) {
	t.Helper()
	prepare(t, s)
	asked, accepted := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range rapid.SliceOfN(rapid.Custom(anyRequest), 1, 20).Draw(t, "requests") {
			got, err := s.send(r)
			if err != nil {
				t.Fatalf("%+q: %v", r, err)
			}
			if wrong := judge(r, got); wrong != "" {
				t.Fatalf("%+q\n%s: %d %.300s", r, wrong, got.status, got.body)
			}
			if asked++; got.status < 400 {
				accepted++
			}
		}
	})
	mustBeWell(t, s)
	if accepted*5 < asked {
		t.Errorf("only %d of %d requests were accepted: too few to prove anything", accepted, asked)
	}
}

func anyRequest(t *rapid.T) request {
	r := request{
		method:  rapid.SampledFrom([]string{"GET", "GET", "HEAD", "PUT", "PUT", "POST", "PATCH", "PATCH", "DELETE", "OPTIONS", "BREW"}).Draw(t, "method"),
		headers: rapid.SliceOfN(rapid.Custom(anyHeader), 0, 2).Draw(t, "headers"),
	}
	r.target = "/v1" + anyPath(t, r.method)
	if rapid.IntRange(0, 9).Draw(t, "known") > 0 {
		r.headers = append(r.headers, user)
	}
	if rapid.Bool().Draw(t, "asked") {
		r.target += "?" + strings.Join(rapid.SliceOfN(rapid.Custom(anyParameter), 0, 3).Draw(t, "query"), "&")
	}
	if rapid.IntRange(0, 3).Draw(t, "with a body") > 0 {
		r.body = anyBody(t)
	}
	return r
}

// paths are those that a method is for. What the others are in is never deleted.
var paths = map[string][]string{
	"PUT":    {"/buckets/b", "/buckets/b/collections/c", "/buckets/b/groups/g", record[3:], record[3:] + "2", "/buckets/default", "/buckets/default/collections/x/records/y", "/accounts/a"},
	"POST":   {"/buckets", "/buckets/b/collections", "/buckets/b/groups", records[3:], "/buckets/default/collections/x/records", "/batch", "/batch", "/accounts"},
	"DELETE": {records[3:], record[3:], "/buckets/b/groups/g", "/buckets/b/history", "/buckets/default/collections/x/records", "/__user_data__/x"},
	"GET":    {"/", "/buckets", "/buckets/b", "/buckets/b/collections", "/buckets/b/groups/g", records[3:], records[3:], record[3:], "/permissions", "/buckets/b/history", "/accounts", "/__counters__", "/__api__"},
}

func anyPath(t *rapid.T, method string) string {
	switch method {
	case "PATCH":
		method = "PUT"
	case "HEAD", "OPTIONS", "BREW":
		method = "GET"
	}
	path := rapid.SampledFrom(paths[method]).Draw(t, "path")
	if rapid.IntRange(0, 9).Draw(t, "further") == 0 {
		path += "/" + escaped(rapid.String().Draw(t, "segment"))
	}
	return path
}

func anyHeader(t *rapid.T) string {
	name := rapid.SampledFrom([]string{
		"Content-Type", "Content-Type", "Content-Type", "Accept", "If-Match", "If-None-Match", "Origin", "Response-Behavior", "X-Request-Id", "Access-Control-Request-Method",
	}).Draw(t, "name")
	value := rapid.OneOf(
		rapid.SampledFrom([]string{"application/json", "application/merge-patch+json", "application/json-patch+json", "*", `"1"`, "light", "GET"}),
		rapid.StringMatching(`[ -~]{0,20}`),
	).Draw(t, "value")
	if name == "Content-Type" && rapid.IntRange(0, 3).Draw(t, "usual") > 0 {
		value = rapid.SampledFrom([]string{"application/json", "application/merge-patch+json", "application/json-patch+json"}).Draw(t, "type")
	}
	return name + ": " + value
}

func anyParameter(t *rapid.T) string {
	operator := rapid.SampledFrom([]string{"", "eq_", "not_", "min_", "max_", "gt_", "lt_", "in_", "exclude_", "like_", "has_", "contains_", "contains_any_", "_"}).Draw(t, "operator")
	field := rapid.OneOf(rapid.SampledFrom([]string{"id", "last_modified", "a", "a.b", "deleted", "since", "limit", "sort", "token", "fields", "before"}), rapid.String()).Draw(t, "field")
	value := rapid.OneOf(rapid.Custom(anyJSON), rapid.String()).Draw(t, "value")
	return operator + escaped(field) + "=" + escaped(value)
}

func anyBody(t *rapid.T) string {
	value := rapid.Custom(anyJSON)
	switch rapid.IntRange(0, 5).Draw(t, "body") {
	case 0:
		return rapid.String().Draw(t, "text")
	case 1:
		return value.Draw(t, "json")
	case 2:
		return fmt.Sprintf(`[{"op": %q, "path": %q, "from": "/data", "value": %s}]`, rapid.SampledFrom([]string{"add", "remove", "replace", "move", "copy", "test", "x"}).Draw(t, "op"),
			rapid.SampledFrom([]string{"/data", "/data/a", "/data/a/0", "/permissions/read/x", "/permissions", "", "/data/id"}).Draw(t, "pointer"), value.Draw(t, "value"))
	case 3:
		return fmt.Sprintf(`{"requests": [{"method": %q, "path": "/buckets/b/collections/c/records/r", "headers": %s, "body": %s}]}`,
			rapid.SampledFrom([]string{"GET", "PUT", "PATCH", "DELETE", "POST"}).Draw(t, "method"), value.Draw(t, "headers"), value.Draw(t, "inner body"))
	case 4:
		return fmt.Sprintf(`{"data": {%q: %s}}`, rapid.SampledFrom([]string{"id", "last_modified", "a", "members", "schema", "cache_expires", "password", "record:schema", "deleted"}).Draw(t, "member"), value.Draw(t, "value"))
	default:
		return fmt.Sprintf(`{"data": {"a": %s}, "permissions": {"read": %s}}`, value.Draw(t, "data"), value.Draw(t, "principals"))
	}
}

func anyJSON(t *rapid.T) string { return jsonOfDepth(t, 3) }

func jsonOfDepth(t *rapid.T, depth int) string {
	most := 6
	if depth == 0 {
		most = 4
	}
	switch rapid.IntRange(0, most).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"null", "true", "false", "0", "-0", "1e9", "1.5", "1e400", "12345678901234567890", "-1"}).Draw(t, "constant")
	case 1:
		return fmt.Sprint(rapid.Int64().Draw(t, "integer"))
	case 2:
		return fmt.Sprint(rapid.Float64().Draw(t, "float"))
	case 3, 4:
		text, _ := json.Marshal(rapid.String().Draw(t, "string"))
		return string(text)
	case 5:
		return "[" + strings.Join(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return jsonOfDepth(t, depth-1) }), 0, 4).Draw(t, "array"), ",") + "]"
	default:
		members := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			name, _ := json.Marshal(rapid.SampledFrom([]string{"a", "b", "id", "type", "", "é"}).Draw(t, "name"))
			return string(name) + ":" + jsonOfDepth(t, depth-1)
		}), 0, 4).Draw(t, "object")
		return "{" + strings.Join(members, ",") + "}"
	}
}

// escaped makes text part of a URL, of any bytes.
func escaped(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
