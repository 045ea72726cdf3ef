package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kintolog/kintolog/internal/natstest"
	"github.com/kintolog/kintolog/internal/pgtest"
)

// programs under test, built once into one folder.
var programs string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "kintolog-projector-")
	if err != nil {
		panic(err)
	}
	programs = dir
	if out, err := exec.Command("go", "build", "-o", dir+"/", ".", "../api").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

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

// process is a running program and its first line.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	first  string
	rest   chan string
	stderr *bytes.Buffer
}

func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(filepath.Join(programs, name), args...), rest: make(chan string, 1), stderr: &bytes.Buffer{}}
	p.cmd.Dir = t.TempDir()
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.stop(os.Kill) })
	lines := bufio.NewReader(stdout)
	if p.first, err = lines.ReadString('\n'); err != nil {
		_ = p.stop(os.Kill)
		t.Fatalf("%s said %q, %v\n%s", name, p.first, err, p.stderr)
	}
	go func() {
		all, _ := io.ReadAll(lines)
		p.rest <- string(all)
	}()
	return p
}

func (p *process) stop(s os.Signal) error {
	if p.cmd.ProcessState != nil {
		return nil
	}
	_ = p.cmd.Process.Signal(s)
	return p.cmd.Wait()
}

// do makes a request of the api and returns what is told of a write that is not readable yet.
func (p *process) do(method, path, body string, want int) (answer, position string) {
	p.t.Helper()
	_, url, _ := strings.Cut(strings.TrimSpace(p.first), "serves ")
	r, err := http.NewRequestWithContext(p.t.Context(), method, strings.TrimSuffix(url, "/")+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.SetBasicAuth("me", "secret")
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s", method, path, err, p.stderr)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		p.t.Fatalf("%s %s: %d %s, %v, want %d\n%s", method, path, res.StatusCode, all, err, want, p.stderr)
	}
	return string(all), res.Header.Get("Kintolog-Position")
}

func status(t *testing.T, file string) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(programs, "projector"), "--config", file, "--status").CombinedOutput()
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
	api.do("PUT", "/buckets/a", "", 201)
	if err := one.stop(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM ended it with %v\n%s", err, one.stderr)
	}
	if said := <-one.rest; !strings.Contains(said, "Stopped at position") {
		t.Errorf("it said %q", said)
	}
	if _, position := api.do("PUT", "/buckets/b", "", 201); position != "" {
		t.Errorf("with one projector left, a write is at %s and not readable", position)
	}
	if got := status(t, file); !strings.Contains(got, "lag         0\nquarantine  0\n") {
		t.Errorf("--status said %q", got)
	}
	if err := two.stop(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM ended it with %v\n%s", err, two.stderr)
	}
	_, position := api.do("PUT", "/buckets/c", "", 201)
	if position == "" {
		t.Error("without a projector, a write claims to be readable")
	}
	if got := status(t, file); !strings.Contains(got, "lag         1\n") {
		t.Errorf("--status without a projector said %q", got)
	}
	start(t, "projector", "--config", file)
	api.do("PUT", "/buckets/d", "", 201)
	api.do("GET", "/buckets/c", "", 200)
}

func TestItLeavesAnEmbeddedLogToItsProcess(t *testing.T) {
	t.Parallel()
	for _, call := range [][]string{{"projector"}, {"projector", "--status"}, {"api", "--no-projector"}} {
		cmd := exec.Command(filepath.Join(programs, call[0]), call[1:]...)
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
