package programtest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a program that runs.
type Process struct {
	// First is the first line that it printed.
	First string
	// Base is the URL that First says it serves, "http://127.0.0.1:1234/v1", "" if it says none; Host is its host and port.
	Base, Host string

	t      testing.TB
	cmd    *exec.Cmd
	rest   string // what it printed after First
	errors output
	ended  chan struct{} // closed when it has
	err    error         // with which it ended
}

// Start runs a command, which it kills when the test ends, and returns when that has said that it works. Without a folder
// of its own the command runs in an empty one.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p, err := Try(t, cmd)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Try is Start for a program that may refuse; the error is what it says.
func Try(t testing.TB, cmd *exec.Cmd) (*Process, error) {
	t.Helper()
	p := &Process{t: t, cmd: cmd, ended: make(chan struct{})}
	if cmd.Dir == "" {
		cmd.Dir = t.TempDir()
	}
	cmd.Stderr = &p.errors
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	lines := bufio.NewReader(stdout)
	p.First, _ = lines.ReadString('\n')
	go func() {
		rest, _ := io.ReadAll(lines)
		p.rest = string(rest)
		p.err = cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() { _ = p.Stop(syscall.SIGKILL) })
	if p.First == "" {
		<-p.ended
		return nil, fmt.Errorf("%s: %w: %s", cmd.Args[0], p.err, p.Log())
	}
	if _, url, serves := strings.Cut(strings.TrimSpace(p.First), "serves "); serves {
		p.Base = strings.TrimSuffix(url, "/")
		p.Host, _, _ = strings.Cut(strings.TrimPrefix(p.Base, "http://"), "/")
	}
	return p, nil
}

// PID is the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Dir is the folder that it runs in.
func (p *Process) Dir() string { return p.cmd.Dir }

// Signal sends a signal; it does not matter whether the process has ended.
func (p *Process) Signal(s os.Signal) { _ = p.cmd.Process.Signal(s) }

// Stop sends a signal and returns the error with which the process ends.
func (p *Process) Stop(s os.Signal) error {
	p.Signal(s)
	return p.Wait(time.Minute)
}

// Wait returns the error with which the process ends, or one that says that it does not.
func (p *Process) Wait(atMost time.Duration) error {
	select {
	case <-p.ended:
		return p.err
	case <-time.After(atMost):
		return errors.New("it does not end")
	}
}

// Rest is what it has printed after First. It waits for the end.
func (p *Process) Rest() string {
	<-p.ended
	return p.rest
}

// Errors is what it has written to standard error.
func (p *Process) Errors() string {
	p.errors.mu.Lock()
	defer p.errors.mu.Unlock()
	return string(p.errors.text)
}

// Log is the end of Errors, to show when a test fails: without the lines about requests that were answered without a failure
// of the service.
func (p *Process) Log() string {
	var shown strings.Builder
	for line := range strings.Lines(p.Errors()) {
		if !strings.Contains(line, "request.summary") || strings.Contains(line, " code=5") {
			shown.WriteString(line)
		}
	}
	text := shown.String()
	return text[max(0, len(text)-8000):]
}

// output is what a program wrote.
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
