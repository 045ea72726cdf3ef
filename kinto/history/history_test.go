package history_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/kinto/history"
	"github.com/kintolog/kintolog/server"
)

const (
	log     = "/buckets/b/history"
	records = "/buckets/b/collections/c/records"
)

func TestEveryChangeHasAnEntry(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b", `{"permissions":{"read":["account:ann"]}}`)
	for i := range 4 {
		s.do(fmt.Sprintf("PUT /buckets/b/collections/c%d", i))
		s.do(fmt.Sprintf("PUT /buckets/b/groups/g%d", i), `{"data":{"members":["x"]}}`)
	}
	s.wants("mat", log,
		"create /groups/g3", "create /collections/c3", "create /groups/g2", "create /collections/c2", "create /groups/g1",
		"create /collections/c1", "create /groups/g0", "create /collections/c0", "create ")
	s.rebuilt()
}

func TestAnEntryTellsWhatHappened(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b")
	s.do("PUT /buckets/b/collections/c")
	s.do("PUT /buckets/b/groups/g", `{"data":{"members":["x"]}}`)
	made := s.do("PUT "+records+"/r", `{"data":{"a":"é<"},"permissions":{"read":["ann","account:x"]}}`)
	changed := s.do("PATCH "+records+"/r", `{"data":{"a":2}}`)
	gone := s.do("DELETE " + records + "/r")
	always := regexp.MustCompile(`"id":"[^"]+","last_modified":\d+,`) // what every projection has
	for query, want := range map[string]string{
		"resource_name=bucket":               `{"action":"create","bucket_id":"b","resource_name":"bucket","uri":"/buckets/b"}`,
		"resource_name=group":                `{"action":"create","group_id":"g","resource_name":"group","uri":"/buckets/b/groups/g"}`,
		"resource_name=collection":           `{"action":"create","collection_id":"c","resource_name":"collection","uri":"/buckets/b/collections/c"}`,
		"resource_name=record&action=create": `{"action":"create","collection_id":"c","record_id":"r","resource_name":"record","uri":"` + records + `/r"}`,
	} {
		a := s.send("mat", "GET "+log+"?"+query+"&_fields=action,bucket_id,collection_id,group_id,record_id,resource_name,uri")
		got := always.ReplaceAllString(a.body, "")
		if want := `{"data":[` + want + `]}`; got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	permissions := map[string][]string{"read": {"account:x", "ann"}, "write": {"account:mat"}}
	want := []entry{
		{Action: "delete"}, {Action: "update"}, {Action: "create"},
	}
	want[0].Target.Data = map[string]any{"id": "r", "last_modified": float64(gone), "deleted": true}
	want[0].Target.Permissions = map[string][]string{}
	want[1].Target.Data = map[string]any{"id": "r", "last_modified": float64(changed), "a": 2.0}
	want[1].Target.Permissions = permissions
	want[2].Target.Data = map[string]any{"id": "r", "last_modified": float64(made), "a": "é<"}
	want[2].Target.Permissions = permissions
	last := int64(1 << 62)
	for i, got := range s.entries("mat", log+"?record_id=r") {
		if got.Action != want[i].Action || !reflect.DeepEqual(got.Target, want[i].Target) {
			t.Errorf("entry %d: got %+v, want %+v", i, got, want[i])
		}
		if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(got.ID) {
			t.Errorf("the id %q is no UUID4", got.ID)
		}
		at, err := time.Parse("2006-01-02T15:04:05.000000+00:00", got.Date)
		if err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("the date %q is not now in UTC, with microseconds: %v", got.Date, err)
		}
		if got.LastModified >= last || got.UserID == nil || *got.UserID != "account:mat" {
			t.Errorf("got %+v, want an older one than %d, by mat", got, last)
		}
		last = got.LastModified
	}
	s.send("", "PUT /buckets/z")
	if a := s.send("", "GET /buckets/z/history?_fields=user_id"); !strings.Contains(a.body, `"user_id":null}`) {
		t.Errorf("entry of somebody anonymous: %v, want null", a)
	}
}

