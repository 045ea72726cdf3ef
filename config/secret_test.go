package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/kintolog/kintolog/config"
)

// ways are how a value gets printed by accident.
func ways(t *testing.T, value any) []string {
	t.Helper()
	var printed []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%10v", "%t"} {
		printed = append(printed, fmt.Sprintf(verb, value))
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("m", "value", value)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "value", value)
	return append(printed, string(encoded), logged.String(), fmt.Sprint(fmt.Errorf("e: %v", value)))
}

func TestSettingsDoNotShowSecrets(t *testing.T) {
	t.Parallel()
	const hush = "hush" // %x of it is 68757368
	secrets := regexp.MustCompile(`hush|68757368`)
	s, warnings := load(t, nil, append([]string{"cache_url = redis://:hush@h", "permission_url = redis://:hush@h"}, everything...)...)
	s.Auth.UserIDSecret, s.EventLog.Password = hush, hush
	s.Storage.URL = "postgres://u:hush@h/d?sslpassword=hush"
	s.EventLog.URLs = append(s.EventLog.URLs, "nats://hush@h", "hush@h")
	printed := ways(t, s)
	printed = append(printed, ways(t, *s)...)
	printed = append(printed, ways(t, []any{s.Auth, s.Plugins, s.Listeners, s.Storage, s.EventLog})...)
	printed = append(printed, s.Public()...)
	printed = append(printed, fmt.Sprint(warnings))
	for _, text := range printed {
		if found := secrets.FindString(text); found != "" {
			t.Errorf("got %q in %.200s", found, text[strings.Index(text, found):])
		}
	}
}

func TestSecretHidesItself(t *testing.T) {
	t.Parallel()
	for _, text := range append(ways(t, config.Secret("hush")), ways(t, map[string]config.Secret{"a": "hush"})...) {
		if strings.Contains(text, "hush") || strings.Contains(text, "68757368") || !strings.Contains(text, "hidden") {
			t.Errorf("got %s", text)
		}
	}
	if got := config.Secret("hush").Reveal(); got != "hush" {
		t.Errorf("reveal: got %s, want hush", got)
	}
	if got := fmt.Sprintf("%v|%#v", config.Secret(""), config.Secret("")); got != `|""` {
		t.Errorf("no secret: got %s, want it to show", got)
	}
}

func TestURLHidesCredentials(t *testing.T) {
	t.Parallel()
	for url, want := range map[config.URL]string{
		"":                                   "",
		"nats://h:4222":                      "nats://h:4222",
		"nats://hush@h:4222":                 "nats://***@h:4222",
		"postgres://u:hush@h/d":              "postgres://u:***@h/d",
		"postgres://u:hush@hush@h/d":         "postgres://u:***@h/d",
		"postgres://u:hu/sh@h/d":             "postgres://u:***@h/d",
		"postgres://u:hu?sh@h/d":             "postgres://***",
		"postgres://u:hush#@h/d":             "postgres://u:***@h/d",
		"postgres:///d?user=u&password=hush": "postgres:///d?user=u&password=***",
		"postgres://h/d?sslmode=require":     "postgres://h/d?sslmode=require",
		"u:hush@h":                           "u:***@h",
	} {
		if got := url.String(); got != want {
			t.Errorf("%q: got %s, want %s", url.Reveal(), got, want)
		}
		for _, text := range ways(t, url) {
			if strings.Contains(text, "hush") {
				t.Errorf("%q: got %s", url.Reveal(), text)
			}
		}
	}
}

func TestLoadOrCreateSecretKeepsOneSecret(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "data")
	first, created, err := config.LoadOrCreateSecret(dir)
	if err != nil || !created {
		t.Fatalf("first: got created %v, %v", created, err)
	}
	if !regexp.MustCompile(`\A[0-9a-f]{64}\z`).MatchString(first.Reveal()) {
		t.Errorf("got %q, want 32 bytes in hexadecimal", first.Reveal())
	}
	second, created, err := config.LoadOrCreateSecret(dir)
	if err != nil || created || second != first {
		t.Errorf("second: got the same %v, created %v, %v", second == first, created, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("got files %v and %v, want one", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("got mode %v and %v, want 0600", info.Mode(), err)
	}
}

func TestLoadOrCreateSecretIsTheSameForAllWhoAskAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var group sync.WaitGroup
	secrets, makers := make([]config.Secret, 16), make([]bool, 16)
	for i := range secrets {
		group.Go(func() {
			var err error
			if secrets[i], makers[i], err = config.LoadOrCreateSecret(dir); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	made := 0
	for i, secret := range secrets {
		if secret != secrets[0] || secret == "" {
			t.Errorf("secret %d: got another than the first", i)
		}
		if makers[i] {
			made++
		}
	}
	if made != 1 {
		t.Errorf("got %d makers, want 1", made)
	}
}

func TestLoadOrCreateSecretRefusesAnEmptyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "userid_hmac_secret"), []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := config.LoadOrCreateSecret(dir); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("got %v, want an error that it is empty", err)
	}
	if _, _, err := config.LoadOrCreateSecret(filepath.Join(dir, "userid_hmac_secret")); err == nil {
		t.Error("a folder that is a file: got nil, want an error")
	}
}
