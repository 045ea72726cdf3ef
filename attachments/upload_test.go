package attachments_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kintolog/kintolog/attachments"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
)

// hash is the SHA-256 of "content".
const hash = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"

func TestUploadCreatesTheRecord(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	got := s.upload(t, alice, record, file("photo.PNG", "content"), text("data", `{"title":"é"}`), text("permissions", `{"read":["system.Everyone"]}`))
	want(t, got, 201, "")
	key := got.key(t)
	if !regexp.MustCompile(`^b/c/[0-9a-f-]{36}\.png$`).MatchString(key) {
		t.Errorf("got key %q", key)
	}
	wantBody := `{"filename":"photo.PNG","location":"http://example.com/v1/attachments/` + key + `","hash":"` + hash + `","mimetype":"image/png","size":7}`
	if got.body != wantBody {
		t.Errorf("got %s, want %s", got.body, wantBody)
	}
	if location := got.header.Get("Location"); location != "http://example.com/v1"+record {
		t.Errorf("got Location %q", location)
	}
	read := s.send(t, "", "GET "+record, "")
	if read.header.Get("ETag") != got.header.Get("ETag") || got.header.Get("ETag") == "" {
		t.Errorf("got ETag %q, that of the record is %q", got.header.Get("ETag"), read.header.Get("ETag"))
	}
	if read.field(t, "data", "title") != "é" || read.field(t, "data", "attachment", "hash") != hash {
		t.Errorf("got record %d %s", read.status, read.body)
	}
	served := s.send(t, "", "GET /attachments/"+key, "")
	if served.body != "content" || served.header.Get("Content-Type") != "image/png" {
		t.Errorf("got file %d %q %v", served.status, served.body, served.header)
	}
}

func TestUploadMergesIntoARecordThatIsThere(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	s.send(t, alice, "PUT "+record, `{"data":{"author":"f","family":"old"},"permissions":{"read":["x"]}}`)
	got := s.upload(t, alice, record, text("data", `{"family":"sans"}`), file("a.txt", "content"))
	want(t, got, 200, "")
	read := s.send(t, alice, "GET "+record, "")
	if read.field(t, "data", "author") != "f" || read.field(t, "data", "family") != "sans" || !strings.Contains(read.body, `"read":["x"]`) {
		t.Errorf("got %s", read.body)
	}
	if n := events(t, s); n != 4 {
		t.Errorf("got %d events, want one for the bucket, one for the collection, two for the record", n)
	}
}

func events(t *testing.T, s *service) (n int) {
	t.Helper()
	for entry, err := range s.Parts().Log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entry.Events {
			if e.Resource != "" {
				n++
			}
		}
	}
	return n
}