func TestImplicitPluralAndBatchedChangesAreEntries(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{}, func(app *server.App) {
		app.Policy.KeepExplicit = true
		app.Policy.Grants["bucket_write"] = []string{"account:mat"}
	})
	s.do("PUT /buckets/b", `{"permissions":{"write":["account:mat"],"read":["account:eve"]}}`)
	s.do("PUT /buckets/b/collections/c", `{"permissions":{"read":["account:ann"]}}`)
	s.do("POST /batch", `{"defaults":{"method":"PUT"},"requests":[
		{"path":"/v1`+records+`/1"},{"path":"/v1`+records+`/2"},{"path":"/v1`+records+`/1","body":{"data":{"x":1}}}]}`)
	s.do("POST /batch", `{"requests":[{"method":"PUT","path":"/v1`+records+`/3"},{"method":"PUT","path":"/v1`+records+`/3","headers":{"If-None-Match":"*"}}]}`)
	s.do("DELETE " + records)
	for _, e := range s.entries("mat", log+"?action=delete&_sort=uri") {
		if !e.Target.Data["deleted"].(bool) || len(e.Target.Permissions) > 0 {
			t.Errorf("the entry of a deletion is %+v", e)
		}
	}
	s.wants("eve", log+"?resource_name=record&_sort=action,uri,last_modified",
		"create /collections/c/records/1", "create /collections/c/records/2", "create /collections/c/records/3",
		"delete /collections/c/records/1", "delete /collections/c/records/2", "delete /collections/c/records/3",
		"update /collections/c/records/1")
	// Without explicit permissions entries are shared with nobody.
	if a := s.send("ann", "GET "+log); a.status != http.StatusForbidden {
		t.Errorf("a reader of the collection lists the history: %v, want 403", a)
	}
	s.rebuilt()
}

func TestEntriesAreFiltered(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b", `{"permissions":{"write":["account:bob"]}}`)
	s.do("PUT /buckets/b/collections/c")
	s.do("PUT "+records+"/42", `{"data":{"n":{"m":5}}}`)
	middle := s.do("PUT "+records+"/true", `{"data":{"n":{"m":7}}}`)
	s.send("bob", "PATCH "+records+"/42", `{"data":{"n":{"m":9}}}`)
	for query, want := range map[string]string{
		"record_id=42":                                          "update 42, create 42",
		`record_id="42"`:                                        "update 42, create 42",
		"record_id=true":                                        "create true",
		"in_record_id=42,true&action=create":                    "create true, create 42",
		"like_record_id=4":                                      "update 42, create 42",
		"min_target.data.n.m=7":                                 "update 42, create true, create c, create b",
		"min_target.data.n.m=7&has_record_id=true":              "update 42, create true",
		"target.data.n.m=5":                                     "create 42",
		"target.data.id=true":                                   "",
		`target.data.id="true"`:                                 "create true",
		fmt.Sprint("gt_target.data.last_modified=", middle):     "update 42",
		"exclude_user_id=account:mat,x":                         "update 42",
		"like_user_id=account:*":                                "update 42, create true, create 42, create c, create b",
		"like_user_id=google:*":                                 "",
		"resource_name=record&collection_id=c&_sort=uri,action": "create 42, update 42, create true",
		"_limit=2": "update 42, create true",
	} {
		var got []string
		for _, e := range s.entries("mat", log+"?"+query) {
			got = append(got, e.Action+" "+e.URI[strings.LastIndex(e.URI, "/")+1:])
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("?%s: got %q, want %q", query, got, want)
		}
	}
	for query, want := range map[string]string{ // a deletion has no use for _fields
		"foo=1": "Unknown filter field 'foo'", "_sort=foo": "Unknown sort field 'foo'", "_fields=foo": "Fields foo do not exist",
	} {
		if a := s.send("mat", "GET "+log+"?"+query); a.status != http.StatusBadRequest || !strings.Contains(a.body, want) {
			t.Errorf("?%s: got %v, want 400 %s", query, a, want)
		}
		if strings.HasPrefix(query, "_fields") {
			continue
		}
		if a := s.send("mat", "DELETE "+log+"?"+query); a.status != http.StatusBadRequest {
			t.Errorf("DELETE ?%s: got %v, want 400", query, a)
		}
	}
}

