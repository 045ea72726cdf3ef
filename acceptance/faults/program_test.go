package faults_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is one of ours, running.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	first  string // line of its output
	host   string // "127.0.0.1:1234", "" for a projector
	stderr *output
	ended  chan struct{} // closed when it has
	err    error         // with which it ended
}

// start runs a program until the test ends and returns when it has said that it works.
func start(t *testing.T, name string, args ...string) *program {
	t.Helper()
	p, err := try(t, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// api runs the service with settings, each a line of a settings file, on a data folder.
func api(t *testing.T, dir string, settings ...string) *program {
	t.Helper()
	return start(t, "api", "--config", file(t, settings...), "--data", dir, "--listen", "127.0.0.1:0")
}

// file is a settings file.
func file(t *testing.T, settings ...string) string {
	t.Helper()
	all := append([]string{
		"[app:main]", "kinto.userid_hmac_secret = a secret for tests only", "multiauth.policies = basicauth",
		"kinto.log_level = warn",
	}, settings...)
	path := filepath.Join(t.TempDir(), "kinto.ini")
	if err := os.WriteFile(path, []byte(strings.Join(all, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// try is start for a program that may refuse; the error is what it says.
func try(t *testing.T, name string, args ...string) (*program, error) {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(filepath.Join(programs, name), args...), stderr: &output{}, ended: make(chan struct{})}
	p.cmd.Dir = t.TempDir()
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	lines := bufio.NewReader(stdout)
	p.first, _ = lines.ReadString('\n')
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() { _ = p.stop(syscall.SIGKILL) })
	if p.first == "" {
		<-p.ended
		return nil, fmt.Errorf("%s: %w: %s", name, p.err, p.stderr)
	}
	_, url, _ := strings.Cut(p.first, "serves http://")
	p.host, _, _ = strings.Cut(url, "/")
	return p, nil
}

// stop sends a signal and waits for the end.
func (p *program) stop(s syscall.Signal) error {
	_ = p.cmd.Process.Signal(s)
	return p.wait(time.Minute)
}

// wait waits for the end.
func (p *program) wait(atMost time.Duration) error {
	select {
	case <-p.ended:
		return p.err
	case <-time.After(atMost):
		return errors.New("it does not end")
	}
}

// answer is what the service says.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// transport opens a connection for each request that needs one, so that faults of one test are not those of another.
func transport() *http.Client {
	return &http.Client{Timeout: 40 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
}

// ask makes a request as a user who may do everything with what he has created. Header is names and values in turn.
func ask(client *http.Client, host, method, path, body string, header ...string) (answer, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+host+"/v1"+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.SetBasicAuth("me", "secret")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(all)}, err
}

// do makes a request that is answered.
func (p *program) do(method, path, body string, header ...string) answer {
	p.t.Helper()
	a, err := ask(http.DefaultClient, p.host, method, path, body, header...)
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s", method, path, err, p.stderr)
	}
	return a
}

// must makes a request that is answered with a status.
func (p *program) must(method, path, body string, want int, header ...string) answer {
	p.t.Helper()
	got := p.do(method, path, body, header...)
	if got.status != want {
		p.t.Fatalf("%s %s: got %s, want %d\n%s", method, path, got, want, p.stderr)
	}
	return got
}

// well waits until the heartbeat is.
func (p *program) well() {
	p.t.Helper()
	eventually(p.t, "the heartbeat", func() error {
		if a := p.do("GET", "/__heartbeat__", ""); a.status != http.StatusOK {
			return fmt.Errorf("%s\n%s", a, p.stderr)
		}
		return nil
	})
}

// dial opens a connection that ends with the test.
func (p *program) dial() net.Conn {
	p.t.Helper()
	c, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.host)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = c.Close() })
	return c
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

// String is the end of it.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text[max(0, len(o.text)-8000):])
}

// eventually asks, for what has no way to tell by itself, until it is so.
func eventually(t *testing.T, what string, ask func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("gave up waiting for %s: %v", what, err)
		}
	}
}