func TestUploadRefusesWhatIsNotAFormWithAFile(t *testing.T) {
	t.Parallel()
	s := start(t, change{options: func(o *attachments.Options) {
		o.Rules = func(_, _ string) attachments.Rules {
			return attachments.Rules{MaxSize: 10}
		}
	}})
	before := s.send(t, alice, "GET /buckets/b/collections/c/records", "").header.Get("ETag")
	nameless := part{field: "data", text: "{}", file: new(string)}
	for _, c := range []struct {
		parts   []part
		message string
		errno   float64
	}{
		{[]part{text("data", "{}")}, "Attachment missing.", 109},
		{[]part{{field: "other", text: "x", file: new(string)}}, "Attachment missing.", 109},
		{[]part{file("a.txt", "x"), text("extra", "x")}, "body: 'extra' not in ('data', 'permissions')", 109},
		{[]part{file("a.txt", "x"), text("data", "{>a: 1}")}, "", 109},
		{[]part{file("a.txt", "x"), text("permissions", `{"read": >}`)}, "", 109},
		{[]part{file("a.txt", "x"), nameless}, "body: 'data' field should be passed as form data, not files", 109},
		{[]part{file("a.txt", "x"), text("data", "{}"), text("data", "{}")}, "body: 'data' is given twice", 109},
		{[]part{file("a.txt", "x"), file("b.txt", "x")}, "Only one file can be attached.", 109},
		{[]part{file("", "x")}, "body: Filename is required.", 107},
		{[]part{text("attachment", "x")}, "body: Filename is required.", 107},
		{[]part{file("virus.exe", "x")}, "body: File extension is not allowed.", 107},
		{[]part{file("none", "x")}, "body: File extension is not allowed.", 107},
		{[]part{file("a.txt", strings.Repeat("x", 11))}, "body: File size (11 bytes) exceeds the limit (10 bytes).", 107},
		{[]part{file("a.txt", strings.Repeat("x", 100_000))}, "body: File size (100000 bytes) exceeds the limit (10 bytes).", 107},
		{[]part{file("a.txt", "x"), text("data", `{"id":"other"}`)}, "Object id does not match existing object", 107},
		{[]part{file("a.txt", "x"), text("permissions", `{"none":[]}`)}, `permissions in body: "none" is not one of read, write`, 107},
	} {
		got := s.upload(t, alice, record, c.parts...)
		want(t, got, 400, c.message)
		if got.field(t, "errno") != c.errno {
			t.Errorf("%v: got %s, want errno %v", c.parts, got.body, c.errno)
		}
		if strings.Contains(got.body, "not valid JSON") && !strings.HasPrefix(got.message(t), "body: "+c.parts[1].field+" is not valid JSON") {
			t.Errorf("got message %q", got.message(t))
		}
	}
	for contentType, message := range map[string]string{
		"application/json":    "Content-Type should be multipart/form-data",
		"":                    "Content-Type should be multipart/form-data",
		"multipart/form-data": "Invalid boundary in multipart form: ''",
	} {
		want(t, s.send(t, alice, "POST "+record+"/attachment", "{}", "Content-Type", contentType), 400, message)
	}
	want(t, s.send(t, alice, "POST "+record+"/attachment", "--x\r\nnonsense", "Content-Type", "multipart/form-data; boundary=x"), 400, "")
	want(t, s.send(t, alice, "POST "+record+"/attachment", "{}", "If-Match", "x"), 400, "")
	if files := s.store.files(t); len(files) > 0 {
		t.Errorf("these files are left: %q", files)
	}
	if after := s.send(t, alice, "GET /buckets/b/collections/c/records", "").header.Get("ETag"); after != before {
		t.Errorf("the collection has changed")
	}
}

func TestFieldsAndBodyAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t, change{config: func(c *server.Config) { c.Web.Limits.Body = 1000 }})
	long := `{"a":"` + strings.Repeat("x", 1000) + `"}`
	want(t, s.upload(t, alice, record, file("a.txt", "x"), text("data", long)), 413, "")
	want(t, s.upload(t, alice, record, file("a.txt", strings.Repeat("x", 1001))), 400, "body: File size (1001 bytes) exceeds the limit (1000 bytes).")
	many := slices.Repeat([]part{{field: "x", text: "x", file: new(string)}}, 50)
	want(t, s.upload(t, alice, record, many...), 400, "The form has too many fields.")
	want(t, s.upload(t, alice, record, file("a.txt", strings.Repeat("x", 1000))), 201, "")
}

func TestExtensionsAndTypes(t *testing.T) {
	t.Parallel()
	s := start(t, change{options: func(o *attachments.Options) {
		o.Extensions = []string{"default", "video", ".ftl"}
		o.MimeTypes = map[string]string{".txt": "text/vnd.graphviz"}
	}})
	for name, mimeType := range map[string]string{
		"a.txt": "text/vnd.graphviz", "a.pdf": "application/pdf", "a.MP4": "video/mp4", `C:\dir\a.jpg`: "image/jpeg", "x.ftl": "text/fluent",
	} {
		p := file(name, "x")
		p.mimeType = "text/fluent; charset=utf-8"
		got := s.upload(t, alice, record, p)
		if got.field(t, "mimetype") != mimeType || strings.ContainsAny(fmt.Sprint(got.field(t, "filename")), `\/`) {
			t.Errorf("%s: got %d %s, want %s", name, got.status, got.body, mimeType)
		}
	}
	all := start(t, change{options: func(o *attachments.Options) { o.Extensions = []string{"any"} }})
	want(t, all.upload(t, alice, record, file("no-extension", "x")), 201, "")
	want(t, all.upload(t, alice, record, file("x.exe", "x")), 200, "")
}