func TestTheEndpointReadsAndPurges(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b")
	for _, request := range []string{"PUT " + log, "POST " + log, "PATCH " + log} {
		a := s.send("mat", request, `{}`)
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET, HEAD, DELETE, OPTIONS" {
			t.Errorf("%s: got %v, Allow %q, want 405", request, a, a.header.Get("Allow"))
		}
	}
	id := s.entries("mat", log)[0].ID
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if a := s.send("mat", method+" "+log+"/"+id); a.status != http.StatusNotFound {
			t.Errorf("%s on an entry: got %v, want 404", method, a)
		}
	}
	get, head := s.send("mat", "GET "+log), s.send("mat", "HEAD "+log)
	if head.status != http.StatusOK || head.header.Get("Total-Objects") != "" || head.header.Get("Total-Records") != "" {
		t.Errorf("HEAD: got %v, %v, want no totals", head, head.header)
	}
	if head.header.Get("ETag") != get.header.Get("ETag") || get.header.Get("ETag") == "" {
		t.Errorf("ETag: GET has %s, HEAD %s", get.header.Get("ETag"), head.header.Get("ETag"))
	}
}

func TestReadersSeeWhatTheyCouldReadThen(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b", `{"permissions":{"read":["account:reader"]}}`)
	s.do("PUT /buckets/b/groups/g", `{"data":{"members":["account:cid"]}}`)
	s.do("PUT /buckets/b/collections/c", `{"permissions":{"read":["/buckets/b/groups/g"]}}`)
	s.do("PUT /buckets/b/collections/d", `{"permissions":{"write":["account:dan"]}}`)
	s.do("PUT " + records + "/r")
	s.do("PUT /buckets/b/collections/d/records/s", `{"permissions":{"read":["account:rec"]}}`)
	all := []string{
		"create /collections/d/records/s", "create /collections/c/records/r", "create /collections/d", "create /collections/c", "create /groups/g", "create ",
	}
	s.wants("mat", log, all...)
	s.wants("reader", log, all...)
	s.wants("cid", log, "create /collections/c/records/r", "create /collections/c")
	s.wants("dan", log, "create /collections/d/records/s", "create /collections/d")
	s.wants("rec", log, "create /collections/d/records/s")
	for user, status := range map[string]int{"": 401, "eve": 403} {
		if a := s.send(user, "GET "+log); a.status != status {
			t.Errorf("%q lists: got %v, want %d", user, a, status)
		}
	}
	// What was shared stays shared, and what was not stays so.
	s.do("PATCH /buckets/b/collections/d", `{"permissions":{"write":["account:eve"]}}`)
	s.do("PATCH /buckets/b", `{"permissions":{"read":[]}}`)
	s.wants("dan", log, "create /collections/d/records/s", "create /collections/d")
	s.wants("eve", log, "update /collections/d")
	s.wants("reader", log, append([]string{"update /collections/d"}, all...)...)
	s.do("DELETE /buckets/b/collections/d")
	s.wants("mat", log, append([]string{"delete /collections/d", "update ", "update /collections/d"}, all...)...)
	for user, status := range map[string]int{"": 401, "eve": 403, "dan": 403, "reader": 403} {
		if a := s.send(user, "DELETE "+log); a.status != status {
			t.Errorf("%q purges: got %v, want %d", user, a, status)
		}
	}
	s.rebuilt()
}

