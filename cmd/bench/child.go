package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// child is a server that runs as a process of its own.
type child struct {
	address string // host:port
	cpu     meter
	stop    func() error
}

// startTime is how long a server may take until it answers.
const startTime = 30 * time.Second

// program is what to run as the server, and its first arguments.
type program []string

// build compiles the server into a folder.
func build(ctx context.Context, folder string) (program, error) {
	path := filepath.Join(folder, "api")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/kintolog/kintolog/cmd/api")
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the server: %w\n%s", err, said)
	}
	return program{path}, nil
}

// profiled is the server in this program, which writes a CPU profile when it stops.
func profiled(file string) (program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("profile the server: %w", err)
	}
	return program{self, profiledCommand, file}, nil
}

// startServer runs the server with its data in a folder, and waits until it answers.
func startServer(ctx context.Context, p program, folder string, options ...string) (*child, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	arguments := slices.Concat(p[1:], []string{"--data", folder, "--listen", address}, options)
	cmd := exec.CommandContext(ctx, p[0], arguments...)
	cmd.Env = withoutSettings(os.Environ())
	// It logs each request. A file costs this process nothing, where a pipe would have to be read.
	log, err := os.Create(folder + ".log")
	if err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	defer log.Close() // the child has its own
	cmd.Stdout, cmd.Stderr = log, log
	stop, ended, err := run(cmd)
	if err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	if err := awaitAnswer(ctx, address, ended); err != nil {
		said, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("start the server: %w\n%s", errors.Join(err, stop()), said)
	}
	return &child{address, processCPU(cmd.Process.Pid), stop}, nil
}

// startBare runs this program as a bare server over a database, see [serveBare].
func startBare(ctx context.Context, kind, source string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start the bare server: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, bareCommand, kind, source)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // it ends when this closes, which it does with this process
		return nil, fmt.Errorf("start the bare server: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the bare server: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the bare server: %w", err)
	}
	stop := func() error { return errors.Join(cmd.Process.Kill(), ignoreExit(cmd.Wait())) }
	address, err := io.ReadAll(io.LimitReader(out, 200)) // it closes its output when it listens
	if err != nil || len(address) == 0 {
		return nil, fmt.Errorf("start the bare server: %w", errors.Join(errors.New("it gave no address"), err, stop()))
	}
	return &child{string(address), processCPU(cmd.Process.Pid), stop}, nil
}

// run starts a command. Stop asks it to end and waits for it; ended is closed when it has.
func run(cmd *exec.Cmd) (stop func() error, ended <-chan struct{}, err error) {
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = startTime
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	done := make(chan struct{})
	var result error
	go func() {
		defer close(done)
		result = cmd.Wait()
	}()
	stop = func() error {
		_ = cmd.Cancel() // it may have ended by itself, which result tells
		select {
		case <-done:
			return result
		case <-time.After(startTime):
			return errors.Join(errors.New("it did not stop and was killed"), cmd.Process.Kill())
		}
	}
	return stop, done, nil
}

func ignoreExit(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil
	}
	return err
}

func awaitAnswer(ctx context.Context, address string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		if answers(ctx, "http://"+address+"/v1/__lbheartbeat__") {
			return nil
		}
		select {
		case <-poll.C:
		case <-ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return fmt.Errorf("it did not answer: %w", ctx.Err())
		}
	}
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// withoutSettings leaves out what would change the configuration of the server.
func withoutSettings(environment []string) (rest []string) {
	for _, e := range environment {
		if !strings.HasPrefix(e, "KINTO") {
			rest = append(rest, e)
		}
	}
	return rest
}
