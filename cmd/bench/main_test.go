package main

import (
	"strings"
	"testing"
)

func TestOnlyACompleteRunGetsIntoTheDocumentUnasked(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                  "docs/performance.md",
		"-million":          "docs/performance.md",
		"-quick":            "",
		"-only embedded":    "",
		"-run create":       "",
		"-cpuprofile .":     "",
		"-quick -o this.md": "this.md",
	} {
		if _, got, err := parse(strings.Fields(args)); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", args, got, err, want)
		}
	}
}

func TestParseRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"-only oracle", "-run (", "-fast"} {
		if p, _, err := parse(strings.Fields(args)); err == nil {
			t.Errorf("%q: got %+v, want an error", args, p)
		}
	}
}