func TestPurgesLeaveTombstones(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b")
	s.do("PUT /buckets/b/collections/c")
	for i := range 20 {
		s.do(fmt.Sprintf("PUT %s/r%d", records, i%10))
	}
	before := etag(t, s.send("mat", "GET "+log))
	if a := s.send("mat", "DELETE "+log+"?resource_name=record&_limit=5"); strings.Count(a.body, `"deleted":true`) != 5 || etag(t, a) <= before || a.header.Get("Next-Page") == "" {
		t.Fatalf("got %v, %v, want 5 tombstones after %d, and a next page", a, a.header, before)
	}
	s.do("DELETE " + log + "?resource_name=record")
	s.wants("mat", log, "create /collections/c", "create ")
	s.wants("mat", fmt.Sprint(log, "?_since=", before), strings.Split(strings.Repeat("deleted,", 20), ",")[:20]...)
	after := etag(t, s.send("mat", "GET "+log))
	s.do("PUT " + records + "/again")
	s.wants("mat", fmt.Sprint(log, "?_since=", after), "create /collections/c/records/again")
	s.rebuilt()
}

// Purges beside writes, in one batch and in many: no two of them share a timestamp, and the count is exact.
func TestPurgesAmongWrites(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b")
	s.do("PUT /buckets/b/collections/c")
	done := make(chan struct{})
	for w := range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := range 20 {
				path := fmt.Sprintf("/v1%s/%d-%d", records, w, i)
				s.do("POST /batch", `{"requests":[{"method":"PUT","path":"`+path+`"},{"method":"DELETE","path":"/v1`+log+`?_limit=3"},{"method":"PUT","path":"`+path+`"}]}`)
				if i%5 == w {
					s.do("DELETE " + log)
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
	seen := map[int64]bool{}
	live := 0
	for _, e := range s.entries("mat", log+"?_since=0") {
		if seen[e.LastModified] {
			t.Errorf("two entries or tombstones at %d", e.LastModified)
		}
		seen[e.LastModified] = true
		if !e.Deleted {
			live++
		}
	}
	if len(seen) != 162 {
		t.Errorf("there are %d entries and tombstones, want 162", len(seen))
	}
	if got := len(s.entries("mat", log)); got != live {
		t.Errorf("%d entries, of which %d are live", got, live)
	}
	s.rebuilt()
}

func etag(t *testing.T, a answer) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.Trim(a.header.Get("ETag"), `"`), 10, 64)
	if err != nil {
		t.Fatalf("%v: ETag: %v", a, err)
	}
	return n
}

func TestHistoryGoesWithItsBucket(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{})
	s.do("PUT /buckets/b")
	s.do("PUT /buckets/b/collections/c")
	s.do("PUT " + records + "/r")
	s.do("DELETE /buckets/b/collections/c")
	s.wants("mat", log, "delete /collections/c", "create /collections/c/records/r", "create /collections/c", "create ")
	before := etag(t, s.send("mat", "GET "+log))
	s.do("DELETE /buckets/b")
	s.do("PUT /buckets/b")
	s.wants("mat", log, "create ")
	if after := etag(t, s.send("mat", "GET "+log)); after <= before {
		t.Errorf("the timestamp went from %d to %d", before, after)
	}
	s.do("DELETE /buckets")
	if a := s.send("mat", "GET "+log); a.status != http.StatusForbidden {
		t.Errorf("the history of no bucket: %v, want 403", a)
	}
	s.rebuilt()
}

