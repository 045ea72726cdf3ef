package permissions_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/server"
)

// entries are the data of an answer, each as deterministic JSON.
func entries(t testing.TB, s *server.Server, user, query string) []string {
	t.Helper()
	w := do(t, s, user, "GET /permissions"+query)
	var got struct {
		Data []json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Data == nil {
		t.Fatalf("GET /permissions%s: got %s, %v", query, w.Body, err)
	}
	list := []string{}
	for _, entry := range got.Data {
		list = append(list, string(entry))
	}
	return list
}

// uris are those of the entries, in their order.
func uris(t testing.TB, s *server.Server, user, query string) []string {
	t.Helper()
	list := []string{}
	for _, text := range entries(t, s, user, query) {
		var entry struct{ URI string }
		if err := json.Unmarshal([]byte(text), &entry); err != nil {
			t.Fatal(err)
		}
		list = append(list, entry.URI)
	}
	return list
}

// held are the permissions of the entry with the URI, "none" if there is no such entry.
func held(t testing.TB, s *server.Server, user, uri string) string {
	t.Helper()
	for _, text := range entries(t, s, user, "") {
		var entry struct {
			URI         string
			Permissions []string
		}
		if err := json.Unmarshal([]byte(text), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.URI == uri {
			slices.Sort(entry.Permissions)
			return strings.Join(entry.Permissions, " ")
		}
	}
	return "none"
}

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func TestEntriesNameObjectAndPermissions(t *testing.T) {
	t.Parallel()
	s := start(t)
	do(t, s, "alice", "PUT /buckets/b")
	do(t, s, "alice", "PUT /buckets/b/groups/g", `{"data":{"members":[]}}`)
	do(t, s, "alice", "PUT /buckets/b/collections/c")
	do(t, s, "alice", "PUT /buckets/b/collections/c/records/r")
	do(t, s, "", "PUT /accounts/alice", `{"data":{"password":"p"}}`)
	want(t, "entries", strings.Join(entries(t, s, "alice", ""), "\n"), strings.Join([]string{
		`{"bucket_id":"b","group_id":"g","id":"g","permissions":["read","write"],"resource_name":"group","uri":"/buckets/b/groups/g"}`,
		`{"bucket_id":"b","collection_id":"c","id":"r","permissions":["read","write"],"record_id":"r","resource_name":"record","uri":"/buckets/b/collections/c/records/r"}`,
		`{"bucket_id":"b","collection_id":"c","id":"c","permissions":["read","read:attributes","record:create","write"],"resource_name":"collection","uri":"/buckets/b/collections/c"}`,
		`{"bucket_id":"b","id":"b","permissions":["collection:create","group:create","read","read:attributes","write"],"resource_name":"bucket","uri":"/buckets/b"}`,
		`{"account_id":"alice","id":"alice","permissions":["read","write"],"resource_name":"account","uri":"/accounts/alice"}`,
		`{"permissions":["bucket:create","account:create"],"resource_name":"root","uri":"/"}`,
	}, "\n"))
}

func TestPermissionsAreExpandedWithinTheResource(t *testing.T) {
	t.Parallel()
	s := start(t)
	for permissions, expanded := range map[string]string{
		`"read":["account:bob"]`:                                    "read read:attributes",
		`"collection:create":["account:bob"]`:                       "collection:create read:attributes",
		`"read":["system.Everyone"],"group:create":["account:bob"]`: "group:create read read:attributes",
		`"write":["system.Authenticated"]`:                          "collection:create group:create read read:attributes write",
		`"read":["bob","account:bobby"]`:                            "none",
	} {
		do(t, s, "alice", "PUT /buckets/b", `{"permissions":{`+permissions+`}}`)
		want(t, permissions, held(t, s, "bob", "/buckets/b"), expanded)
	}
	do(t, s, "alice", "PUT /buckets/b/collections/c", `{"permissions":{"record:create":["account:bob"]}}`)
	want(t, "record:create", held(t, s, "bob", "/buckets/b/collections/c"), "read:attributes record:create")
	do(t, s, "alice", "PUT /buckets/b/collections/c/records/r", `{"permissions":{"read":["account:bob"]}}`)
	want(t, "read of a record", held(t, s, "bob", "/buckets/b/collections/c/records/r"), "read")
}

func TestWhatIsInheritedIsNotListed(t *testing.T) {
	t.Parallel()
	s := start(t)
	do(t, s, "alice", "PUT /buckets/b", `{"permissions":{"write":["account:bob"]}}`)
	do(t, s, "alice", "PUT /buckets/b/collections/c")
	do(t, s, "alice", "PUT /buckets/b/groups/g", `{"data":{"members":[]}}`)
	want(t, "bob's", uris(t, s, "bob", ""), "[/buckets/b /]")
}

func TestGroupsHoldPermissions(t *testing.T) {
	t.Parallel()
	s := start(t)
	do(t, s, "alice", "PUT /buckets/b", `{"permissions":{"read":["/buckets/b/groups/g"]}}`)
	do(t, s, "alice", "PUT /buckets/b/groups/g", `{"data":{"members":["account:bob"]}}`)
	want(t, "a member", held(t, s, "bob", "/buckets/b"), "read read:attributes")
	want(t, "no member", held(t, s, "carol", "/buckets/b"), "none")
	do(t, s, "alice", "PUT /buckets/b/groups/g", `{"data":{"members":["system.Authenticated"]}}`)
	want(t, "all who are authenticated", held(t, s, "carol", "/buckets/b"), "read read:attributes")
	want(t, "nobody", held(t, s, "", "/buckets/b"), "none")
	do(t, s, "alice", "DELETE /buckets/b/groups/g")
	want(t, "without the group", held(t, s, "bob", "/buckets/b"), "none")
}

func TestWhatIsDeletedIsNotListed(t *testing.T) {
	t.Parallel()
	s := start(t)
	do(t, s, "alice", "PUT /buckets/b")
	do(t, s, "alice", "PUT /buckets/b/collections/c")
	do(t, s, "alice", "PUT /buckets/c")
	do(t, s, "alice", "DELETE /buckets/b")
	want(t, "alice's", uris(t, s, "alice", ""), "[/buckets/c /]")
}

func TestTheOperatorGrantsPermissionsOnAll(t *testing.T) {
	t.Parallel()
	s := start(t, "bucket_read: account:op", "collection_write: account:op", "group_create: account:op", "record_create: account:maker",
		"record_read: account:reader", "account_read: account:op", "bucket_create: account:alice", "account_create: ")
	do(t, s, "alice", "PUT /buckets/b")
	do(t, s, "alice", "PUT /buckets/b/groups/g", `{"data":{"members":[]}}`)
	do(t, s, "alice", "PUT /buckets/b/collections/c")
	do(t, s, "alice", "PUT /buckets/b/collections/c/records/r")
	want(t, "op's", uris(t, s, "op", ""), "[/buckets/b/collections/c /buckets/b]")
	want(t, "of a bucket", held(t, s, "op", "/buckets/b"), "group:create read read:attributes")
	want(t, "of a collection", held(t, s, "op", "/buckets/b/collections/c"), "read read:attributes record:create write")
	want(t, "maker's", held(t, s, "maker", "/buckets/b/collections/c"), "read:attributes record:create")
	want(t, "reader's, as records are not told one by one", uris(t, s, "reader", ""), "[]")
	do(t, s, "alice", "PATCH /buckets/b", `{"permissions":{"collection:create":["account:op"]}}`)
	want(t, "of both", held(t, s, "op", "/buckets/b"), "collection:create group:create read read:attributes")
	want(t, "the root", held(t, s, "alice", "/"), "bucket:create")
	want(t, "the root", held(t, s, "bob", "/"), "none")
}

func TestAccountsOfOthersAreNotListed(t *testing.T) {
	t.Parallel()
	s := start(t, "account_write: account:op", "account_read: account:op", "bucket_create: ")
	do(t, s, "", "PUT /accounts/alice", `{"data":{"password":"p"}}`)
	do(t, s, "", "PUT /accounts/op", `{"data":{"password":"p"}}`)
	want(t, "who may write all", uris(t, s, "op", ""), "[/accounts/op /]")
	want(t, "alice's", uris(t, s, "alice", ""), "[/accounts/alice /]")
}

func TestAnonymousCallersSeeWhatEverybodyMay(t *testing.T) {
	t.Parallel()
	s := start(t)
	do(t, s, "alice", "PUT /buckets/b", `{"permissions":{"read":["system.Everyone"]}}`)
	do(t, s, "alice", "PUT /buckets/c", `{"permissions":{"read":["system.Authenticated"]}}`)
	want(t, "nobody's", uris(t, s, "", ""), "[/buckets/b /]")
}

func TestTheOperatorSaysWhoMayAsk(t *testing.T) {
	t.Parallel()
	s := start(t, "permissions_read: account:alice /buckets/b/groups/g")
	do(t, s, "alice", "PUT /buckets/b")
	do(t, s, "alice", "PUT /buckets/b/groups/g", `{"data":{"members":["account:bob"]}}`)
	for user, status := range map[string]int{"alice": 200, "bob": 200, "carol": 403, "": 401} {
		for _, method := range []string{"GET", "HEAD"} {
			if w := send(t, s, user, method+" /permissions", ""); w.Code != status {
				t.Errorf("%s by %q: got %d, want %d", method, user, w.Code, status)
			}
		}
	}
}

// library makes the buckets b1 to b3 of alice, each with a collection, and a record that looks like a number.
func library(t testing.TB, s *server.Server) {
	t.Helper()
	for _, b := range []string{"b1", "b2", "b3"} {
		do(t, s, "alice", "PUT /buckets/"+b)
		do(t, s, "alice", "PUT /buckets/"+b+"/collections/c")
	}
	do(t, s, "alice", "PUT /buckets/b1/groups/g", `{"data":{"members":[]}}`)
	do(t, s, "alice", "PUT /buckets/b1/collections/c/records/42")
}

func TestEntriesAreFiltered(t *testing.T) {
	t.Parallel()
	s := start(t)
	library(t, s)
	for query, list := range map[string]string{
		"?resource_name=bucket":                              "[/buckets/b3 /buckets/b2 /buckets/b1]",
		"?resource_name=root":                                "[/]",
		"?resource_name=history":                             "[]",
		"?exclude_resource_name=record,group,collection":     "[/buckets/b3 /buckets/b2 /buckets/b1 /]",
		"?exclude_resource_name=record,":                     "[/buckets/b3/collections/c /buckets/b3 /buckets/b2/collections/c /buckets/b2 /buckets/b1/groups/g /buckets/b1/collections/c /buckets/b1 /]",
		"?in_resource_name=record,group":                     "[/buckets/b1/groups/g /buckets/b1/collections/c/records/42]",
		"?bucket_id=b2":                                      "[/buckets/b2/collections/c /buckets/b2]",
		"?collection_id=c&bucket_id=b1":                      "[/buckets/b1/collections/c/records/42 /buckets/b1/collections/c]",
		"?id=c&bucket_id=b3":                                 "[/buckets/b3/collections/c]",
		"?id=42":                                             "[/buckets/b1/collections/c/records/42]",
		`?id="42"`:                                           "[/buckets/b1/collections/c/records/42]",
		"?record_id=42":                                      "[/buckets/b1/collections/c/records/42]",
		"?in_record_id=42,43":                                "[/buckets/b1/collections/c/records/42]",
		"?uri=/buckets/b2":                                   "[/buckets/b2]",
		"?like_uri=*/groups/*":                               "[/buckets/b1/groups/g]",
		"?has_bucket_id=false":                               "[/]",
		"?not_resource_name=collection&bucket_id=b3":         "[/buckets/b3]",
		"?resource_name=bucket&last_modified=1&_before=2":    "[/buckets/b3 /buckets/b2 /buckets/b1]",
		"?resource_name=bucket&_since=1&gt_last_modified=5":  "[/buckets/b3 /buckets/b2 /buckets/b1]",
		"?resource_name=bucket&_sort=id":                     "[/buckets/b1 /buckets/b2 /buckets/b3]",
		"?exclude_resource_name=collection,record&_sort=-id": "[/ /buckets/b1/groups/g /buckets/b3 /buckets/b2 /buckets/b1]",
		"?resource_name=collection&_sort=id,bucket_id":       "[/buckets/b1/collections/c /buckets/b2/collections/c /buckets/b3/collections/c]",
		"?resource_name=collection&_sort=collection_id":      "[/buckets/b3/collections/c /buckets/b2/collections/c /buckets/b1/collections/c]",
		"?resource_name=bucket&_limit=2":                     "[/buckets/b3 /buckets/b2]",
		"?resource_name=bucket&_sort=-last_modified":         "[/buckets/b3 /buckets/b2 /buckets/b1]",
	} {
		want(t, query, uris(t, s, "alice", strings.ReplaceAll(query, `"`, "%22")), list)
	}
}

func TestRequestsThatAreNotWellFormedAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	for query, message := range map[string]string{
		"?foo=1":                  "Unknown filter field 'foo'",
		"?permissions=write":      "Unknown filter field 'permissions'",
		"?has_permissions=true":   "has_permissions in querystring: Unknown filter field 'permissions'",
		"?_sort=foo":              "querystring: Unknown sort field 'foo'",
		"?_fields=foo":            "Invalid _fields parameter in body: Fields foo do not exist",
		"?_limit=x":               `_limit in querystring: \"x\" is not a number`,
		"?_since=abc":             `_since in querystring: \"abc\" is not a number`,
		"?_token=abc":             "querystring: _token has invalid content",
		"?history_id=1":           "Unknown filter field 'history_id'",
		"?idempotency-day_id=day": "Unknown filter field 'idempotency-day_id'",
	} {
		w := send(t, s, "alice", "GET /permissions"+query, "")
		if w.Code != 400 || !strings.Contains(w.Body.String(), `"message":"`+message+`"`) {
			t.Errorf("%s: got %d %s, want %s", query, w.Code, w.Body, message)
		}
	}
}

func TestPagesHoldEverythingOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	library(t, s)
	for _, query := range []string{"", "_sort=id", "_sort=-id", "_sort=collection_id,-bucket_id", "_sort=-record_id", "exclude_resource_name=bucket", "exclude_resource_name=bucket,a;b", "exclude_resource_name=bucket,%zz"} {
		all := uris(t, s, "alice", "?"+query)
		if len(all) < 5 {
			t.Fatalf("%s: got %v, want several pages", query, all)
		}
		for _, limit := range []int{1, 2, 3} {
			got, next := []string{}, fmt.Sprintf("?%s&_limit=%d", query, limit)
			for next != "" {
				page := uris(t, s, "alice", next)
				if len(page) > limit {
					t.Fatalf("%s: got %v, want no more than %d", next, page, limit)
				}
				got = append(got, page...)
				next = nextPage(t, s, next)
			}
			want(t, fmt.Sprintf("%s by %d", query, limit), got, all)
		}
	}
}

