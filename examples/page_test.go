// Package examples has programs that use Kintolog, each in a folder of its own.
package examples

import (
	"os"
	"strings"
	"testing"
)

// Every line of Go that the page shows is that of the example, in the same order.
func TestThePageShowsCodeThatRuns(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/own-service.md")
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, name := range []string{"todo/main.go", "todo/plugins.go", "todo/keys.go", "todo/main_test.go", "extended/main.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, unindented(string(source)))
	}
	blocks := strings.Split(string(page), "```go\n")[1:]
	if len(blocks) < 5 {
		t.Fatalf("the page has %d blocks of code", len(blocks))
	}
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		found := false
		for _, source := range sources {
			found = found || strings.Contains(source, unindented(block))
		}
		if !found {
			t.Errorf("the page shows\n%s", block)
		}
	}
}

// unindented is code without the blanks that lines begin with, and without comments above declarations and empty lines.
func unindented(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "// ") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}
