package sqlite_test

import (
	"path/filepath"
	"testing"

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
