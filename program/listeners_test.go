package program_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/server"
)

func TestAWebhookBySetting(t *testing.T) {
	t.Parallel()
	type request struct{ signature, body string }
	got := make(chan request, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read: %v", err)
		}
		got <- request{r.Header.Get("Kintolog-Signature"), string(body)}
	}))
	t.Cleanup(receiver.Close)
	s, _ := start(t, "event_listeners = hook", "event_listeners.hook.use = webhook",
		"event_listeners.hook.url = "+receiver.URL, "event_listeners.hook.secret = key",
		"event_listeners.hook.resources = collection", "event_listeners.hook.actions = create read",
		"event_listeners.hook.operators = system.Everyone", "event_listeners.hook.timeout = 2.5",
		"event_listeners.hook.retries = 3", "kinto.includes = kinto.plugins.prometheus", "bucket_create_principals = system.Authenticated")
	for _, path := range []string{"/buckets/b", "/buckets/b/collections/c"} {
		if w := ask(t, s, "PUT /v1"+path); w.Code != http.StatusCreated {
			t.Fatalf("put %s: got %d %s", path, w.Code, w.Body)
		}
	}
	r := <-got
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte(r.body))
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); r.signature != want {
		t.Errorf("got signature %s, want %s", r.signature, want)
	}
	if !strings.Contains(r.body, `"subject":"/buckets/b/collections/c"`) {
		t.Errorf("got %s, want the collection", r.body)
	}
	const measured = "kinto_listeners_hook_seconds_count 1"
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(ask(t, s, "GET /v1/__metrics__").Body.String(), measured); {
		if time.Now().After(deadline) {
			t.Fatal("the call is not measured")
		}
	}
	if w := ask(t, s, "GET /v1/__listeners__/hook", true); w.Code != http.StatusOK {
		t.Errorf("operator: got %d %s", w.Code, w.Body)
	}
}

func TestAWebhookThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"url = hush":               "event_listeners.webhook.url: ",
		"url =":                    "event_listeners.webhook.url: ",
		"timeout = soon":           "event_listeners.webhook.timeout: must be a number",
		"timeout = 0":              "event_listeners.webhook.timeout: must be a number",
		"retries = -1":             "event_listeners.webhook.retries: must be a whole number",
		"retires = 1":              `event_listeners.webhook.retires is not one of`,
		"resources = thing":        `there is no resource "thing"`,
		"resources = account":      `there is no resource "account"`,
		"url = http://hush:a@[b/c": "event_listeners.webhook.url: ",
	} {
		lines := []string{"event_listeners = webhook"}
		if !strings.HasPrefix(setting, "url") {
			lines = append(lines, "event_listeners.webhook.url = http://127.0.0.1:1/hush")
		}
		err := refused(t, append(lines, "event_listeners.webhook."+setting)...)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got %v, want %q", setting, err, want)
		}
	}
}

// refused is why a service with these settings does not start.
func refused(t *testing.T, lines ...string) error {
	t.Helper()
	_, application, config, err := prepare(t, lines...)
	if err != nil {
		return err
	}
	s, err := server.Open(t.Context(), application, config)
	if err == nil {
		err = s.Close()
	}
	return err
}
