package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/kintolog/kintolog/internal/pgtest"
)

func connect(t *testing.T, connURL string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), connURL)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func value(t *testing.T, conn *pgx.Conn, query string) string {
	t.Helper()
	var v string
	if err := conn.QueryRow(t.Context(), query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func TestNewMakesAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.New(t))
	for query, want := range map[string]string{
		"SELECT count(*)::text FROM pg_class WHERE relnamespace = 'public'::regnamespace":                               "0",
		"SELECT pg_encoding_to_char(encoding) || ' ' || datcollate FROM pg_database WHERE datname = current_database()": "UTF8 C",
		"SHOW synchronous_commit": "on",
	} {
		if got := value(t, conn, query); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

func TestNewKeepsTestsApart(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			// It fails if the table is there already.
			if _, err := connect(t, pgtest.New(t)).Exec(t.Context(), "CREATE TABLE t (id int)"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNewDropsTheDatabaseEvenWhileItIsInUse(t *testing.T) {
	t.Parallel()
	pgtest.New(t) // skips where there is no PostgreSQL
	var connURL string
	t.Run("user", func(t *testing.T) {
		connURL = pgtest.New(t)
		if _, err := pgx.Connect(t.Context(), connURL); err != nil {
			t.Fatal(err)
		}
	})
	_, err := pgx.Connect(t.Context(), connURL)
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "3D000" {
		t.Errorf("connect after the test: got %v, want SQLSTATE 3D000, no such database", err)
	}
}

func TestNewUsesTheServerOfTheEnvironment(t *testing.T) {
	given, _ := start(t, pgtest.Options{})
	t.Setenv(pgtest.EnvURL, given)
	got := parse(t, pgtest.New(t))
	if want := parse(t, given); got.Query().Get("host") != want.Query().Get("host") || got.Path == want.Path {
		t.Errorf("got %s, want another database of %s", got, want)
	}
}

func TestNewWithoutPostgreSQL(t *testing.T) {
	for _, c := range []struct{ ci, want string }{{"", "skipped"}, {"true", "failed"}} {
		t.Run("CI="+c.ci, func(t *testing.T) {
			t.Setenv("CI", c.ci)
			r := &recorder{TB: t}
			got := r.run(func() { pgtest.GiveUp(r, fmt.Errorf("start: %w", pgtest.ErrNotInstalled)) })
			if !strings.HasPrefix(got, c.want) || !strings.Contains(got, "apt-get install postgresql") {
				t.Errorf("got %q, want %s and how to install it", got, c.want)
			}
		})
	}
}

func TestNewFailsForABadURL(t *testing.T) {
	t.Setenv(pgtest.EnvURL, "host=localhost")
	r := &recorder{TB: t}
	got := r.run(func() { pgtest.New(r) })
	if want := "failed: pgtest: " + pgtest.EnvURL + " is not a postgres:// URL"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// recorder is a test whose end is observed rather than suffered.
type recorder struct {
	testing.TB

	outcome string
}

func (r *recorder) Skipf(format string, args ...any) {
	r.outcome = "skipped: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.outcome = "failed: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// run returns how the test that r stands for ended.
func (r *recorder) run(test func()) string {
	r.outcome = "passed"
	var done sync.WaitGroup
	done.Go(test)
	done.Wait()
	return r.outcome
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