func TestUploadNeedsPermission(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	txt := file("a.txt", "x")
	want(t, s.upload(t, "", record, txt), 401, "")
	want(t, s.upload(t, bob, record, txt), 403, "")
	want(t, s.upload(t, alice, "/buckets/b/collections/none/records/r", txt), 404, "")
	want(t, s.send(t, bob, "POST "+record+"/attachment", "{}", "Content-Type", "application/json"), 403, "")
	if files := s.store.files(t); len(files) > 0 {
		t.Errorf("these files were stored: %q", files)
	}
	s.send(t, alice, "PATCH /buckets/b/collections/c", `{"permissions":{"record:create":["system.Authenticated"]}}`)
	want(t, s.upload(t, bob, record, txt), 201, "")
	want(t, s.upload(t, bob, record, txt), 200, "")
	want(t, s.upload(t, "carol:secret", record, txt), 403, "")
	want(t, s.send(t, "carol:secret", "DELETE "+record+"/attachment", ""), 403, "")
	want(t, s.send(t, "", "DELETE "+record+"/attachment", ""), 401, "")
	want(t, s.upload(t, alice, record, txt), 200, "")
	for _, method := range []string{"GET", "PUT", "PATCH"} {
		want(t, s.send(t, alice, method+" "+record+"/attachment", "{}"), 405, "")
	}
}

func TestUploadToAnIllFormedIDStoresNothing(t *testing.T) {
	t.Parallel()
	s := start(t, change{store: func(s *store) {
		s.beforePut = func(key string) error {
			t.Errorf("stores %.80q", key)
			return nil
		}
	}})
	for _, id := range []string{".bad", "-", "%2E", "%2E%2E", strings.Repeat("x", domain.MaxIDLength+1)} {
		u := "/buckets/b/collections/c/records/" + id
		want(t, s.upload(t, alice, u, file("a.txt", "x")), 400, "path: Invalid object id")
		want(t, s.upload(t, bob, u, file("a.txt", "x")), 403, "")
		want(t, s.send(t, alice, "DELETE "+u+"/attachment", ""), 400, "path: Invalid object id")
	}
}

func TestUploadChecksPreconditionsAndSchemas(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	s.uploaded(t, record, "a.txt")
	before := len(s.store.files(t))
	body, contentType := encode(t, file("a.txt", "x"))
	form := body.String()
	want(t, s.send(t, alice, "POST "+record+"/attachment", form, "Content-Type", contentType, "If-Match", `"1"`), 412, "")
	want(t, s.send(t, alice, "POST "+record+"/attachment", form, "Content-Type", contentType, "If-None-Match", `*`), 412, "")
	want(t, s.send(t, alice, "DELETE "+record+"/attachment", "", "If-Match", `"1"`), 412, "")
	s.send(t, alice, "PATCH /buckets/b/collections/c", `{"data":{"schema":{"type":"object","required":["author"],"properties":{"author":{"type":"string"}}}}}`)
	want(t, s.upload(t, alice, record+"2", file("a.txt", "x"), text("data", `{"author":12}`)), 400, "")
	want(t, s.upload(t, alice, record+"2", file("a.txt", "x")), 400, "")
	if after := len(s.store.files(t)); after != before {
		t.Errorf("got %d files after refusals, want %d", after, before)
	}
	want(t, s.upload(t, alice, record+"2", file("a.txt", "x"), text("data", `{"author":"a"}`)), 201, "")
}

