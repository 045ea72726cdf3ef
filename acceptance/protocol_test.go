package acceptance_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestProtocol plays every script against a server of its own, once for each backend.
func TestProtocol(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/protocol/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d scripts, %v", len(files), err)
	}
	for _, b := range backends {
		for _, file := range files {
			t.Run(b.name+"/"+strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
				t.Parallel()
				s := readScript(t, file)
				if len(s.exchanges) == 0 {
					t.Fatal("there is no exchange in it")
				}
				settings := append(b.settings(t), "kinto.userid_hmac_secret = "+secret)
				if !strings.Contains(strings.Join(s.settings, "\n"), "multiauth.policies") {
					settings = append(settings, "multiauth.policies = basicauth")
				}
				s.play(t, startWith(t, append(settings, s.settings...)...))
			})
		}
	}
}
