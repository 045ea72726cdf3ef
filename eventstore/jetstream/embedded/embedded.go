// Package embedded runs a NATS server with JetStream inside the process, so that a log needs
// nothing installed.
//
// It is not a way to run a cluster, and not the log itself: hand [Server.Connect] to
// jetstream.Open. The server keeps its data in one folder, which one process at a time can use, and
// listens nowhere unless told to; what it lets outsiders do is in permissions.go, and how it goes on after a full disk in mend.go.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/kintolog/kintolog/eventstore"
)

// MaxPayload is the size in bytes of the largest message the server takes.
const MaxPayload = 8 << 20

// Config says how the server runs.
type Config struct {
	// Dir is the folder of the data; it is created if it is missing. Required unless Memory is set.
	Dir string
	// Memory keeps nothing: the data is in a temporary folder that Shutdown removes, and
	// nothing is synced.
	Memory bool
	// NoSync acknowledges an append before it is on disk. A crash of the process loses
	// nothing, a power failure loses what was acknowledged in the last two minutes. Default
	// false: every append is synced before it is acknowledged.
	NoSync bool
	// Listen is the host:port where other programs may subscribe. Default "": nowhere.
	Listen string
	// Log is the name of the log that outsiders may subscribe to. Default "kintolog".
	Log eventstore.Space
	// Logger hears of warnings and errors. Default: nobody does.
	Logger Logger
}

// Logger takes what the server has to say; a logrus logger is one.
type Logger interface {
	Warnf(format string, args ...any)
	Errorf(format string, args ...any)
}

// ErrLocked: another process uses the data folder.
var ErrLocked = errors.New("the data folder is in use by another process")

// Server is a running server. Its methods may be called concurrently.
type Server struct {
	config Config
	users  users
	unlock func()
	begun  os.FileInfo // of the folder when the server started
	stop   sync.Once
	mender mender

	mu     sync.Mutex // held while the server is being started again
	server *server.Server
}

