package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/server"
)

// grace is how long requests under way may take to end when the service stops, before they are cut off.
const grace = 20 * time.Second

// Serve runs the HTTP service until ctx ends, and then answers what is in flight and stops. It tells on out, in a few
// lines, what it serves.
func Serve(ctx context.Context, o Options, out io.Writer, logger *logrus.Logger) (err error) {
	s, err := o.settings(logger)
	if err != nil {
		return Advise(err)
	}
	wanted, err := o.service(s, logger)
	if err != nil {
		return Advise(err)
	}
	wanted.Config.WithoutProjector = o.NoProjector
	export, err := traces(ctx, &wanted.App, &wanted.Config, logger)
	if err != nil {
		return err
	}
	defer export()
	service, err := server.Open(ctx, wanted.App, wanted.Config)
	if err != nil {
		return Advise(err)
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(s.Server.Host, strconv.Itoa(s.Server.Port)))
	if err != nil {
		return Advise(fmt.Errorf("serve: %w", err))
	}
	announce(out, o, s, service, listener.Addr())
	return serve(ctx, listener, service.HTTPServer())
}

func serve(ctx context.Context, listener net.Listener, httpServer *http.Server) error {
	failed := make(chan error, 1)
	go func() { failed <- httpServer.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := httpServer.Shutdown(ending)
	if errors.Is(err, context.DeadlineExceeded) {
		err = httpServer.Close() // clients that do not send their request or take their answer
	}
	if err != nil {
		return fmt.Errorf("stop serving: %w", err)
	}
	return nil
}

// announce tells a person what is running.
func announce(out io.Writer, o Options, s *config.Settings, service *server.Server, addr net.Addr) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	say("Kintolog %s serves http://%s/%s/", Release(), addr, s.Project.Prefix())
	switch {
	case s.Storage.Volatile:
		say("  data        in memory: it is gone when this stops")
	case s.EventLog.Embedded() && s.Storage.ReadModel == config.SQLite:
		say("  data        %s: the event log, and a SQLite read model made from it", absolute(s.Storage.DataDir))
	default:
		say("  event log   %s", where(s.EventLog.Embedded(), s.Storage.DataDir, fmt.Sprint(s.EventLog.URLs)))
		say("  read model  %s", where(s.Storage.ReadModel == config.SQLite, s.Storage.DataDir, s.Storage.URL.String()))
	}
	if o.NoProjector {
		say("  projector   none: cmd/projector keeps the read model up with the log")
	}
	if url := service.EventsURL(); url != "" {
		say("  events      %s, subject %s.>", url, s.EventLog.Stream)
	}
	if s.EventLog.Sync != config.SyncAlways {
		say("  durability  what is acknowledged may be lost in a power failure (log_sync = %s)", s.EventLog.Sync)
	}
	if s.Newcomer {
		say("  access      this machine only; Basic authentication with any user and password")
		say("  settings    none given: --config FILE takes a kinto.ini")
		say("Try: curl -u me:secret -X PUT http://%s/%s/buckets/first", addr, s.Project.Prefix())
	}
}

func absolute(dir string) string {
	if full, err := filepath.Abs(dir); err == nil {
		return full
	}
	return dir
}

func where(embedded bool, dir, url string) string {
	if embedded {
		return absolute(dir)
	}
	return url
}