func TestDeleteLeavesNull(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	key := s.uploaded(t, record, "a.txt")
	got := s.send(t, alice, "DELETE "+record+"/attachment", "")
	if got.status != 204 || got.body != "" {
		t.Errorf("got %d %q, want 204 and nothing", got.status, got.body)
	}
	if read := s.send(t, alice, "GET "+record, ""); !strings.Contains(read.body, `"attachment":null`) {
		t.Errorf("got %s, want a null", read.body)
	}
	s.store.awaitRemoval(t, key)
	want(t, s.send(t, "", "GET /attachments/"+key, ""), 404, "")
	want(t, s.send(t, alice, "DELETE "+record+"none/attachment", ""), 404, "")
	want(t, s.upload(t, alice, record, file("a.txt", "x")), 200, "")
}

func TestMetadataCannotBeModified(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	key := s.uploaded(t, record, "a.txt")
	const refused = "body: Attachment metadata cannot be modified."
	for _, c := range []struct{ request, body, contentType string }{
		{"PATCH", `{"data":{"attachment":{"manual":true}}}`, "application/json"},
		{"PUT", `{"data":{"attachment":{"location":"x"}}}`, "application/json"},
		{"PATCH", `{"data":{"attachment":{"size":1}}}`, "application/merge-patch+json"},
		{"PATCH", `[{"op":"replace","path":"/data/attachment/size","value":1}]`, "application/json-patch+json"},
	} {
		want(t, s.send(t, alice, c.request+" "+record, c.body, "Content-Type", c.contentType), 400, refused)
	}
	got := s.send(t, alice, "GET "+record, "")
	want(t, s.send(t, alice, "PUT "+record, got.body), 200, "")
	want(t, s.send(t, alice, "PATCH "+record, `{"data":{"a":1}}`), 200, "")
	if !s.store.has(t, key) {
		t.Error("the file is gone")
	}
	want(t, s.send(t, alice, "PATCH "+record, `{"data":{"attachment":null}}`), 200, "")
	s.store.awaitRemoval(t, key)
}

func TestFilesHaveTheirExtensionWhateverTheNameIs(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{false, true} {
		s := start(t, change{options: func(o *attachments.Options) {
			o.Rules = func(_, _ string) attachments.Rules { return attachments.Rules{KeepNames: kept} }
		}})
		for _, name := range []string{"фото.jpg", "写真.jpg", "-.jpg", "a b.jpg", "..é.jpg"} {
			location := fmt.Sprint(s.upload(t, alice, record, file(name, "x")).field(t, "location"))
			_, path, _ := strings.Cut(location, "/v1")
			got := s.send(t, "", "GET "+path, "")
			if !strings.HasSuffix(location, ".jpg") || got.status != 200 || got.header.Get("Content-Type") != "image/jpeg" {
				t.Errorf("%s: got %s, served with %d as %s, want a JPEG", name, location, got.status, got.header.Get("Content-Type"))
			}
		}
	}
}

func TestNamesCanBeKept(t *testing.T) {
	t.Parallel()
	s := start(t, change{options: func(o *attachments.Options) {
		o.Folder = ""
		o.BaseURL = "https://cdn.example.org/files"
		o.Rules = func(_, collection string) attachments.Rules { return attachments.Rules{KeepNames: collection == "c"} }
	}})
	location := func(record, name string) string {
		return fmt.Sprint(s.upload(t, alice, record, file(name, "x")).field(t, "location"))
	}
	if got, want := location(record, "my photo.jpg"), "https://cdn.example.org/files/my-photo.jpg"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := location(record+"2", "my photo.jpg"); !regexp.MustCompile(`/files/my-photo-[0-9a-f]{8}\.jpg$`).MatchString(got) {
		t.Errorf("got %s, want another name", got)
	}
	if got, want := location(record+"3", "../../.htaccess.txt"), "https://cdn.example.org/files/htaccess.txt"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := s.send(t, alice, "GET /", ""); got.field(t, "capabilities", "attachments", "base_url") != "https://cdn.example.org/files/" {
		t.Errorf("got %s", got.body)
	}
	want(t, s.send(t, "", "GET /attachments/my-photo.jpg", ""), 404, "")
}

