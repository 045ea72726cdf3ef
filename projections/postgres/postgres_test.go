package postgres_test

import (
	"context"
	"errors"
	"fmt"
	neturl "net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/backendtest"
	"github.com/kintolog/kintolog/projections/postgres"
	"github.com/kintolog/kintolog/projections/sqlite"
)

func open(t testing.TB) projections.Store {
	t.Helper()
	return openWith(t, postgres.Options{URL: pgtest.New(t)})
}

func openWith(t testing.TB, options postgres.Options) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), options)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}

func TestSuite(t *testing.T) {
	t.Parallel()
	backendtest.Run(t, open)
}

func TestAnswersTheSameBytesAsSQLite(t *testing.T) {
	t.Parallel()
	other, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "other.db"))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := other.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	backendtest.Compare(t, open(t), other)
}

// The database of pgtest has the collation C; most databases have that of a language.
func TestAnswersTheSameBytesInAnotherCollation(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	admin, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	name := admin.Config().Database + "_icu"
	if _, err := admin.Exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'"); err != nil {
		t.Skipf("this server has no ICU: %v", err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if _, err := admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop: %v", err)
		}
		if err := admin.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	u, err := neturl.Parse(url)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	u.Path = "/" + name
	var schemas atomic.Int64
	backendtest.Run(t, func(t testing.TB) projections.Store {
		t.Helper()
		return openWith(t, postgres.Options{URL: u.String(), Schema: fmt.Sprintf("s%d", schemas.Add(1))})
	})
}

func TestStartersMigrateOneAtATime(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	var starters sync.WaitGroup
	for range 6 {
		starters.Go(func() {
			store, err := postgres.Open(t.Context(), postgres.Options{URL: url, Schema: "together"})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			if err := store.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	starters.Wait()
}

func TestOpenRefusesALaterSchema(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	openWith(t, postgres.Options{URL: url, Schema: "later"})
	if _, err := connect(t, url).Exec(t.Context(), "INSERT INTO later.goose_db_version (version_id, is_applied) VALUES (99, true)"); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Open(t.Context(), postgres.Options{URL: url, Schema: "later"}); !errors.Is(err, projections.ErrNewer) {
		t.Errorf("Open = %v, want ErrNewer", err)
	}
}

func TestSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	admin := connect(t, url)
	name := admin.Config().Database + "_ascii"
	if _, err := admin.Exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"); err != nil {
		t.Fatalf("CREATE DATABASE: %v", err)
	}
	ascii := strings.Replace(url, admin.Config().Database, name, 1)
	for _, c := range []struct {
		options postgres.Options
		want    string
	}{
		{postgres.Options{URL: ascii}, "UTF8 is needed"},
		{postgres.Options{URL: url, Schema: "No Such"}, "schema name"},
		{postgres.Options{URL: "postgres://127.0.0.1:1/nothing"}, projections.ErrUnavailable.Error()},
	} {
		_, err := postgres.Open(t.Context(), c.options)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Open(%+v) = %v, want an error with %q", c.options, err, c.want)
		}
	}
	if _, err := admin.Exec(t.Context(), "DROP DATABASE "+name); err != nil {
		t.Errorf("DROP DATABASE: %v", err)
	}
}

func TestHearsOfOtherProcessesAndSurvivesLostConnections(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	writing, watching := openWith(t, postgres.Options{URL: url}), openWith(t, postgres.Options{URL: url})
	positions, err := watching.Watch(t.Context())
	if err != nil {
		t.Fatalf("Watch: %v", err)
	}
	admin := connect(t, url)
	var tail eventstore.Tail
	for range 4 {
		next := eventstore.Tail{Position: tail.Position + 1}
		if err := writing.Apply(t.Context(), projections.Change{From: tail, To: next}); err != nil {
			t.Fatalf("Apply: %v", err)
		}
		for tail = next; <-positions < tail.Position; {
		}
		kill := "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database() AND pid <> pg_backend_pid()"
		if _, err := admin.Exec(t.Context(), kill); err != nil {
			t.Fatalf("terminate: %v", err)
		}
	}
}

