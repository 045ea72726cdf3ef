package admin_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/kinto/admin"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

// build makes a folder like that of a built console, with a secret beside it.
func build(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	dir := filepath.Join(top, "build")
	for name, content := range map[string]string{
		"index.html": "<!doctype html><title>console</title>", "VERSION": "3.4.5\n", ".env": "hidden",
		"assets/index-abc.js": "alert(1)", "assets/deep/style.css": "a{}", "../secret": "swordfish",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(top, "secret"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func start(t *testing.T, assets string) http.Handler {
	t.Helper()
	return servertest.Open(t, server.App{
		Name: "kinto", Plugins: []server.Plugin{admin.New(admin.Options{Assets: assets})},
	}, server.Config{Memory: true})
}

func ask(t *testing.T, s http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	r.Host = "localhost:8888"
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestItServesTheFilesOfTheConsole(t *testing.T) {
	t.Parallel()
	s := start(t, build(t))
	for _, c := range []struct{ path, kind, body string }{
		{"/v1/admin/", "text/html; charset=utf-8", "<!doctype html><title>console</title>"},
		{"/v1/admin/index.html", "text/html; charset=utf-8", "<!doctype html><title>console</title>"},
		{"/v1/admin/assets/index-abc.js", "text/javascript; charset=utf-8", "alert(1)"},
		{"/v1/admin/assets/deep/style.css", "text/css; charset=utf-8", "a{}"},
		{"/v1/admin/VERSION", "text/plain; charset=utf-8", "3.4.5\n"},
	} {
		w := ask(t, s, "GET", c.path)
		if w.Code != 200 || w.Body.String() != c.body || w.Header().Get("Content-Type") != c.kind {
			t.Errorf("GET %s: got %d %s %q", c.path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		if head := ask(t, s, "HEAD", c.path); head.Code != 200 || head.Body.Len() != 0 {
			t.Errorf("HEAD %s: got %d %q", c.path, head.Code, head.Body)
		}
	}
	csp := ask(t, s, "GET", "/v1/admin/").Header()["Content-Security-Policy"]
	if len(csp) != 1 || !strings.HasPrefix(csp[0], "default-src 'self'; img-src data: *; script-src 'self'") {
		t.Errorf("Content-Security-Policy: got %q", csp)
	}
}

func TestItLeadsToThePage(t *testing.T) {
	t.Parallel()
	s := start(t, build(t))
	for path, want := range map[string]string{
		"/v1/admin": "http://localhost:8888/v1/admin/", "/v1/admin?a=b": "http://localhost:8888/v1/admin/?a=b",
		"/admin": "http://localhost:8888/v1/admin", "/admin/": "http://localhost:8888/v1/admin/",
	} {
		w := ask(t, s, "GET", path)
		if got := w.Header().Get("Location"); w.Code != 307 || got != want {
			t.Errorf("GET %s: got %d %s, want %s", path, w.Code, got, want)
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	t.Parallel()
	s := start(t, build(t))
	for _, path := range []string{
		"/v1/admin/none.js", "/v1/admin/assets", "/v1/admin/assets/", "/v1/admin/.env", "/v1/admin/assets/../.env", "/v1/admin//",
		"/v1/admin/../secret", "/v1/admin/%2e%2e/secret", "/v1/admin/assets/../../secret", "/v1/admin/..%2fsecret",
		"/v1/admin/..%5csecret", "/v1/admin/link", "/v1/admin//etc/passwd", "/v1/admin/%00",
	} {
		w := ask(t, s, "GET", path)
		if w.Code != 404 && w.Code != 400 || strings.Contains(w.Body.String(), "swordfish") {
			t.Errorf("GET %s: got %d %s", path, w.Code, w.Body)
		}
	}
}

func TestWhatHasNotChangedIsNotSentAgain(t *testing.T) {
	t.Parallel()
	dir := build(t)
	s := start(t, dir)
	const path = "/v1/admin/assets/index-abc.js"
	h := ask(t, s, "GET", path).Header()
	for _, condition := range []string{"If-None-Match: " + h.Get("ETag"), "If-Modified-Since: " + h.Get("Last-Modified")} {
		if w := ask(t, s, "GET", path, condition); w.Code != 304 || w.Body.Len() != 0 {
			t.Errorf("%s: got %d %q, want 304", condition, w.Code, w.Body)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "assets", "index-abc.js"), []byte("alert(22)"), 0o600); err != nil {
		t.Fatal(err)
	}
	if w := ask(t, s, "GET", path, "If-None-Match: "+h.Get("ETag")); w.Code != 200 || w.Body.String() != "alert(22)" {
		t.Errorf("after a change: got %d %q", w.Code, w.Body)
	}
}

func TestWithoutTheConsoleThereIsHelp(t *testing.T) {
	t.Parallel()
	for _, assets := range []string{"", filepath.Join(t.TempDir(), "none"), t.TempDir()} {
		s := start(t, assets)
		w := ask(t, s, "GET", "/v1/admin/")
		if w.Code != 200 || !strings.Contains(w.Body.String(), "admin_assets_path") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Errorf("assets %q: got %d %s", assets, w.Code, w.Body)
		}
		if w := ask(t, s, "GET", "/v1/admin/x.js"); w.Code != 404 {
			t.Errorf("assets %q: a file: got %d %s", assets, w.Code, w.Body)
		}
	}
}

func TestItTellsTheVersionOfTheConsole(t *testing.T) {
	t.Parallel()
	for assets, want := range map[string]string{build(t): `"version":"3.4.5"`, "": `"version":"none"`} {
		if w := ask(t, start(t, assets), "GET", "/v1/"); !strings.Contains(w.Body.String(), want) {
			t.Errorf("assets %q: got %s, want %s", assets, w.Body, want)
		}
	}
}

func TestAFolderWithoutTheConsoleIsTold(t *testing.T) {
	t.Parallel()
	for folder, told := range map[string]bool{build(t): false, "": false, t.TempDir(): true, filepath.Join(t.TempDir(), "none"): true} {
		var log bytes.Buffer
		logger := logrus.New()
		logger.SetOutput(&log)
		servertest.Open(t, server.App{
			Name: "kinto", Plugins: []server.Plugin{admin.New(admin.Options{Assets: folder})},
		}, server.Config{Memory: true, Logger: logger})
		if got := strings.Contains(log.String(), "the console is not in its folder"); got != told {
			t.Errorf("%q: got %q, want it told: %v", folder, log.String(), told)
		}
	}
}