// Start runs a server. It fails with ErrLocked if another process uses the folder.
func Start(config Config) (*Server, error) {
	config, err := config.prepare()
	if err != nil {
		return nil, fmt.Errorf("start embedded nats server: %w", err)
	}
	users, err := newUsers()
	if err != nil {
		return nil, fmt.Errorf("start embedded nats server: %w", err)
	}
	unlock, err := lock(filepath.Join(config.Dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("start embedded nats server in %s: %w", config.Dir, err)
	}
	s := &Server{config: config, users: users, unlock: unlock}
	if s.begun, err = os.Stat(config.Dir); err == nil {
		err = s.start()
	}
	if err != nil {
		s.Shutdown()
		return nil, fmt.Errorf("start embedded nats server in %s: %w", config.Dir, err)
	}
	s.mender.begin(s)
	return s, nil
}

func (c Config) prepare() (Config, error) {
	if c.Log == "" {
		c.Log = eventstore.DefaultSpace
	}
	if err := c.Log.Validate(); err != nil {
		return c, err
	}
	if c.Memory {
		dir, err := os.MkdirTemp("", "kintolog-")
		c.Dir, c.NoSync = dir, true
		return c, err
	}
	if c.Dir == "" {
		return c, errors.New("a data folder is required")
	}
	return c, os.MkdirAll(c.Dir, 0o750)
}

func (s *Server) start() error {
	options, err := s.options()
	if err != nil {
		return err
	}
	if s.server, err = server.NewServer(options); err != nil {
		return err
	}
	if err := s.free(); err != nil {
		return err
	}
	s.server.SetLoggerV2(logger{s.config.Logger}, false, false, false)
	s.server.Start()
	if !s.server.ReadyForConnections(20 * time.Second) {
		return errors.New("it was not ready within 20 s")
	}
	if !s.server.JetStreamEnabled() {
		return errors.New("its JetStream did not start")
	}
	return s.settle()
}

// settle makes a port that was any free one the port of the server, also when it is started again.
func (s *Server) settle() error {
	if s.config.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(s.config.Listen)
	if err == nil {
		s.config.Listen = net.JoinHostPort(host, strconv.Itoa(s.server.Addr().(*net.TCPAddr).Port))
	}
	return err
}

// free is an error if somebody else listens where the server is to: it would only log that, and never be ready.
func (s *Server) free() error {
	if s.config.Listen == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", s.config.Listen)
	if err != nil {
		return err
	}
	return listener.Close()
}

func (s *Server) options() (*server.Options, error) {
	options := &server.Options{
		ServerName:      "kintolog",
		DontListen:      s.config.Listen == "",
		JetStream:       true,
		StoreDir:        s.config.Dir,
		SyncAlways:      !s.config.NoSync,
		MaxPayload:      MaxPayload,
		MaxPending:      256 << 20,
		NoSigs:          true,
		NoLog:           s.config.Logger == nil,
		NoSystemAccount: false,
		// All of the disk is the log's: it refuses to grow when the disk is full.
		JetStreamMaxMemory: 256 << 20,
		JetStreamMaxStore:  1 << 50,
	}
	if err := options.ProcessConfigString(s.users.accounts(string(s.config.Log))); err != nil {
		return nil, err
	}
	if s.config.Listen == "" {
		return options, nil
	}
	host, port, err := net.SplitHostPort(s.config.Listen)
	if err != nil {
		return nil, err
	}
	options.Host = host
	if options.Port, err = strconv.Atoi(port); err != nil {
		return nil, fmt.Errorf("port of %q: %w", s.config.Listen, err)
	}
	if options.Port == 0 {
		options.Port = server.RANDOM_PORT
	}
	return options, nil
}

// Connect returns a connection inside the process, with all rights, which is made again when the server was started again. Close
// it before Shutdown.
func (s *Server) Connect(options ...nats.Option) (*nats.Conn, error) {
	nc, err := nats.Connect("", append([]nats.Option{
		nats.InProcessServer(dialer{s}),
		nats.ReconnectWait(100 * time.Millisecond),
		nats.Nkey(s.users.ownerID, s.users.owner.Sign),
		nats.CustomInboxPrefix(ownerInbox),
		nats.MaxReconnects(-1),
	}, options...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to embedded nats server: %w", err)
	}
	return nc, nil
}

// dialer makes connections to the server that runs now.
type dialer struct{ *Server }

func (d dialer) InProcessConn() (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.server.InProcessConn()
}

// URL is where other programs connect, "" if the server does not listen.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.config.Listen == "" {
		return ""
	}
	return s.server.ClientURL()
}

// SyncsAlways tells whether every append is on disk before it is acknowledged.
func (s *Server) SyncsAlways() bool { return !s.config.NoSync }

// Intact is an error if the data folder is not the one that the server was started on: it was removed, or another one
// is in its place. What is appended is then lost with the process.
func (s *Server) Intact() error {
	now, err := os.Stat(s.config.Dir)
	switch {
	case err != nil:
		return fmt.Errorf("the data folder of the log: %w", err)
	case !os.SameFile(now, s.begun):
		return fmt.Errorf("the data folder of the log, %s, is not the one it was", s.config.Dir)
	}
	return nil
}

// Shutdown stops the server, waits until it has, and frees the folder. Further calls do
// nothing.
func (s *Server) Shutdown() {
	s.stop.Do(func() {
		s.mender.end()
		if s.server != nil {
			s.server.Shutdown()
			s.server.WaitForShutdown()
		}
		s.unlock()
		if s.config.Memory {
			_ = os.RemoveAll(s.config.Dir)
		}
	})
}

// logger passes on what an operator should hear.
type logger struct{ to Logger }

func (l logger) Warnf(format string, args ...any) {
	if l.to != nil {
		l.to.Warnf(format, args...)
	}
}

func (l logger) Errorf(format string, args ...any) {
	if l.to != nil {
		l.to.Errorf(format, args...)
	}
}

func (l logger) Fatalf(format string, args ...any) { l.Errorf(format, args...) }
func (logger) Noticef(string, ...any)              {}
func (logger) Debugf(string, ...any)               {}
func (logger) Tracef(string, ...any)               {}
