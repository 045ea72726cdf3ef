package acceptance_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// kintoadmin has the published console.
var kintoadmin = newFolder("kintoadmin")

// TestKintoAdmin builds the console, and drives it in a browser.
func TestKintoAdmin(t *testing.T) {
	t.Parallel()
	kintoadmin.prepare(t)
	browser := need(t, "apt-get install chromium, on Debian", "chromium", "chromium-browser", "google-chrome")
	console := build(t)
	elsewhere := httptest.NewServer(http.FileServer(http.Dir(console)))
	t.Cleanup(elsewhere.Close)
	settings := addSettings(t, filepath.Join(kintoadmin.name, "kinto.ini"),
		"kinto.admin_assets_path = "+console, "multiauth.policy.sso.issuer = "+newProvider(t))
	kintoadmin.each(t, func(t *testing.T) *server { return start(t, settings) },
		"BROWSER="+browser, "CONSOLE="+elsewhere.URL+"/")
}

// build is the folder of the built console.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "node", "build.mjs", dir)
	cmd.Dir = kintoadmin.name
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the console: %v\n%s", err, out)
	}
	return dir
}

// addSettings is a settings file with more lines.
func addSettings(t *testing.T, file string, lines ...string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		text = append(text, line+"\n"...)
	}
	whole := filepath.Join(t.TempDir(), "kinto.ini")
	if err := os.WriteFile(whole, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return whole
}

// newProvider starts an OpenID provider that takes everybody for Carol, and is its URL.
func newProvider(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	answer := func(w http.ResponseWriter, body map[string]any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": s.URL, "authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.URL + "/token",
			"userinfo_endpoint": s.URL + "/userinfo", "jwks_uri": s.URL + "/jwks",
		})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		back := url.Values{"code": {"code-of-carol"}, "state": {r.FormValue("state")}}
		http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("code") != "code-of-carol" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		answer(w, map[string]any{"access_token": "token-of-carol", "token_type": "Bearer"})
	})
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token-of-carol" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, map[string]any{"sub": "carol"})
	})
	return s.URL
}
