package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// EnvURL names the environment variable that makes [New] use a server that
// runs already. It holds a connection URL (postgres://...) of a role that may
// create databases.
const EnvURL = "KINTOLOG_TEST_POSTGRES_URL"

// shared is the server of this test process. Its value is never dropped: the
// server ends when the process ends, however that comes about.
var shared = sync.OnceValues(func() (*server, error) {
	return start(context.Background(), Options{})
})

// New returns the connection URL of a database of the test's own: empty, UTF8,
// C collation. It is dropped when the test ends, with whatever is connected to
// it then. All tests of a process share one server, which does not fsync;
// every other setting that decides about durability is PostgreSQL's default.
//
// Without PostgreSQL the test is skipped, or fails where CI=true. New may be
// called from several tests at once.
func New(t testing.TB) string {
	t.Helper()
	admin, err := adminURL()
	if err != nil {
		giveUp(t, err)
	}
	name := "kintolog_test_" + strings.ToLower(rand.Text())
	create := "CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
	if err := execute(t.Context(), admin, create); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		// The context of a test has ended by the time its cleanups run.
		ctx := context.WithoutCancel(t.Context())
		if err := execute(ctx, admin, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return withDatabase(admin, name).String()
}

// adminURL is where databases are created: the server named by [EnvURL], or
// the one that this process starts for itself.
func adminURL() (*url.URL, error) {
	if given := os.Getenv(EnvURL); given != "" {
		u, err := url.Parse(given)
		if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			return nil, errors.New(EnvURL + " is not a postgres:// URL")
		}
		return u, nil
	}
	s, err := shared()
	if err != nil {
		return nil, err
	}
	return s.url, nil
}

// giveUp ends the test: a missing PostgreSQL is excused on a developer's
// machine, and nothing else is. The go command does not see that a program has
// been installed since, and would repeat a skipped test from its cache.
func giveUp(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skipf("pgtest: SKIPPED, %v; then go clean -testcache", err)
	}
	t.Fatalf("pgtest: %v", err)
}

func execute(ctx context.Context, admin *url.URL, statement string) error {
	conn, err := pgx.Connect(ctx, admin.String())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func withDatabase(u *url.URL, name string) *url.URL {
	other := *u
	other.Path = "/" + name
	return &other
}
