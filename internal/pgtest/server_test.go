package pgtest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kintolog/kintolog/internal/pgtest"
)

// envHold makes this test program start a server and hold it until it is killed.
const envHold = "KINTOLOG_PGTEST_HOLD"

func TestMain(m *testing.M) {
	if os.Getenv(envHold) == "" {
		os.Exit(m.Run())
	}
	connURL, stop, err := pgtest.Start(context.Background(), pgtest.Options{})
	if err != nil {
		connURL = err.Error()
	}
	fmt.Println(connURL)
	_, _ = os.Stdin.Read(make([]byte, 1))
	stop()
}

func start(t *testing.T, options pgtest.Options) (connURL string, stop func()) {
	t.Helper()
	connURL, stop, err := pgtest.Start(t.Context(), options)
	if errors.Is(err, pgtest.ErrNotInstalled) {
		pgtest.GiveUp(t, err)
	}
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(stop)
	return connURL, stop
}

func TestStartSetsFsyncOnlyWhenDurable(t *testing.T) {
	t.Parallel()
	for options, want := range map[pgtest.Options]string{{}: "off", {Durable: true}: "on"} {
		connURL, _ := start(t, options)
		if got := value(t, connect(t, connURL), "SHOW fsync"); got != want {
			t.Errorf("%+v: fsync: got %s, want %s", options, got, want)
		}
	}
}

func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	connURL, stop := start(t, pgtest.Options{})
	folder := parse(t, connURL).Query().Get("host")
	if _, err := os.Stat(filepath.Join(folder, "data", "postmaster.pid")); err != nil {
		t.Fatalf("while it runs: %v", err)
	}
	stop()
	stop()
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("files after stop: got %v, want none", err)
	}
	if conn, err := pgx.Connect(t.Context(), connURL); err == nil {
		t.Errorf("connect after stop: got %v, want an error", conn)
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	connURL, stop, err := pgtest.Start(ctx, pgtest.Options{})
	defer stop()
	if errors.Is(err, pgtest.ErrNotInstalled) {
		pgtest.GiveUp(t, err)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %q, %v, want %v", connURL, err, context.Canceled)
	}
}

func TestAKilledProcessLeavesNothing(t *testing.T) {
	t.Parallel()
	start(t, pgtest.Options{}) // skips where there is no PostgreSQL
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envHold+"=yes")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	connURL, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, strings.TrimSpace(connURL))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it says that the process was killed

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := conn.WaitForNotification(ctx); err == nil || ctx.Err() != nil {
		t.Fatalf("connection after the kill: got %v, want it closed by the server", err)
	}
	awaitGone(ctx, t, parse(t, strings.TrimSpace(connURL)).Query().Get("host"))
}

// awaitGone polls: nothing tells when the last file of a stranger is gone.
func awaitGone(ctx context.Context, t *testing.T, folder string) {
	t.Helper()
	for poll := time.Tick(10 * time.Millisecond); ; {
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			return
		}
		select {
		case <-poll:
		case <-ctx.Done():
			t.Fatalf("%s is still there", folder)
		}
	}
}
