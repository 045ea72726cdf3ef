package sqlite_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/sqlite"
)

// first is a file as the first migration leaves it, with what the statements add.
func first(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = provider.UpTo(t.Context(), 1)
	for _, statement := range statements {
		_, execErr := db.ExecContext(t.Context(), statement)
		err = errors.Join(err, execErr)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func aces(t *testing.T, store projections.Store) (lines []string) {
	t.Helper()
	err := store.Dump(t.Context(), func(line string) error {
		if ace, ok := strings.CutPrefix(line, "aces\t"); ok {
			lines = append(lines, ace)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestOpenMovesTheFirstSchemaOn(t *testing.T) {
	t.Parallel()
	path := first(t,
		`INSERT INTO scopes VALUES ('/l', 'list', 7, 2, 4)`,
		`INSERT INTO objects VALUES ('/l', 'a', 'list', 5, 5, 0, '{"id":"a"}', '{"read":["eve"],"write":["bob","eve"]}', 2)`,
		`INSERT INTO objects VALUES ('/l', 'b', 'list', 6, 6, 0, '{"id":"b"}', '', 3)`,
		`INSERT INTO objects VALUES ('/l', 'c', 'list', 7, 7, 1, '{"id":"c"}', '', 4)`,
		`INSERT INTO aces VALUES ('bob', '/l', 'write', 'a'), ('eve', '/l', 'read', 'a'), ('eve', '/l', 'write', 'a')`)
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	snapshot, err := store.Load(t.Context(), domain.Needs{Objects: []domain.URI{"/l/a", "/l/b", "/l/c"}})
	if err != nil || len(snapshot.Objects) != 3 || !snapshot.Objects["/l/c"].Deleted {
		t.Errorf("got %v, %v, want all three objects", snapshot.Objects, err)
	}
	want := []string{"bob\t/l\twrite\ta", "eve\t/l\tread\ta", "eve\t/l\twrite\ta"}
	if got := aces(t, store); !slices.Equal(got, want) {
		t.Errorf("got permissions %q, want %q", got, want)
	}
	row := projections.Row{Resource: "list", Position: 5, Object: domain.Object{
		URI: "/l/a", LastModified: 8, Created: 5, Data: []byte(`{"id":"a"}`), Permissions: domain.Permissions{"write": {"eve"}},
	}}
	err = store.Apply(t.Context(), projections.Change{
		To: eventstore.Tail{Position: 5}, Steps: []projections.Step{{Objects: []projections.Row{row}}},
	})
	if got, want := aces(t, store), []string{"eve\t/l\twrite\ta"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("after a change got permissions %q, %v, want %q", got, err, want)
	}
}

func TestOpenRefusesALaterSchema(t *testing.T) {
	t.Parallel()
	path := first(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
	if _, err := sqlite.Open(t.Context(), path); !errors.Is(err, projections.ErrNewer) {
		t.Errorf("Open = %v, want ErrNewer", err)
	}
}
