package acceptance_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, "api") }

// server is the program, running.
type server struct{ *programtest.Process }

// start runs the program with a settings file on a port of its own, and with more environment variables, until the
// test ends.
func start(t testing.TB, file string, environment ...string) *server {
	t.Helper()
	p := programtest.Start(t, command(t, file, environment...))
	t.Cleanup(func() {
		if err := p.Stop(os.Interrupt); err != nil {
			t.Errorf("the program ended with %v\n%s", err, p.Log())
		}
	})
	return &server{p}
}

// command is the program with a settings file on a port and with data of its own, and with more environment variables.
func command(t testing.TB, file string, environment ...string) *exec.Cmd {
	t.Helper()
	cmd := programtest.Command("api", "--config", file, "--listen", "127.0.0.1:0", "--data", t.TempDir())
	cmd.Env = append(withoutSettings(os.Environ()), environment...)
	return cmd
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

func absolute(t testing.TB, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return full
}
