package acceptance_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kintolog/kintolog/internal/pgtest"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "kintolog-acceptance-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "api")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/api").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// server is the program, running.
type server struct {
	host string // "127.0.0.1:1234"
	log  *output
}

// base is the URL that clients are given.
func (s *server) base() string { return "http://" + s.host + "/v1" }

// start runs the program with a settings file on a port of its own, and with more environment variables, until the
// test ends.
func start(t *testing.T, file string, environment ...string) *server {
	t.Helper()
	s := &server{log: &output{}}
	cmd := exec.Command(binary, "--config", file, "--listen", "127.0.0.1:0", "--data", t.TempDir())
	cmd.Dir = t.TempDir()
	cmd.Env = append(withoutSettings(os.Environ()), environment...)
	cmd.Stderr = s.log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program ended with %v\n%s", err, s.log)
		}
	})
	lines := bufio.NewReader(stdout)
	first, err := lines.ReadString('\n')
	_, url, found := strings.Cut(first, "serves http://")
	if err != nil || !found {
		t.Fatalf("the program said %q, %v\n%s", first, err, s.log)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	s.host, _, _ = strings.Cut(url, "/")
	return s
}

// withoutSettings leaves out what would change the settings of a test from outside.
func withoutSettings(environment []string) []string {
	var kept []string
	for _, v := range environment {
		if !strings.HasPrefix(v, "KINTO_") {
			kept = append(kept, v)
		}
	}
	return kept
}

// output is what a program wrote, to show when a test fails.
type output struct {
	mu   sync.Mutex
	text []byte
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	return len(p), nil
}

// String leaves out the lines about requests that were answered without a failure of the service.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var shown strings.Builder
	for line := range strings.Lines(string(o.text)) {
		if !strings.Contains(line, "request.summary") || strings.Contains(line, " code=5") {
			shown.WriteString(line)
		}
	}
	return shown.String()
}

// backend is a way to run the program.
type backend struct {
	name string
	// settings are the lines of a settings file that choose it.
	settings func(t *testing.T) []string
}

var backends = []backend{
	{"embedded", func(*testing.T) []string { return nil }},
	{"postgresql", func(t *testing.T) []string {
		t.Helper()
		return []string{"kinto.read_model = postgresql", "kinto.storage_url = " + pgtest.New(t)}
	}},
}

// startWith runs the program with settings, each a line of a settings file.
func startWith(t *testing.T, settings ...string) *server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kinto.ini")
	text := "[app:main]\n" + strings.Join(settings, "\n") + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, file)
}
