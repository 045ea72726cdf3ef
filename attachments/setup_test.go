package attachments_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kintolog/kintolog/attachments"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/defaultbucket"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

const (
	record = "/buckets/b/collections/c/records/r"
	alice  = "alice:secret"
	bob    = "bob:secret"
)

// store is a Store that tests look at and interfere with. Its hooks are set before the service starts.
type store struct {
	attachments.Store
	beforePut func(key string) error
	afterPut  func(key string)
	failing   func(key string) error // of Delete

	mu      sync.Mutex
	removed map[string]chan struct{} // closed once the key is deleted
}

func (s *store) Put(ctx context.Context, key, mimeType string, r io.Reader) error {
	if s.beforePut != nil {
		if err := s.beforePut(key); err != nil {
			return err
		}
	}
	err := s.Store.Put(ctx, key, mimeType, r)
	if err == nil && s.afterPut != nil {
		s.afterPut(key)
	}
	return err
}

func (s *store) Delete(ctx context.Context, key string) error {
	if s.failing != nil {
		if err := s.failing(key); err != nil {
			return err
		}
	}
	err := s.Store.Delete(ctx, key)
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.removal(key):
	default:
		close(s.removal(key))
	}
	return err
}

// removal is closed once the key is deleted. The mutex must be held.
func (s *store) removal(key string) chan struct{} {
	if s.removed == nil {
		s.removed = map[string]chan struct{}{}
	}
	if s.removed[key] == nil {
		s.removed[key] = make(chan struct{})
	}
	return s.removed[key]
}

// awaitRemoval returns when a key is deleted.
func (s *store) awaitRemoval(t testing.TB, key string) {
	t.Helper()
	s.mu.Lock()
	removed := s.removal(key)
	s.mu.Unlock()
	select {
	case <-removed:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s was not removed", key)
	}
	if s.has(t, key) {
		t.Errorf("%s is there after its removal", key)
	}
}

func (s *store) has(t testing.TB, key string) bool {
	t.Helper()
	f, err := s.Open(t.Context(), key)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}

// files are the keys of all files, marks included.
func (s *store) files(t testing.TB) []string {
	t.Helper()
	var keys []string
	if err := s.List(t.Context(), ".", func(e attachments.Entry) error {
		keys = append(keys, e.Key)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return keys
}

// service is one with attachments, and what its files are in.
type service struct {
	*server.Server
	store *store
}

type change struct {
	options func(*attachments.Options)
	app     func(*server.App)
	config  func(*server.Config)
	store   func(*store)
	folder  string // of the store
}

func localStore(t testing.TB, dir string) *store {
	t.Helper()
	local, err := attachments.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &store{Store: local}
}

// start runs a service with the bucket b, the collection c, and attachments in a folder. Alice made it.
func start(t testing.TB, c change) *service {
	t.Helper()
	if c.folder == "" {
		c.folder = t.TempDir()
	}
	s := &service{store: localStore(t, c.folder)}
	if c.store != nil {
		c.store(s.store)
	}
	options := attachments.Options{Store: s.store, Folder: "{bucket_id}/{collection_id}", Version: "1.2.3"}
	if c.options != nil {
		c.options(&options)
	}
	plugin, err := attachments.New(options)
	if err != nil {
		t.Fatal(err)
	}
	app := server.App{
		Name: "kinto", Resources: kinto.Resources(kinto.Options{SchemaValidation: true}),
		Plugins:        []server.Plugin{defaultbucket.New(defaultbucket.Options{}), plugin},
		Policy:         domain.Policy{Grants: map[string][]string{"bucket_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{server.Static(web.BasicAuth{Secret: "some-secret"})},
	}
	if c.app != nil {
		c.app(&app)
	}
	config := server.Config{Memory: true}
	if c.config != nil {
		c.config(&config)
	}
	s.Server = servertest.Open(t, app, config)
	s.send(t, alice, "PUT /buckets/b", "")
	s.send(t, alice, "PUT /buckets/b/collections/c", "")
	return s
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   string
}

// field is a member of the answer, by its path.
func (a answer) field(t testing.TB, path ...string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(a.body), &value); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	for _, name := range path {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return value
}

func (a answer) message(t testing.TB) string { m, _ := a.field(t, "message").(string); return m }

// key is that of the file that an upload was answered with.
func (a answer) key(t testing.TB) string {
	t.Helper()
	location, _ := a.field(t, "location").(string)
	_, key, ok := strings.Cut(location, attachments.Path)
	if !ok {
		t.Fatalf("got location %q in %d %s, want one below %s", location, a.status, a.body, attachments.Path)
	}
	return key
}

// send makes a request such as "GET /buckets". Credentials are "user:password", or "" for none.
func (s *service) send(t testing.TB, credentials, request, body string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "/v1"+path, strings.NewReader(body))
	return s.serve(r, credentials, headers...)
}

func (s *service) serve(r *http.Request, credentials string, headers ...string) answer {
	if user, password, ok := strings.Cut(credentials, ":"); ok {
		r.SetBasicAuth(user, password)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// part is one of a form; a file has a name, which may be empty.
type part struct {
	field, text string
	file        *string
	mimeType    string
}

func text(field, value string) part { return part{field: field, text: value} }

func file(name, content string) part { return part{field: "attachment", text: content, file: &name} }

// encode makes a form as browsers do.
func encode(t testing.TB, parts ...part) (body *bytes.Buffer, contentType string) {
	t.Helper()
	body = &bytes.Buffer{}
	form := multipart.NewWriter(body)
	for _, p := range parts {
		h := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + p.field + `"`}}
		if p.file != nil {
			h["Content-Disposition"][0] += `; filename="` + *p.file + `"`
		}
		if p.mimeType != "" {
			h.Set("Content-Type", p.mimeType)
		}
		w, err := form.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, p.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return body, form.FormDataContentType()
}

// upload posts a form to the attachment of a record.
func (s *service) upload(t testing.TB, credentials, record string, parts ...part) answer {
	t.Helper()
	body, contentType := encode(t, parts...)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1"+record+"/attachment", body)
	r.Header.Set("Content-Type", contentType)
	return s.serve(r, credentials)
}

// uploaded is the key of a file that alice uploads.
func (s *service) uploaded(t testing.TB, record, name string) string {
	t.Helper()
	got := s.upload(t, alice, record, file(name, "content"))
	if got.status != 200 && got.status != 201 {
		t.Fatalf("upload to %s: got %d %s", record, got.status, got.body)
	}
	return got.key(t)
}

func want(t testing.TB, got answer, status int, message string) {
	t.Helper()
	if got.status != status || message != "" && got.message(t) != message {
		t.Errorf("got %d %s, want %d %q", got.status, got.body, status, message)
	}
}