func TestNamesFollowAPattern(t *testing.T) {
	t.Parallel()
	s := start(t, change{options: func(o *attachments.Options) {
		o.Folder, o.BaseURL = "", "https://cdn.example.org"
		o.Rules = func(_, collection string) attachments.Rules {
			return attachments.Rules{KeepNames: collection == "c", Pattern: "{datetime} {rid}-{filename}"}
		}
	}})
	want(t, s.send(t, alice, "PUT /buckets/b/collections/random", ""), 201, "")
	const other = "/buckets/b/collections/random/records/other"
	for _, c := range []struct{ record, name, want string }{
		{record, "my photo.JPG", `/\d{14}-r-my-photo\.JPG$`},
		{other, "my photo.JPG", `/\d{14}-other-[0-9a-f-]{36}\.jpg$`},
	} {
		got := s.upload(t, alice, c.record, file(c.name, "x"))
		location := fmt.Sprint(got.field(t, "location"))
		if !regexp.MustCompile(c.want).MatchString(location) || got.field(t, "filename") != c.name {
			t.Errorf("got %s for %s, want %s", location, got.field(t, "filename"), c.want)
		}
	}
}

func TestConcurrentUploadsOfOneName(t *testing.T) {
	t.Parallel()
	s := start(t, change{options: keepNames})
	var wg sync.WaitGroup
	keys := make([]string, 8)
	for i := range keys {
		wg.Go(func() { keys[i] = s.uploaded(t, fmt.Sprint(record, i), "a.txt") })
	}
	wg.Wait()
	slices.Sort(keys)
	if distinct := slices.Compact(slices.Clone(keys)); len(distinct) != len(keys) || !slices.Contains(keys, "b/c/a.txt") {
		t.Errorf("got keys %q", keys)
	}
	for _, key := range keys {
		if got := s.send(t, "", "GET /attachments/"+key, ""); got.body != "content" {
			t.Errorf("%s: got %d %s", key, got.status, got.body)
		}
	}
}

func keepNames(o *attachments.Options) {
	o.Rules = func(_, _ string) attachments.Rules { return attachments.Rules{KeepNames: true} }
}

func TestAFileOfSomebodyElseStays(t *testing.T) {
	t.Parallel()
	s := start(t, change{options: keepNames, store: func(s *store) {
		s.beforePut = func(key string) error {
			if key != "b/c/a.txt" {
				return nil
			}
			return s.Store.Put(context.Background(), key, "", strings.NewReader("of somebody else"))
		}
	}})
	want(t, s.upload(t, alice, record, file("a.txt", "content")), 409, "")
	s.settled(t)
	if got := content(t, s.store, "b/c/a.txt"); got != "of somebody else" {
		t.Errorf("got %q", got)
	}
	if got := s.uploaded(t, record, "a.txt"); got == "b/c/a.txt" {
		t.Errorf("got the same key")
	}
}

func TestANameIsFreeAgainOnceItsFileIsGone(t *testing.T) {
	t.Parallel()
	s := start(t, change{options: keepNames})
	for range 3 {
		key := s.uploaded(t, record, "a.txt")
		if key != "b/c/a.txt" {
			t.Fatalf("got %s", key)
		}
		s.send(t, alice, "DELETE "+record, "")
		s.store.awaitRemoval(t, key)
		s.awaitNoFiles(t)
		s.store.mu.Lock()
		s.store.removed = nil
		s.store.mu.Unlock()
	}
}

func TestFilesAreServedHarmlesslyAndNothingElseIs(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	key := s.uploaded(t, record, "a.svg")
	got := s.send(t, "", "GET /attachments/"+key, "", "Range", "bytes=1-3")
	if got.status != 206 || got.body != "ont" || !strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("got %d %q %v", got.status, got.body, got.header)
	}
	for _, path := range append(s.store.files(t), "b/c", "b/../b", "x", key+"/x", strings.Repeat("x", 256)) {
		if path != key {
			want(t, s.send(t, "", "GET /attachments/"+path, ""), 404, "")
		}
	}
}

