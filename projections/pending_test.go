package projections_test

import (
	"path/filepath"
	"testing"

	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/projections/postgres"
	"github.com/kintolog/kintolog/projections/sqlite"
)

func TestPendingTellsWhatOpenWillDo(t *testing.T) {
	t.Parallel()
	path, url := filepath.Join(t.TempDir(), "model.db"), pgtest.New(t)
	for name, b := range map[string]struct {
		pending func() ([]string, error)
		open    func() (interface{ Close() error }, error)
	}{
		"sqlite": {
			func() ([]string, error) { return sqlite.Pending(t.Context(), path) },
			func() (interface{ Close() error }, error) { return sqlite.Open(t.Context(), path) },
		},
		"postgres": {
			func() ([]string, error) { return postgres.Pending(t.Context(), postgres.Options{URL: url}) },
			func() (interface{ Close() error }, error) {
				return postgres.Open(t.Context(), postgres.Options{URL: url})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // to look changes nothing
				if got, err := b.pending(); err != nil || len(got) == 0 {
					t.Errorf("before it is made: %v, %v, want the migrations", got, err)
				}
			}
			store, err := b.open()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := b.pending(); err != nil || len(got) > 0 {
				t.Errorf("while it is open: %v, %v, want nothing", got, err)
			}
			if err := store.Close(); err != nil {
				t.Error(err)
			}
			if got, err := b.pending(); err != nil || len(got) > 0 {
				t.Errorf("after it was closed: %v, %v, want nothing", got, err)
			}
		})
	}
}
