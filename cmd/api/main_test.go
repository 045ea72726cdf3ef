package main_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "kintolog-api-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "api")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// process is the running program.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	base string // "http://127.0.0.1:1234/v1"
	out  *bytes.Buffer
}

// start runs the program on a free port and returns when it serves.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, out: &bytes.Buffer{}}
	p.cmd = exec.Command(binary, append([]string{"--listen", "127.0.0.1:0"}, args...)...)
	p.cmd.Dir = t.TempDir()
	p.cmd.Stderr = p.out
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.stop(os.Kill) })
	lines := bufio.NewReader(stdout)
	first, err := lines.ReadString('\n')
	_, url, found := strings.Cut(first, "serves ")
	if err != nil || !found {
		_ = p.stop(os.Kill)
		t.Fatalf("it said %q, %v\n%s", first, err, p.out)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	p.base = strings.TrimSuffix(strings.TrimSpace(url), "/")
	return p
}

// stop sends a signal and waits for the end.
func (p *process) stop(s os.Signal) error {
	if p.cmd.ProcessState != nil {
		return nil
	}
	_ = p.cmd.Process.Signal(s)
	return p.cmd.Wait()
}

// do makes a request as a user who may do everything in what he has created.
func (p *process) do(method, path, body string) (status int, header http.Header, answer string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, p.base+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, "", err
	}
	r.SetBasicAuth("me", "secret")
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, string(all), err
}

func (p *process) must(method, path, body string, want int) string {
	p.t.Helper()
	status, _, answer, err := p.do(method, path, body)
	if err != nil || status != want {
		p.t.Fatalf("%s %s: %d %s, %v, want %d\n%s", method, path, status, answer, err, want, p.out)
	}
	return answer
}

const records = "/buckets/b/collections/c/records"

func TestItServesANewcomer(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.must("PUT", "/buckets/b", "", 201)
	p.must("PUT", "/buckets/b/collections/c", "", 201)
	p.must("PUT", records+"/r", `{"data":{"n":1}}`, 201)
	if got := p.must("GET", records+"/r", "", 200); !strings.Contains(got, `"n":1`) {
		t.Errorf("got %s", got)
	}
	if _, err := os.Stat(filepath.Join(p.cmd.Dir, "data")); err != nil {
		t.Errorf("the data folder: %v", err)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM ended it with %v\n%s", err, p.out)
	}
}

func TestASecondProcessOnOneDataFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, "--data", dir)
	out, err := exec.Command(binary, "--listen", "127.0.0.1:0", "--data", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "in use by another process") {
		t.Errorf("got %v: %s", err, out)
	}
}

func TestKilledAtAnyMomentItLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, "--data", dir)
	p.must("PUT", "/buckets/b", "", 201)
	p.must("PUT", "/buckets/b/collections/c", "", 201)
	acknowledged := map[string]string{} // record to the answer it was acknowledged with
	for round := range 6 {
		crash(p, round, acknowledged)
		p = start(t, "--data", dir)
		for path, answer := range acknowledged {
			if got := p.must("GET", path, "", 200); got != answer {
				t.Fatalf("round %d: %s is %s, was acknowledged as %s", round, path, got, answer)
			}
		}
		_, header, _, err := p.do("HEAD", records, "")
		list := p.must("GET", records+"?_fields=id", "", 200)
		if total := fmt.Sprint(strings.Count(list, `"id"`)); err != nil || header.Get("Total-Objects") != total {
			t.Fatalf("round %d: the total is %s, %v, the list has %s", round, header.Get("Total-Objects"), err, total)
		}
	}
	if len(acknowledged) < 100 {
		t.Errorf("only %d writes were acknowledged in all: too few to prove anything", len(acknowledged))
	}
}

// crash writes from eight clients until enough is acknowledged, and kills the program in the middle of it.
func crash(p *process, round int, acknowledged map[string]string) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var n atomic.Int64
	for client := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				path := fmt.Sprintf("%s/r%d-%d-%d", records, round, client, i)
				status, _, answer, err := p.do("PUT", path, fmt.Sprintf(`{"data":{"i":%d}}`, i))
				if err != nil {
					return
				}
				if status != http.StatusCreated {
					p.t.Errorf("%s: %d %s", path, status, answer)
					return
				}
				mu.Lock()
				acknowledged[path] = answer
				mu.Unlock()
				if n.Add(1) == int64(40+30*round) {
					go func() { _ = p.cmd.Process.Kill() }()
				}
			}
		})
	}
	wg.Wait()
	_ = p.stop(os.Kill)
}