// nextPage is the query of the page after the one of a query, "" on the last one.
func nextPage(t testing.TB, s *server.Server, query string) string {
	t.Helper()
	url := do(t, s, "alice", "GET /permissions"+query).Header().Get("Next-Page")
	if url == "" {
		return ""
	}
	before, next, ok := strings.Cut(url, "?")
	if want := "http://example.com/v1/permissions"; !ok || before != want {
		t.Fatalf("next page: got %s, want that of %s", url, want)
	}
	return "?" + next
}

func TestFieldsAreChosen(t *testing.T) {
	t.Parallel()
	s := start(t)
	do(t, s, "alice", "PUT /buckets/b")
	for fields, list := range map[string]string{
		"uri":                     `[{"id":"b","uri":"/buckets/b"} {"uri":"/"}]`,
		"resource_name,bucket_id": `[{"bucket_id":"b","id":"b","resource_name":"bucket"} {"resource_name":"root"}]`,
		"permissions":             `[{"id":"b","permissions":["collection:create","group:create","read","read:attributes","write"]} {"permissions":["bucket:create","account:create"]}]`,
	} {
		want(t, fields, entries(t, s, "alice", "?_fields="+fields), list)
	}
}

func TestHeadTellsTheTotal(t *testing.T) {
	t.Parallel()
	s := start(t)
	library(t, s)
	for query, total := range map[string]string{
		"": "9", "?_limit=2": "9", "?resource_name=bucket": "3", "?exclude_resource_name=record,group": "7", "?resource_name=none": "0",
	} {
		w := do(t, s, "alice", "HEAD /permissions"+query)
		for _, name := range []string{"Total-Objects", "Total-Records"} {
			want(t, query+" "+name, w.Header().Get(name), total)
		}
		want(t, query+" type", w.Header().Get("Content-Type"), "application/json")
		want(t, query+" body", w.Body, "")
	}
}

