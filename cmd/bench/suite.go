package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/kintolog/kintolog/internal/pgtest"
)

// suite measures what its plan says. Each operation is measured right after the parts that limit it, because what
// else the machine does changes within minutes.
type suite struct {
	plan    plan
	results *results
	out     io.Writer // told of each measurement
}

// run measures all backends. What fails is a problem of the results, and not an error, unless nothing can be measured.
func (s *suite) run(ctx context.Context) (err error) {
	folder, err := os.MkdirTemp("/var/tmp", "kintolog-bench-") // on a disk, where /tmp may be in memory
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	program, err := build(ctx, folder)
	if err != nil {
		return err
	}
	for _, name := range s.plan.backends {
		if s.plan.profiles != "" {
			if program, err = profiled(filepath.Join(s.plan.profiles, name+".pprof")); err != nil {
				return err
			}
		}
		err := s.backend(ctx, name, program, filepath.Join(folder, name))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, pgtest.ErrNotInstalled):
			s.problem("%s is not measured: %v", name, err)
		case err != nil:
			s.problem("%s is measured in part only: %v", name, err)
		}
	}
	return nil
}

func (s *suite) backend(ctx context.Context, name string, p program, folder string) (err error) {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	k, err := startStack(ctx, name, p, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	for _, records := range s.plan.sizes {
		if err := s.size(ctx, k, records); err != nil {
			return err
		}
	}
	if s.plan.million {
		return s.polls(ctx, k)
	}
	return nil
}

// size measures everything with a collection of so many records: first what leaves it as it is.
func (s *suite) size(ctx context.Context, k *stack, records int) error {
	if err := k.fill(ctx, records); err != nil {
		return fmt.Errorf("load %d bare rows: %w", records, err)
	}
	timestamp, err := s.load(ctx, k, records)
	if err != nil {
		return err
	}
	for _, clients := range s.plan.clients {
		at := key{Backend: k.name, Records: records, Clients: clients}
		for _, op := range bareOperations(k.bare.address, records) {
			s.one(ctx, at, op, k.cpu(k.bare))
		}
		for _, e := range reads(records, timestamp) {
			s.one(ctx, at, e.operation(k.server.address, records, "read"), k.cpu(k.server))
		}
	}
	for _, clients := range s.plan.clients {
		at := key{Backend: k.name, Records: records, Clients: clients}
		run := fmt.Sprintf("w%d-%d", records, clients)
		for _, p := range k.parts(records, run) {
			if p.most == 0 || clients <= p.most {
				s.one(ctx, at, p.operation, k.cpu(nil))
			}
		}
		for _, e := range writes() {
			s.one(ctx, at, e.operation(k.server.address, records, run), k.cpu(k.server))
		}
	}
	return ctx.Err()
}

// polls measures what must not depend on the count of records, with a million.
func (s *suite) polls(ctx context.Context, k *stack) error {
	timestamp, err := s.load(ctx, k, million)
	if err != nil {
		return err
	}
	for _, clients := range s.plan.clients {
		at := key{Backend: k.name, Records: million, Clients: clients}
		for _, e := range polling(timestamp) {
			s.one(ctx, at, e.operation(k.server.address, million, "read"), k.cpu(k.server))
		}
	}
	return ctx.Err()
}

func (s *suite) load(ctx context.Context, k *stack, records int) (timestamp string, err error) {
	took, timestamp, err := fill(ctx, k.server.address, records)
	if err != nil {
		return "", err
	}
	s.results.loads[key{Backend: k.name, Records: records}] = took
	fmt.Fprintf(s.out, "%s: %d records loaded in %v\n", k.name, records, took.Round(time.Millisecond))
	return timestamp, k.settle(ctx)
}

func (s *suite) one(ctx context.Context, at key, op operation, cpu meter) {
	if ctx.Err() != nil || !s.plan.wanted.MatchString(op.name) {
		return
	}
	at.Name = op.name
	o, err := measure(ctx, op, at.Clients, s.plan.bound, cpu)
	if err != nil {
		s.problem("%s, %d records, %d clients: %v", at.Backend, at.Records, at.Clients, err)
		return
	}
	s.results.outcomes[at] = o
	fmt.Fprintf(s.out, "%-8s %7d records %3d clients  %-50s %8.0f/s  p50 %s  p99 %s  CPU %s, own %s\n",
		at.Backend, at.Records, at.Clients, at.Name, o.Rate(), micro(o.P50), micro(o.P99), micro(o.Server), micro(o.Own))
}

func (s *suite) problem(format string, args ...any) {
	sentence := fmt.Sprintf(format, args...)
	s.results.problems = append(s.results.problems, sentence)
	fmt.Fprintln(s.out, sentence)
}
