// Command projector keeps a PostgreSQL read model up with an external log, and serves nothing. It is for services of
// several processes: where log or read model is embedded, the one api process has a projector of its own.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/cmd/internal/app"
)

func main() {
	var o app.Options
	status := flag.Bool("status", false, "tell how far the read model is, and end: 0 if nothing is in quarantine")
	flag.StringVar(&o.Config, "config", "", "settings `FILE`, a kinto.ini (default $KINTO_INI, if that is set)")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "projector: unexpected argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	run := app.Project
	if *status {
		run = app.Status
	}
	if err := run(ctx, o, os.Stdout, logrus.StandardLogger()); err != nil {
		fmt.Fprintln(os.Stderr, "projector:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}
