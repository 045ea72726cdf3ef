// Package kintolog is the command for operators, all of cmd/kintolog.
//
// Every subcommand is a file; root.go has what they share, exit.go the exit codes. What they do is in package
// server, and in package program what settings mean.
package kintolog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/program"
	"github.com/kintolog/kintolog/server"
)

// Main runs the command line, and returns the code to exit with. Subcommands know what the extension declares, and start and
// projector run with it.
func Main(e program.Extension) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	root := newRoot(e)
	command, err := root.ExecuteContextC(ctx)
	return tell(os.Stderr, command.CommandPath(), err)
}

// globals are the flags of every subcommand.
type globals struct {
	extension      program.Extension
	config         string
	quiet, verbose bool
}

func newRoot(e program.Extension) *cobra.Command {
	g := &globals{extension: e}
	root := &cobra.Command{
		Use:           "kintolog",
		Short:         "Operate a Kintolog service",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("a subcommand is missing")
			}
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				return usage("there is no subcommand %q; did you mean %s?", args[0], near[0])
			}
			return usage("there is no subcommand %q", args[0])
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%w", err) })
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := cmd.ValidateFlagGroups(); err != nil { // before cobra does, for which it is no error of usage
			return usage("%w", err)
		}
		return nil
	}
	flags := root.PersistentFlags()
	flags.StringVar(&g.config, "config", "", "settings `FILE` (default $KINTO_INI, else config/kinto.ini)")
	flags.StringVar(&g.config, "ini", "", "the same as --config `FILE`")
	flags.BoolVarP(&g.quiet, "quiet", "q", false, "say nothing but errors")
	flags.BoolVarP(&g.verbose, "verbose", "v", false, "say more")
	flags.BoolVar(&g.verbose, "debug", false, "the same as --verbose")
	root.MarkFlagsMutuallyExclusive("config", "ini")
	root.MarkFlagsMutuallyExclusive("quiet", "verbose")
	root.AddCommand(
		newInit(g), newStart(g), newProjector(g), newMigrate(g), newCreateUser(g), newFlushCache(g),
		newPurgeDeleted(g), newRebuild(g), newStatus(g), newUndelivered(g), newVersion(),
	)
	return root
}

// noArgs is cobra.NoArgs as an error of usage.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no arguments, not %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// options are those of package app. Without a file anywhere the settings are those of a newcomer.
func (g *globals) options() program.Options {
	o := program.Options{Config: g.config, Level: g.level(), Extension: g.extension}
	if o.Config == "" && os.Getenv("KINTO_INI") == "" {
		if _, err := os.Stat(config.DefaultFile); !errors.Is(err, fs.ErrNotExist) {
			o.Config = config.DefaultFile
		}
	}
	return o
}

func (g *globals) level() string {
	switch {
	case g.quiet:
		return "error"
	case g.verbose:
		return "debug"
	}
	return ""
}

// file is the settings file to be made.
func (g *globals) file() string { return cmp.Or(g.config, config.FileName(os.Environ())) }

// logger writes to stderr. What it says while settings are read is ruled by the flags alone.
func (g *globals) logger() *logrus.Logger {
	logger := logrus.New()
	if level, err := logrus.ParseLevel(g.level()); err == nil {
		logger.SetLevel(level)
	}
	return logger
}

// out is where commands say what they do.
func (g *globals) out() io.Writer {
	if g.quiet {
		return io.Discard
	}
	return os.Stdout
}

func (g *globals) say(format string, args ...any) { _, _ = fmt.Fprintf(g.out(), format+"\n", args...) }

// service reads the settings of a service that keeps its data.
func (g *globals) service() (program.Service, error) {
	s, err := g.options().Service(g.logger())
	if err == nil && s.Config.Memory {
		err = errors.New("the settings say memory: what the service has is gone when it stops, and nobody else can get at it")
	}
	return s, err
}

// begun is the service, if there is something yet of what it keeps on this machine.
func (g *globals) begun() (program.Service, error) {
	s, err := g.service()
	if dir := s.Config.DataDir; err == nil && s.Config.Log.URL == "" {
		if _, missing := os.Stat(dir); errors.Is(missing, fs.ErrNotExist) {
			err = fmt.Errorf("there is no data folder %s yet", dir)
		}
	}
	return s, err
}

// open opens a service whose read model has all that the log has.
func open(ctx context.Context, s program.Service) (_ *server.Server, err error) {
	service, err := server.Open(ctx, s.App, s.Config)
	if err != nil {
		return nil, program.Advise(err)
	}
	end, err := service.Parts().Log.Tail(ctx)
	if err == nil {
		err = service.Parts().Progress.Wait(ctx, end.Position)
	}
	if err != nil {
		return nil, program.Advise(errors.Join(err, service.Close()))
	}
	return service, nil
}