func TestPagesOfOtherOriginsMaySeeWhatListsTell(t *testing.T) {
	t.Parallel()
	s := start(t)
	for method, names := range map[string][]string{"GET": {"Next-Page", "ETag"}, "HEAD": {"Next-Page", "ETag", "Total-Objects", "Total-Records"}} {
		for _, query := range []string{"", "?_limit=x"} {
			w := send(t, s, "alice", method+" /permissions"+query, "", "Origin: http://elsewhere.example")
			exposed := strings.Split(w.Header().Get("Access-Control-Expose-Headers"), ", ")
			for _, name := range names {
				if !slices.Contains(exposed, name) {
					t.Errorf("%s %s: got %q exposed, want %s", method, query, exposed, name)
				}
			}
		}
	}
}

func TestConditionsAreIgnored(t *testing.T) {
	t.Parallel()
	s := start(t)
	etag := do(t, s, "alice", "GET /permissions").Header().Get("ETag")
	for _, header := range []string{`If-Match: "1"`, "If-None-Match: " + etag, "If-None-Match: *"} {
		if w := send(t, s, "alice", "GET /permissions", "", header); w.Code != 200 {
			t.Errorf("%s: got %d, want 200", header, w.Code)
		}
	}
	if w := send(t, s, "alice", "POST /permissions", "{}"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d, want 405", w.Code)
	}
}