// connect is a connection beside those of the store.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// TestAFullPageEndsItsStatement has one that would wait for a lock if it went on to its last row.
func TestAFullPageEndsItsStatement(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	store := openWith(t, postgres.Options{URL: url})
	admin := connect(t, url)
	for _, statement := range []string{
		`CREATE OR REPLACE FUNCTION sortable(v jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
		BEGIN IF v = '["last"]' THEN PERFORM pg_advisory_xact_lock(1); END IF; RETURN v; END $$`,
		"SELECT pg_advisory_lock(1)",
	} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	const length, inPage, all = 100_000, 3, 30 // what is beyond the page makes the server send the page
	step := projections.Step{}
	for i := range domain.Timestamp(all) {
		v := "other"
		if i == 0 {
			v = "last"
		}
		step.Objects = append(step.Objects, projections.Row{Object: domain.Object{
			URI: domain.URI(fmt.Sprintf("/l/o%d", i)), LastModified: 100 + i,
			Data: fmt.Appendf(nil, `{"v":[%q],"text":%q}`, v, strings.Repeat("x", length)),
		}})
	}
	change := projections.Change{To: eventstore.Tail{Position: 1}, Steps: []projections.Step{step}}
	if err := store.Apply(t.Context(), change); err != nil {
		t.Fatalf("Apply: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	q := domain.Query{
		Plural: "/l", Limit: 2 * all, Bytes: inPage * length,
		Filters: []domain.Filter{{Field: domain.Field{"v"}, Op: domain.Min, Values: [][]byte{[]byte("[]")}}},
	}
	for range 2 {
		_, page, err := store.List(ctx, domain.Needs{Scopes: []domain.Plural{"/l"}}, q)
		if err != nil || len(page.Objects) != inPage || !page.More {
			t.Fatalf("List = %d objects, more %t, %v, want %d and more", len(page.Objects), page.More, err, inPage)
		}
	}
	for waiting := 1; waiting > 0; {
		row := admin.QueryRow(ctx, "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "+
			"WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted")
		if err := row.Scan(&waiting); err != nil {
			t.Fatalf("statements that went on: %d, %v", waiting, err)
		}
	}
}

// TestBoundsAreMadeSortableOnce has a function that fails when it is called with one for the second time in a transaction.
func TestBoundsAreMadeSortableOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	store := openWith(t, postgres.Options{URL: url})
	admin := connect(t, url)
	const function = `CREATE OR REPLACE FUNCTION sortable(v jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
		BEGIN
			IF v IN ('["bound"]', '{"k":"bound"}') THEN
				IF current_setting('kintolog.bound', true) = v::text THEN RAISE EXCEPTION 'called again'; END IF;
				PERFORM set_config('kintolog.bound', v::text, true);
			END IF;
			RETURN v;
		END $$`
	if _, err := admin.Exec(t.Context(), function); err != nil {
		t.Fatalf("CREATE FUNCTION: %v", err)
	}
	step := projections.Step{}
	for i := range domain.Timestamp(9) {
		step.Objects = append(step.Objects, projections.Row{Object: domain.Object{
			URI: domain.URI(fmt.Sprintf("/l/o%d", i)), LastModified: 100 + i,
			Data: []byte([]string{`{"v":["a"]}`, `{"v":{"k":"a"}}`, `{"v":1}`}[i%3]),
		}})
	}
	change := projections.Change{To: eventstore.Tail{Position: 1}, Steps: []projections.Step{step}}
	if err := store.Apply(t.Context(), change); err != nil {
		t.Fatalf("Apply: %v", err)
	}
	v, at := domain.Field{"v"}, domain.Field{"last_modified"}
	for _, bound := range []string{`["bound"]`, `{"k":"bound"}`} {
		for name, q := range map[string]domain.Query{
			"filter": {Filters: []domain.Filter{{Field: v, Op: domain.Less, Values: [][]byte{[]byte(bound)}}}},
			"page":   {Sort: []domain.Sort{{Field: v, Descending: true}, {Field: at}}, After: [][]byte{[]byte(bound), []byte("1")}},
		} {
			q.Plural, q.Limit = "/l", 10
			if _, page, err := store.List(t.Context(), domain.Needs{}, q); err != nil || len(page.Objects) == 0 {
				t.Errorf("%s %s: got %d objects, %v", name, bound, len(page.Objects), err)
			}
		}
	}
}

func TestTellsRefusedDataApart(t *testing.T) {
	t.Parallel()
	store := openWith(t, postgres.Options{URL: pgtest.New(t)})
	row := projections.Row{Object: domain.Object{URI: "/l/a", Data: []byte(`{"a":"\u0000"}`)}}
	change := projections.Change{To: eventstore.Tail{Position: 1}, Steps: []projections.Step{{Objects: []projections.Row{row}}}}
	if err := store.Apply(t.Context(), change); !errors.Is(err, projections.ErrRefused) {
		t.Errorf("Apply = %v, want ErrRefused", err)
	}
	if err := store.Check(t.Context(), row); !errors.Is(err, projections.ErrRefused) {
		t.Errorf("Check = %v, want ErrRefused", err)
	}
	change.Steps[0].Objects[0].Refused = "test"
	if err := store.Apply(t.Context(), change); err != nil {
		t.Errorf("Apply to quarantine = %v", err)
	}
}
