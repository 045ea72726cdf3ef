package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
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

// command is either the whole program or, in a child of it, the bare server.
func command(ctx context.Context, args []string) error {
	if len(args) == 3 && args[0] == bareCommand {
		return serveBare(ctx, args[1], args[2])
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

// parse returns the plan, and the document that takes the report, "" for none.
func parse(args []string) (p plan, document string, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	short := flags.Bool("quick", false, "take about a minute, with noisy numbers, and write no document unless -o says so")
	more := flags.Bool("million", false, "also measure polls and totals of a million records")
	only := flags.String("only", "", "measure one backend: "+embeddedName+" or "+postgresName)
	flags.StringVar(&document, "o", "docs/performance.md", "`document` that takes the report; empty for none")
	if err := flags.Parse(args); err != nil {
		return p, "", err
	}
	p = complete()
	if *short {
		p = quick()
	}
	p.million = *more
	if *only != "" {
		if !slices.Contains(p.backends, *only) {
			return p, "", errors.New("-only takes " + embeddedName + " or " + postgresName)
		}
		p.backends = []string{*only}
	}
	written := false
	flags.Visit(func(f *flag.Flag) { written = written || f.Name == "o" })
	if (*short || *only != "") && !written {
		document = ""
	}
	return p, document, nil
}
