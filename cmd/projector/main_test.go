package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kintolog/kintolog/internal/natstest"
	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, "projector", "api") }

// settings are those of a service with external log and read model, in a file.
func settings(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kinto.ini")
	content := fmt.Sprintf(`[app:main]
kinto.nats_url = %s
kinto.read_model = postgresql
kinto.storage_url = %s
kinto.userid_hmac_secret = a secret for tests only
multiauth.policies = basicauth
`, natstest.Listening(t).ClientURL(), strings.ReplaceAll(pgtest.New(t), "%", "%%"))
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// start runs a program and returns when it has said that it works.
func start(t *testing.T, name string, args ...string) *programtest.Process {
	t.Helper()
	return programtest.Start(t, programtest.Command(name, args...))
}

func status(t *testing.T, file string) string {
	t.Helper()
	out, err := programtest.Command("projector", "--config", file, "--status").CombinedOutput()
	if err != nil {
		t.Errorf("--status: %v", err)
	}
	return string(out)
}

func TestProjectorsStandByForEachOther(t *testing.T) {
	t.Parallel()
	file := settings(t)
	one, two := start(t, "projector", "--config", file), start(t, "projector", "--config", file)
	api := start(t, "api", "--config", file, "--listen", "127.0.0.1:0", "--no-projector")
	api.Must("PUT", "/buckets/a", "", 201)
	if err := one.Stop(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM ended it with %v\n%s", err, one.Log())
	}
	if said := one.Rest(); !strings.Contains(said, "Stopped at position") {
		t.Errorf("it said %q", said)
	}
	if position := api.Must("PUT", "/buckets/b", "", 201).Header.Get("Kintolog-Position"); position != "" {
		t.Errorf("with one projector left, a write is at %s and not readable", position)
	}
	if got := status(t, file); !strings.Contains(got, "lag         0\nquarantine  0\n") {
		t.Errorf("--status said %q", got)
	}
	if err := two.Stop(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM ended it with %v\n%s", err, two.Log())
	}
	position := api.Must("PUT", "/buckets/c", "", 201).Header.Get("Kintolog-Position")
	if position == "" {
		t.Error("without a projector, a write claims to be readable")
	}
	if got := status(t, file); !strings.Contains(got, "lag         1\n") {
		t.Errorf("--status without a projector said %q", got)
	}
	start(t, "projector", "--config", file)
	api.Must("PUT", "/buckets/d", "", 201)
	api.Must("GET", "/buckets/c", "", 200)
}

func TestItLeavesAnEmbeddedLogToItsProcess(t *testing.T) {
	t.Parallel()
	for _, call := range [][]string{{"projector"}, {"projector", "--status"}, {"api", "--no-projector"}} {
		cmd := programtest.Command(call[0], call[1:]...)
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "the log is embedded") || !strings.Contains(string(out), "nats_url") {
			t.Errorf("%q: %v: %s", call, err, out)
		}
		if left, _ := os.ReadDir(cmd.Dir); call[0] == "projector" && len(left) > 0 {
			t.Errorf("%q leaves %v", call, left)
		}
	}
}
