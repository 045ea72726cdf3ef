// Package program is the programs of Kintolog: the Kinto application, run with what its operator decided. It is the only
// place where both are known.
//
// [API] and [Projector] are all of cmd/api and cmd/projector, and package program/kintolog is the command for operators. A
// program of one's own is one of them with an [Extension]. Those that share a log or a read model are to have the same: what an
// extension declares is in both.
package program

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/sirupsen/logrus"
)

// API serves the HTTP API until a signal ends it, and returns the code to exit with. It reads the command line, with the flags
// that there are in package flag already, and the settings.
func API(e Extension) int {
	o := Options{Extension: e}
	flag.StringVar(&o.Config, "config", "", "settings `FILE`, a kinto.ini (default $KINTO_INI, if that is set)")
	flag.StringVar(&o.Listen, "listen", "", "listen on `HOST:PORT`; wins over the settings (default 127.0.0.1:8888)")
	flag.StringVar(&o.Data, "data", "", "data `DIR`; wins over the settings (default ./data)")
	flag.BoolVar(&o.NoProjector, "no-projector", false, "leave the read model to cmd/projector; needs an external log and PostgreSQL")
	return run(&o, Serve)
}

// Projector keeps a PostgreSQL read model up with an external log, as [API] serves.
func Projector(e Extension) int {
	o := Options{Extension: e}
	status := flag.Bool("status", false, "tell how far the read model is, and end: 0 if nothing is in quarantine")
	flag.StringVar(&o.Config, "config", "", "settings `FILE`, a kinto.ini (default $KINTO_INI, if that is set)")
	return run(&o, func(ctx context.Context, o Options, out io.Writer, logger *logrus.Logger) error {
		if *status {
			return Status(ctx, o, out, logger)
		}
		return Project(ctx, o, out, logger)
	})
}

// run does what the command line asks for.
func run(o *Options, do func(context.Context, Options, io.Writer, *logrus.Logger) error) int {
	flag.Parse()
	name := filepath.Base(os.Args[0])
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "%s: unexpected argument %q\n", name, flag.Arg(0))
		flag.Usage()
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	if err := do(ctx, *o, os.Stdout, logrus.StandardLogger()); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}