func TestTheServiceAnnouncesTheEndpoint(t *testing.T) {
	t.Parallel()
	s := start(t)
	var hello struct {
		Capabilities map[string]struct{ Description, URL string }
	}
	if err := json.Unmarshal(do(t, s, "", "GET /").Body.Bytes(), &hello); err != nil {
		t.Fatal(err)
	}
	if c := hello.Capabilities["permissions_endpoint"]; c.Description == "" || c.URL == "" {
		t.Errorf("got capability %+v, want it described", c)
	}
}

func TestABatchSeesWhatItChanges(t *testing.T) {
	t.Parallel()
	for _, grants := range [][]string{nil, {"bucket_read: account:alice", "collection_write: /buckets/new/groups/g"}} {
		s := start(t, grants...)
		do(t, s, "bob", "PUT /buckets/bobs", `{"permissions":{"read":["/buckets/new/groups/g"]}}`)
		do(t, s, "alice", "PUT /buckets/old")
		do(t, s, "alice", "PUT /buckets/old/collections/c")
		do(t, s, "alice", "PUT /buckets/kept")
		w := do(t, s, "alice", "POST /batch", `{"requests":[
			{"method":"PUT","path":"/buckets/new"},
			{"method":"PUT","path":"/buckets/new/groups/g","body":{"data":{"members":["account:alice"]}}},
			{"method":"DELETE","path":"/buckets/old"},
			{"path":"/permissions?resource_name=bucket"},
			{"method":"PUT","path":"/buckets/old"},
			{"method":"PUT","path":"/buckets/old/collections/d","body":{"permissions":{"read":["account:bob"]}}},
			{"path":"/permissions/"},
			{"method":"HEAD","path":"/permissions"},
			{"path":"/permissions?_limit=2&_sort=id"}]}`)
		var got struct {
			Responses []struct {
				Headers map[string]string
				Body    json.RawMessage
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if middle := string(got.Responses[3].Body); strings.Contains(middle, "/buckets/old") || !strings.Contains(middle, "/buckets/bobs") {
			t.Errorf("while a bucket is deleted: got %s", middle)
		}
		for i, query := range map[int]string{6: "", 8: "?_limit=2&_sort=id"} {
			want(t, "permissions in the batch"+query, string(got.Responses[i].Body), do(t, s, "alice", "GET /permissions"+query).Body)
		}
		want(t, "total", got.Responses[7].Headers["Total-Objects"], len(entries(t, s, "alice", "")))
	}
}