func TestCapabilityAndHeartbeat(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	got := s.send(t, "", "GET /", "").field(t, "capabilities", "attachments")
	if fmt.Sprint(got) != "map[base_url: description:Add file attachments to records url:https://github.com/Kinto/kinto-attachment/ version:1.2.3]" {
		t.Errorf("got %v", got)
	}
	if beat := s.send(t, "", "GET /__heartbeat__", ""); beat.header.Get("Content-Type") != "application/json" || beat.field(t, "attachments") != true {
		t.Errorf("got %d %s", beat.status, beat.body)
	}
	s.awaitNoFiles(t)
	broken := start(t, change{store: func(s *store) { s.failing = func(string) error { return errors.New("no disk") } }})
	if beat := broken.send(t, "", "GET /__heartbeat__", ""); beat.status != 503 || beat.field(t, "attachments") != false {
		t.Errorf("got %d %s", beat.status, beat.body)
	}
}

// Clients make a URL of base_url and location, of which either may have all of it.
func TestBaseURLAndLocation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ set, extra, announced, location string }{
		{"", "", "", "http://example.com/v1/attachments/"},
		{"https://cdn.example/files", "", "https://cdn.example/files/", "https://cdn.example/files/"},
		{"", "https://cdn.example/files", "https://cdn.example/files/", ""},
		{"https://old.example/", "https://cdn.example/", "https://cdn.example/", "https://old.example/"},
	} {
		s := start(t, change{options: func(o *attachments.Options) {
			o.BaseURL, o.Extra = test.set, map[string]string{"base_url": test.extra, "more": "x"}
		}})
		capability := s.send(t, "", "GET /", "")
		if got := capability.field(t, "capabilities", "attachments", "base_url"); got != test.announced {
			t.Errorf("%+v: got %v announced", test, got)
		}
		if got := capability.field(t, "capabilities", "attachments", "more"); got != "x" {
			t.Errorf("%+v: got %v for what else is told", test, got)
		}
		location, _ := s.upload(t, alice, record, file("a.txt", "content")).field(t, "location").(string)
		if key, found := strings.CutPrefix(location, test.location); !found || !strings.HasPrefix(key, "b/c/") {
			t.Errorf("%+v: got location %s", test, location)
		}
		want(t, s.send(t, alice, "DELETE "+record, ""), 200, "")
		s.awaitNoFiles(t)
	}
}

func TestDefaultBucket(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	got := s.upload(t, alice, "/buckets/default/collections/pix/records/r", file("a.png", "content"))
	want(t, got, 201, "")
	bucket, _ := s.send(t, alice, "GET /", "").field(t, "user", "bucket").(string)
	if location := got.header.Get("Location"); location != "http://example.com/v1/buckets/"+bucket+"/collections/pix/records/r" {
		t.Errorf("got Location %q", location)
	}
	if !strings.HasPrefix(got.key(t), bucket+"/pix/") {
		t.Errorf("got key %q", got.key(t))
	}
	want(t, s.send(t, alice, "DELETE /buckets/default/collections/pix/records/r/attachment", ""), 204, "")
	s.store.awaitRemoval(t, got.key(t))
}

