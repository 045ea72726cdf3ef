package faults_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/internal/programtest"
)

// program is one of ours, running.
type program struct {
	*programtest.Process
	t *testing.T
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
	p, err := programtest.Try(t, programtest.Command(name, args...))
	return &program{p, t}, err
}

// transport opens a connection for each request that needs one, so that faults of one test are not those of another.
func transport() *http.Client {
	return &http.Client{Timeout: 40 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
}

// well waits until the heartbeat is.
func (p *program) well() {
	p.t.Helper()
	eventually(p.t, "the heartbeat", func() error {
		if a := p.Do("GET", "/__heartbeat__", ""); a.Status != http.StatusOK {
			return fmt.Errorf("%s\n%s", a, p.Log())
		}
		return nil
	})
}

// dial opens a connection that ends with the test.
func (p *program) dial() net.Conn {
	p.t.Helper()
	c, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.Host)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = c.Close() })
	return c
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
