// Command api serves the Kinto HTTP API from an event log. Without arguments it runs in one process with nothing to
// install: an embedded log and read model in ./data, on port 8888 of this machine.
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
	flag.StringVar(&o.Config, "config", "", "settings `FILE`, a kinto.ini (default $KINTO_INI, if that is set)")
	flag.StringVar(&o.Listen, "listen", "", "listen on `HOST:PORT`; wins over the settings (default 127.0.0.1:8888)")
	flag.StringVar(&o.Data, "data", "", "data `DIR`; wins over the settings (default ./data)")
	flag.BoolVar(&o.NoProjector, "no-projector", false, "leave the read model to cmd/projector; needs an external log and PostgreSQL")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "api: unexpected argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	if err := app.Serve(ctx, o, os.Stdout, logrus.StandardLogger()); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}