func TestExclusions(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{
		ExcludeResources: []string{"/buckets/no", "/buckets/b/collections/c", "/buckets/b/groups/g", "/buckets/b/collections/d/records/x"},
		ExcludeUserIDs:   []string{"account:robot"},
	})
	s.do("PUT /buckets/no")
	s.do("PUT /buckets/no/collections/c")
	s.do("PUT /buckets/b", `{"permissions":{"write":["account:robot"]}}`)
	s.do("PUT /buckets/b/collections/c")
	s.do("PUT " + records + "/r")
	s.do("PUT /buckets/b/collections/cd")
	s.do("PUT /buckets/b/collections/d")
	s.do("PUT /buckets/b/collections/d/records/x")
	s.do("PUT /buckets/b/collections/d/records/y")
	s.do("PUT /buckets/b/groups/g", `{"data":{"members":[]}}`)
	s.send("robot", "PUT /buckets/b/groups/h", `{"data":{"members":[]}}`)
	s.wants("mat", log, "create /collections/d/records/y", "create /collections/d", "create /collections/cd", "create ")
	s.wants("mat", "/buckets/no/history")
	var hello struct {
		Capabilities map[string]map[string]any
	}
	if err := json.Unmarshal([]byte(s.send("mat", "GET /").body), &hello); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(hello.Capabilities["history"]["excluded_resources"])
	if want := "[map[bucket:no] map[bucket:b collection:c] map[bucket:b group:g] map[bucket:b collection:d record:x]]"; got != want {
		t.Errorf("capability: got %s, want %s", got, want)
	}
}

func TestOldEntriesAreTrimmed(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{Trim: &history.Trim{MaxCount: 3, Threshold: 2}})
	s.do("PUT /buckets/b")
	s.do("PUT /buckets/b/collections/c")
	put := func(names ...string) {
		for _, n := range names {
			s.do("PUT " + records + "/" + n)
		}
	}
	named := func(names ...string) []string {
		var lines []string
		for _, n := range names {
			lines = append(lines, "create /collections/c/records/"+n)
		}
		return append(lines, "create /collections/c", "create ")
	}
	put("1", "2", "3", "4", "5")
	s.wants("mat", log, named("5", "4", "3", "2", "1")...)
	put("6")
	s.wants("mat", log, named("6", "5", "4")...)
	s.wants("mat", log+"?_since=0", named("6", "5", "4")...)
	put("7", "8")
	s.do("DELETE " + log + "?record_id=7")
	put("9")
	s.wants("mat", log, named("9", "8", "6", "5", "4")...)
	s.do("POST /batch", `{"defaults":{"method":"PUT"},"requests":[{"path":"/v1`+records+`/10"},{"path":"/v1`+records+`/11"}]}`)
	s.wants("mat", log, named("11", "10", "9", "8")...)
	s.do("PUT /buckets/other")
	s.do("PUT /buckets/other/collections/c")
	s.wants("mat", log, named("11", "10", "9", "8")...)
	s.rebuilt()
	s.do("DELETE /buckets/b")
	s.do("PUT /buckets/b")
	s.do("PUT /buckets/b/collections/c")
	put("12", "13", "14", "15")
	s.wants("mat", log, named("15", "14", "13", "12")...)
	s.rebuilt()
}

func TestOnlyEntriesOfSomeUsersAreTrimmed(t *testing.T) {
	t.Parallel()
	s := start(t, history.Options{Trim: &history.Trim{MaxCount: 1, UserIDs: []string{"account:robot", "account:spare"}}})
	s.do("PUT /buckets/b", `{"permissions":{"write":["system.Authenticated"]}}`)
	s.do("PUT /buckets/b/collections/c")
	for i := range 3 {
		for _, user := range []string{"robot", "mat", "spare"} {
			s.send(user, fmt.Sprintf("PUT %s/%s%d", records, user, i))
		}
	}
	s.wants("mat", log+"?resource_name=record", "create /collections/c/records/spare2", "create /collections/c/records/mat2",
		"create /collections/c/records/robot2", "create /collections/c/records/mat1", "create /collections/c/records/mat0")
	var hello struct {
		Capabilities map[string]map[string]any
	}
	if err := json.Unmarshal([]byte(s.send("mat", "GET /").body), &hello); err != nil {
		t.Fatal(err)
	}
	got := hello.Capabilities["history"]
	if fmt.Sprint(got["auto_trim_max_count"], got["auto_trim_user_ids"]) != "1 [account:robot account:spare]" {
		t.Errorf("capability: got %v", got)
	}
	s.rebuilt()
}
