package sqlite_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
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
	if err := os.WriteFile(path, bytes.Repeat([]byte("this is not a database"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path); !errors.Is(err, sqlite.ErrDamaged) {
		t.Errorf("got %v, want %v", err, sqlite.ErrDamaged)
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
