package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/kintolog/kintolog/internal/pgtest"
)

// stack is what is measured together: the server on one read model, and beside it the bare parts that it is
// made of.
type stack struct {
	name         string
	server, bare *child
	// parts makes the operations of the bare parts that need no HTTP, on so many rows.
	parts func(records int, run string) []part
	// fill adds as many rows to the bare database.
	fill func(ctx context.Context, records int) error
	// settle ends what the database still does for what was written, so that it does not fall into what is measured next.
	settle func(ctx context.Context) error
	// database is the CPU time of database processes, nil without any.
	database meter
	closers  []func() error // called last to first
}

// part is a bare operation that at most so many clients can do at once; 0 is any number.
type part struct {
	operation
	most int
}

// Close stops everything that the stack has started, and waits for it.
func (s *stack) Close() (err error) {
	for _, v := range slices.Backward(s.closers) {
		err = errors.Join(err, v())
	}
	return err
}

func (s *stack) onClose(f func() error) { s.closers = append(s.closers, f) }

// cpu adds what the database uses to what a process uses; it is nil where there is neither.
func (s *stack) cpu(process *child) meter {
	switch {
	case process == nil:
		return s.database
	case s.database == nil:
		return process.cpu
	}
	return together(process.cpu, s.database)
}

// startStack starts the server and its parts in a folder. After an error nothing is left running.
func startStack(ctx context.Context, name string, p program, folder string) (s *stack, err error) {
	s = &stack{name: name}
	start := s.startEmbedded
	if name == postgresName {
		start = s.startPostgres
	}
	if err := start(ctx, p, folder); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *stack) startEmbedded(ctx context.Context, p program, folder string) (err error) {
	path := filepath.Join(folder, "rows.db")
	db, err := openSQLiteRows(ctx, path)
	if err != nil {
		return err
	}
	s.onClose(db.Close)
	s.fill = db.fill
	s.settle = func(context.Context) error { return nil }
	if err := s.startServers(ctx, p, folder, path); err != nil {
		return err
	}
	return s.addParts(ctx, folder, func(records int, _ string) (parts []part) {
		for _, op := range db.operations(records) {
			parts = append(parts, part{op, 1})
		}
		return parts
	})
}

func (s *stack) startPostgres(ctx context.Context, p program, folder string) error {
	main, stop, err := pgtest.Start(ctx, pgtest.Options{Durable: true})
	if err != nil {
		return err
	}
	s.onClose(func() error { stop(); return nil })
	bare, err := s.preparePostgres(ctx, main)
	if err != nil {
		return err
	}
	db, err := openPostgresRows(ctx, bare)
	if err != nil {
		return err
	}
	s.onClose(db.Close)
	s.fill = db.fill
	s.settle = func(ctx context.Context) error { return settlePostgres(ctx, main, bare) }
	file := filepath.Join(folder, "server.ini")
	if err := os.WriteFile(file, settings(main), 0o600); err != nil {
		return err
	}
	if err := s.startServers(ctx, p, folder, bare, "--config", file); err != nil {
		return err
	}
	return s.addParts(ctx, folder, func(records int, run string) (parts []part) {
		for _, op := range db.operations(records, run) {
			parts = append(parts, part{op, 0})
		}
		return parts
	})
}

// startServers starts the server, and the bare one over a source of rows.
func (s *stack) startServers(ctx context.Context, p program, folder, source string, options ...string) (err error) {
	if s.server, err = startServer(ctx, p, filepath.Join(folder, "data"), options...); err != nil {
		return err
	}
	s.onClose(s.server.stop)
	if s.bare, err = startBare(ctx, s.name, source); err != nil {
		return err
	}
	s.onClose(s.bare.stop)
	return nil
}

// addParts adds what the log is made of to the parts of the database.
func (s *stack) addParts(ctx context.Context, folder string, database func(int, string) []part) error {
	log, err := startBareLog(ctx, filepath.Join(folder, "bare-log"))
	if err != nil {
		return err
	}
	s.onClose(func() error { log.server.Shutdown(); return nil })
	s.parts = func(records int, run string) []part {
		return append([]part{{syncedFile(folder), 1}, {log.operation(), 0}}, database(records, run)...)
	}
	return nil
}

// settings configure the server for PostgreSQL. They are a file of ConfigParser, where a percent sign is doubled.
func settings(url string) []byte {
	return []byte(strings.Join([]string{
		"[app:main]",
		"storage_backend = kinto.core.storage.postgresql",
		"storage_url = " + strings.ReplaceAll(url, "%", "%%"),
		"multiauth.policies = basicauth",
		"userid_hmac_secret = measured",
		"bucket_create_principals = system.Authenticated", "",
	}, "\n"))
}

// preparePostgres makes a database for the bare parts, returns its URL, and finds the processes to meter.
func (s *stack) preparePostgres(ctx context.Context, main string) (bare string, err error) {
	conn, err := pgx.Connect(ctx, main)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, "CREATE DATABASE bare TEMPLATE template0"); err != nil {
		return "", err
	}
	backend, err := readStat(strconv.Itoa(int(conn.PgConn().PID())))
	if err != nil {
		return "", err
	}
	s.database = familyCPU(backend.parent)
	u, err := url.Parse(main)
	if err != nil {
		return "", err
	}
	u.Path = "/bare"
	return u.String(), nil
}

func settlePostgres(ctx context.Context, urls ...string) error {
	for _, u := range urls {
		conn, err := pgx.Connect(ctx, u)
		if err != nil {
			return fmt.Errorf("settle PostgreSQL: %w", err)
		}
		_, err = conn.Exec(ctx, "VACUUM (ANALYZE)")
		if err == nil {
			_, err = conn.Exec(ctx, "CHECKPOINT")
		}
		if err := errors.Join(err, conn.Close(ctx)); err != nil {
			return fmt.Errorf("settle PostgreSQL: %w", err)
		}
	}
	return nil
}
