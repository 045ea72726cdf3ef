package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kintolog/kintolog/server"
)

func TestHelloTellsWhatTheServiceIs(t *testing.T) {
	t.Parallel()
	s := start(t, func(a *server.App, _ *server.Config) {
		a.Plugins = []server.Plugin{{
			Name: "x", Settings: map[string]any{"x_limit": 3},
			Capability: &server.Capability{Name: "x", Description: "D", URL: "https://x.example", Extra: map[string]any{"version": "1"}},
		}}
	})
	w := ask(t, s, "", "GET /", "")
	want := map[string]any{
		"project_name": "kinto", "project_version": "9.9", "project_docs": "https://docs.example",
		"http_api_version": "1.23", "url": "http://localhost:8888/v1/", "config": nil,
		"settings":     map[string]any{"batch_max_requests": 25.0, "readonly": false, "explicit_permissions": true, "x_limit": 3.0},
		"capabilities": map[string]any{"x": map[string]any{"description": "D", "url": "https://x.example", "version": "1"}},
	}
	if diff := cmp.Diff(want, decoded(t, w)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := w.Header().Get("Cache-Control"); got != "" {
		t.Errorf("Cache-Control: got %q, want none", got)
	}
	user, _ := decoded(t, ask(t, s, "alice", "GET /", ""))["user"].(map[string]any)
	if id, _ := user["id"].(string); !strings.HasPrefix(id, "basicauth:") {
		t.Errorf("user of an authenticated caller: got %v", user)
	}
}

func TestHelloDescribesTheConfiguration(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "kinto.ini")
	modified := time.Date(2030, 1, 2, 3, 4, 5, 0, time.Local)
	if err := os.WriteFile(file, []byte("[app:main]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, modified, modified); err != nil {
		t.Fatal(err)
	}
	s := start(t, func(_ *server.App, c *server.Config) { c.File = file })
	hash := sha256.Sum256([]byte("[app:main]\n"))
	want := map[string]any{"path": file, "hash": hex.EncodeToString(hash[:]), "modified": "2030-01-02T03:04:05"}
	if diff := cmp.Diff(want, decoded(t, ask(t, s, "", "GET /", ""))["config"]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestHelloTellsOfTheEnd(t *testing.T) {
	t.Parallel()
	for want, at := range map[string]time.Time{
		"2199-01-02":           time.Date(2199, 1, 2, 0, 0, 0, 0, time.UTC),
		"2199-01-02T03:04:05Z": time.Date(2199, 1, 2, 3, 4, 5, 0, time.UTC),
	} {
		s := start(t, func(_ *server.App, c *server.Config) { c.Web.EOS = at })
		if got := decoded(t, ask(t, s, "", "GET /", ""))["eos"]; got != want {
			t.Errorf("eos: got %v, want %s", got, want)
		}
	}
}

func TestHelloCanBeKeptInReadOnlyMode(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	s := start(t, func(_ *server.App, c *server.Config) {
		c.Web.ReadOnly, c.RootCache, c.Now = true, time.Hour, func() time.Time { return now }
	})
	h := ask(t, s, "", "GET /", "").Header()
	if got, want := h.Get("Cache-Control"), "max-age=3600"; got != want {
		t.Errorf("Cache-Control: got %q, want %q", got, want)
	}
	if got, want := h.Get("Expires"), "Wed, 02 Jan 2030 04:04:05 GMT"; got != want {
		t.Errorf("Expires: got %q, want %q", got, want)
	}
}

func TestTheVersionOfTheAPIBeginsEveryPath(t *testing.T) {
	t.Parallel()
	s := start(t, func(a *server.App, _ *server.Config) { a.APIVersion = "2.7" })
	w := ask(t, s, "", "GET /buckets", "") // of version 1
	if w.Code != 404 || !strings.Contains(w.Body.String(), `"errno":116`) {
		t.Errorf("GET /v1/buckets: got %d %s, want an unknown version", w.Code, w.Body)
	}
}

func TestACapabilityIsAnnouncedOnce(t *testing.T) {
	t.Parallel()
	app, config := definition()
	c := &server.Capability{Name: "x"}
	app.Plugins = []server.Plugin{{Name: "one", Capability: c}, {Name: "two", Capability: c}}
	_, err := server.Open(t.Context(), app, config)
	if err == nil || !strings.Contains(err.Error(), "plug-in two: the capability x is announced already") {
		t.Errorf("Open: got %v", err)
	}
}

func TestDocumentsAreServedAsTheyAre(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "version.json")
	if err := os.WriteFile(file, []byte(`{"name":"kintolog","commit":"abc"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, func(a *server.App, c *server.Config) {
		a.Contribute, c.VersionFile = []byte(`{"name":"me"}`), file
	})
	if err := os.Remove(file); err != nil { // it is read once
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/__version__": `{"name":"kintolog","commit":"abc"}`, "/contribute.json": `{"name":"me"}`, "/__lbheartbeat__": `{}`,
	} {
		if w := ask(t, s, "", "GET "+path, ""); w.Code != 200 || w.Body.String() != want {
			t.Errorf("GET %s: got %d %s, want %s", path, w.Code, w.Body, want)
		}
	}
}

func TestDocumentsThatAreMissingAreNotFound(t *testing.T) {
	t.Parallel()
	s := start(t, func(_ *server.App, c *server.Config) { c.VersionFile = filepath.Join(t.TempDir(), "version.json") })
	for _, path := range []string{"/__version__", "/contribute.json"} {
		if w := ask(t, s, "", "GET "+path, ""); w.Code != 404 {
			t.Errorf("GET %s: got %d %s, want 404", path, w.Code, w.Body)
		}
	}
}

func TestAVersionFileMustBeJSON(t *testing.T) {
	t.Parallel()
	app, config := definition()
	config.VersionFile = filepath.Join(t.TempDir(), "version.json")
	if err := os.WriteFile(config.VersionFile, []byte("1.2.3"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Open(t.Context(), app, config); err == nil || !strings.Contains(err.Error(), "it is not JSON") {
		t.Errorf("Open: got %v", err)
	}
}

func TestWhatIsNotSharedIsFoldedByItsProcess(t *testing.T) {
	t.Parallel()
	app, config := definition()
	config.WithoutProjector = true
	if _, err := server.Open(t.Context(), app, config); !errors.Is(err, server.ErrNotShared) {
		t.Errorf("Open: got %v, want %v", err, server.ErrNotShared)
	}
}
