package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/backendtest"
	"github.com/kintolog/kintolog/projections/sqlite"
)

func open(t testing.TB) projections.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "read model?#%20.db"))
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

func TestADamagedFileIsToldWithWhatToDo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "model.db")
	store, err := sqlite.Open(t.Context(), path)
	if err == nil {
		err = store.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	for name, damaged := range map[string][]byte{
		"another file":            bytes.Repeat([]byte("this is not a database"), 1000),
		"cut off":                 whole[:len(whole)/2],
		"the table of migrations": slices.Concat(whole[:page], bytes.Repeat([]byte("x"), page), whole[2*page:]),
		"all pages but the first": slices.Concat(whole[:page], make([]byte, len(whole)-page)),
	} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Open(t.Context(), path); !errors.Is(err, projections.ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want ErrDamaged of %s", name, err, path)
		}
		next, err := sqlite.NewGeneration(t.Context(), path)
		if err == nil {
			err = errors.Join(next.Replace(t.Context(), func(context.Context) error { return nil }), next.Close())
		}
		if err == nil {
			store, err = sqlite.Open(t.Context(), path)
		}
		if err == nil {
			err = store.Close()
		}
		if err != nil {
			t.Errorf("%s: a new one does not take its place: %v", name, err)
		}
	}
}

func TestWhatIsDamagedInsideIsToldWithTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "model.db")
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(store.Apply(t.Context(), projections.Change{To: eventstore.Tail{Position: 1}}), store.Close())
	if err != nil {
		t.Fatal(err)
	}
	damage(t, path, "quarantine")
	if store, err = sqlite.Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if _, err := store.Quarantined(t.Context()); !errors.Is(err, projections.ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want ErrDamaged of %s", err, path)
	}
}

// damage overwrites the first page of a table.
func damage(t *testing.T, path, table string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	var page, size int64
	row := db.QueryRowContext(t.Context(), "SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = ?", table)
	if err := errors.Join(row.Scan(&page, &size), db.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		_, err = f.WriteAt(bytes.Repeat([]byte("x"), int(size)), (page-1)*size)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOthersOnTheMachineReadNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "model.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.Apply(t.Context(), projections.Change{To: eventstore.Tail{Position: 1}}); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3 {
		t.Errorf("got %v, %v, want the database and the two files beside it", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want 0600", f.Name(), info.Mode(), err)
		}
	}
}

func TestCloseLeavesOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "model.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, readErr := store.Load(t.Context(), domain.Needs{Objects: []domain.URI{"/l/a"}})
	err = store.Apply(t.Context(), projections.Change{To: eventstore.Tail{Position: 1}})
	if err := errors.Join(readErr, err, store.Close()); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("left are %v, %v: the database is still open", files, err)
	}
}
