package pgtest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// Options says what kind of server [Start] starts.
type Options struct {
	// Durable makes the server fsync, as a real one does, and keeps its files
	// in /var/tmp, which is on a disk where /tmp may be in memory. False is
	// faster and loses everything in a power failure.
	Durable bool
}

// Start starts a PostgreSQL server of its own, whatever [EnvURL] says, and
// returns the connection URL of its database "postgres". The role is a
// superuser without a password; only the current user reaches the socket.
//
// Stop ends the server, removes its files, and waits until that is done; it may
// be called more than once. A process that ends without calling it takes the
// server with it all the same. The context bounds the start only.
//
// The error is [ErrNotInstalled] where there is no PostgreSQL; any other error
// carries the log of the server. After an error nothing is left behind.
func Start(ctx context.Context, options Options) (connURL string, stop func(), err error) {
	s, err := start(ctx, options)
	if err != nil {
		return "", func() {}, err
	}
	return s.url.String(), sync.OnceFunc(s.stop), nil
}

// server is a running server. It must stay reachable: the garbage collector
// closes a file that nobody refers to, and alive is what keeps the server up.
type server struct {
	url   *url.URL
	alive io.Closer
	cmd   *exec.Cmd
}

//go:embed server.sh
var script string

func start(ctx context.Context, options Options) (*server, error) {
	binaries, err := findBinaries(ctx)
	if err != nil {
		return nil, err
	}
	account, err := unprivileged()
	if err != nil {
		return nil, fmt.Errorf("choose an account for PostgreSQL: %w", err)
	}
	folder, err := makeFolder(options, account)
	if err != nil {
		return nil, fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	s, err := run(ctx, command(binaries, folder, options, account))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	s.url = socketURL(folder)
	return s, nil
}

// makeFolder makes a folder that belongs to the account of the server. It is
// not in TMPDIR when that account is not ours: it might not get there.
func makeFolder(options Options, account *account) (string, error) {
	parent := os.TempDir()
	if account != nil {
		parent = "/tmp"
	}
	if options.Durable {
		parent = "/var/tmp"
	}
	folder, err := os.MkdirTemp(parent, "pgtest-")
	if err != nil || account == nil {
		return folder, err
	}
	if err := os.Chown(folder, int(account.uid), int(account.gid)); err != nil {
		return "", errors.Join(err, os.Remove(folder))
	}
	return folder, nil
}

// command is the script in a session of its own, so that an interrupt from the
// keyboard reaches us, and the server ends after us rather than before. It
// does not inherit the environment, whose PG* variables would change the server.
func command(binaries, folder string, options Options, account *account) *exec.Cmd {
	initdb, fsync := "--no-sync", "off"
	if options.Durable {
		initdb, fsync = "", "on"
	}
	settings := []string{
		"-c listen_addresses=''",
		"-c unix_socket_directories='" + folder + "'",
		"-c port=5432",
		"-c max_connections=200",
		"-c fsync=" + fsync,
	}
	args := []string{"-c", script, "sh", binaries, folder, initdb, strings.Join(settings, " ")}
	cmd := exec.Command("sh", args...) //nolint:noctx // a context would kill it before it cleans up
	cmd.Dir = folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	cmd.SysProcAttr = ownSession(account)
	return cmd
}

// run starts the script and waits until it says that the server is ready.
func run(ctx context.Context, cmd *exec.Cmd) (*server, error) {
	alive, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("run sh: %w", err)
	}
	s := &server{alive: alive, cmd: cmd}
	watched := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer watched()
	const ready = "ready\n"
	said := make([]byte, len(ready))
	n, _ := io.ReadFull(out, said)
	if string(said) == ready {
		return s, nil
	}
	log, _ := io.ReadAll(out)
	s.stop()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	return nil, fmt.Errorf("start PostgreSQL: %s%s", said[:n], log)
}

// stop lets go of the script and waits for it to clean up. What it returns
// adds nothing: there is nothing left to save in a throwaway server.
func (s *server) stop() {
	_ = s.alive.Close()
	_ = s.cmd.Wait()
}

// socketURL says everything that a client would else take from PG* variables.
func socketURL(folder string) *url.URL {
	return &url.URL{
		Scheme:   "postgres",
		User:     url.User("postgres"),
		Path:     "/postgres",
		RawQuery: url.Values{"host": {folder}, "port": {"5432"}, "sslmode": {"disable"}}.Encode(),
	}
}
