package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// command is either the whole program or, in a child of it, one of the servers.
func command(ctx context.Context, args []string) error {
	if len(args) == 3 && args[0] == bareCommand {
		return serveBare(ctx, args[1], args[2])
	}
	if len(args) > 2 && args[0] == profiledCommand {
		return serveProfiled(ctx, args[1], args[2:])
	}
	p, document, err := parse(args)
	if err != nil {
		return err
	}
	s := &suite{plan: p, results: newResults(), out: os.Stdout}
	if err := s.run(ctx); err != nil {
		return err
	}
	report := render(s.results, p, time.Now())
	fmt.Printf("\n%s", report)
	if document != "" {
		if err := writeDocument(document, report); err != nil {
			return err
		}
	}
	if n := len(s.results.problems); n > 0 {
		return fmt.Errorf("%d problems, see above", n)
	}
	return nil
}

// parse returns the plan, and the document that takes the report, "" for none. Only the whole of it gets into the
// document unasked.
func parse(args []string) (p plan, document string, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	short := flags.Bool("quick", false, "take about a minute, with noisy numbers")
	more := flags.Bool("million", false, "also measure polls and totals of a million records")
	only := flags.String("only", "", "measure one `backend`: "+embeddedName+" or "+postgresName)
	wanted := flags.String("run", "", "measure the operations whose names match a `pattern`")
	profiles := flags.String("cpuprofile", "", "write CPU profiles of the servers into a `folder`")
	flags.StringVar(&document, "o", "", "`document` that takes the report (default docs/performance.md, if everything is measured)")
	if err := flags.Parse(args); err != nil {
		return p, "", err
	}
	p = complete()
	if *short {
		p = quick()
	}
	p.million, p.profiles = *more, *profiles
	if p.wanted, err = regexp.Compile(*wanted); err != nil {
		return p, "", fmt.Errorf("-run: %w", err)
	}
	if *only != "" && !slices.Contains(p.backends, *only) {
		return p, "", errors.New("-only takes " + embeddedName + " or " + postgresName)
	}
	if *only != "" {
		p.backends = []string{*only}
	}
	if !*short && *only+*wanted+*profiles+document == "" {
		document = "docs/performance.md"
	}
	return p, document, nil
}
