package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWriteDocumentReplacesOnlyWhatIsGenerated(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "performance.md")
	for _, generated := range []string{"first\n", "second\n"} {
		if err := writeDocument(path, generated); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		want := "# Performance\n\n" + beginMark + "\n" + generated + "\n" + endMark
		if err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	by := "# By hand\n\nbefore\n" + beginMark + "old" + endMark + "after\n"
	got, err := splice(by, "new\n")
	want := "# By hand\n\nbefore\n" + beginMark + "\nnew\n\n" + endMark + "after\n"
	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestWriteDocumentLeavesADocumentWithoutMarksAlone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "prose\n", beginMark, endMark + beginMark} {
		path := filepath.Join(t.TempDir(), "performance.md")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := writeDocument(path, "new\n"); err == nil {
			t.Errorf("%q: got no error, want one", text)
		}
		if got, _ := os.ReadFile(path); string(got) != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}
