package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"

	"github.com/sirupsen/logrus"

	kinto "github.com/kintolog/kintolog/program"
)

// profiledCommand is the first argument that makes this program the server. The second is the file of a CPU profile, the
// others are as for the server.
const profiledCommand = "serve-profiled"

// serveProfiled is cmd/api with a CPU profile from its start to its end.
func serveProfiled(ctx context.Context, profile string, args []string) (err error) {
	var o kinto.Options
	flags := flag.NewFlagSet(profiledCommand, flag.ContinueOnError)
	flags.StringVar(&o.Config, "config", "", "")
	flags.StringVar(&o.Listen, "listen", "", "")
	flags.StringVar(&o.Data, "data", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	out, err := os.Create(profile)
	if err != nil {
		return fmt.Errorf("profile the server: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return fmt.Errorf("profile the server: %w", err)
	}
	defer pprof.StopCPUProfile()
	return kinto.Serve(ctx, o, os.Stdout, logrus.StandardLogger())
}