func TestDeleteInABatch(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	key := s.uploaded(t, record, "a.txt")
	got := s.send(t, alice, "POST /batch", `{"requests":[{"method":"DELETE","path":"`+record+`/attachment"},{"path":"/buckets/b"}]}`, "Content-Type", "application/json")
	if got.status != 200 || !strings.Contains(got.body, `"status":204`) {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	s.store.awaitRemoval(t, key)
}

func TestALargeFileIsStreamed(t *testing.T) {
	t.Parallel()
	const size = 64 << 20
	s := start(t, change{options: func(o *attachments.Options) {
		o.Rules = func(_, _ string) attachments.Rules { return attachments.Rules{MaxSize: size} }
	}})
	body := io.MultiReader(
		strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"a.txt\"\r\n\r\n"),
		io.LimitReader(zeros{}, size), strings.NewReader("\r\n--x--\r\n"),
	)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1"+record+"/attachment", body)
	got := s.serve(r, alice, "Content-Type", "multipart/form-data; boundary=x")
	if got.status != 201 || got.field(t, "size") != float64(size) {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if size := s.send(t, "", "HEAD /attachments/"+got.key(t), "").header.Get("Content-Length"); size != "67108864" {
		t.Errorf("got Content-Length %s", size)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestAnUploadThatStopsLeavesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	body := io.MultiReader(
		strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"a.txt\"\r\n\r\nhalf"),
		failing{},
	)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1"+record+"/attachment", body)
	want(t, s.serve(r, alice, "Content-Type", "multipart/form-data; boundary=x"), 400, "")
	if files := s.store.files(t); len(files) > 0 {
		t.Errorf("these files are left: %q", files)
	}
}

func TestAnUploadMustNotStall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]change{
		"waiting":  {config: func(c *server.Config) { c.Web.Limits.BodyTime = 50 * time.Millisecond }},
		"dripping": {options: func(o *attachments.Options) { o.Grace = 100 * time.Millisecond }},
	} {
		s := start(t, c)
		listening := httptest.NewServer(s)
		t.Cleanup(listening.Close)
		body, client := io.Pipe()
		t.Cleanup(func() { _ = client.Close() })
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, listening.URL+"/v1"+record+"/attachment", body)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("alice", "secret")
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		go func() {
			_, err := io.WriteString(client, "--x\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"a.txt\"\r\n\r\n")
			for name == "dripping" && err == nil {
				_, err = io.WriteString(client, "drip")
			}
		}()
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_ = got.Body.Close()
		if got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", name, got.StatusCode)
		}
		if files := s.store.files(t); len(files) > 0 {
			t.Errorf("%s: these files are left: %q", name, files)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestAStoreThatFailsIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, which := range []string{".kintolog", "b/c"} {
		s := start(t, change{store: func(s *store) {
			s.beforePut = func(key string) error {
				if strings.HasPrefix(key, which) {
					return errors.New("disk full")
				}
				return nil
			}
		}})
		want(t, s.upload(t, alice, record, file("a.txt", "x")), 503, "")
		want(t, s.send(t, alice, "GET "+record, ""), 404, "")
		if files := s.store.files(t); len(files) > 0 {
			t.Errorf("these files are left: %q", files)
		}
	}
}

func TestAFileWhoseEventIsRefusedIsRemoved(t *testing.T) {
	t.Parallel()
	s := start(t, change{app: func(app *server.App) {
		app.Plugins = append(app.Plugins, server.Plugin{Name: "refusing", Checks: map[string]func(domain.Write) ([]byte, error){
			"record": func(domain.Write) ([]byte, error) { return nil, &domain.Error{Code: domain.Unavailable} },
		}})
	}})
	want(t, s.upload(t, alice, record, file("a.txt", "x")), 503, "")
	if files := s.store.files(t); len(files) > 0 {
		t.Errorf("these files are left: %q", files)
	}
}

func TestConcurrentUploadsLeaveOneFile(t *testing.T) {
	t.Parallel()
	s := start(t, change{})
	const uploads = 16
	var wg sync.WaitGroup
	keys := make([]string, uploads)
	for i := range uploads {
		wg.Go(func() {
			got := s.upload(t, alice, record, file("a.txt", "content"))
			if got.status != 200 && got.status != 201 {
				t.Errorf("got %d %s", got.status, got.body)
				return
			}
			keys[i] = got.key(t)
		})
	}
	wg.Wait()
	location, _ := s.send(t, alice, "GET "+record, "").field(t, "data", "attachment", "location").(string)
	for _, key := range keys {
		if strings.HasSuffix(location, key) {
			continue
		}
		s.store.awaitRemoval(t, key)
	}
	if got := s.send(t, "", "GET "+strings.TrimPrefix(location, "http://example.com/v1"), ""); got.body != "content" {
		t.Errorf("got %d %s for the file that counts", got.status, got.body)
	}
}
