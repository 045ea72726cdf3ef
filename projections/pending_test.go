package projections_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/postgres"
	"github.com/kintolog/kintolog/projections/sqlite"
)

func TestToLookTellsWhatOpenWillDo(t *testing.T) {
	t.Parallel()
	path, url := filepath.Join(t.TempDir(), "model.db"), pgtest.New(t)
	for name, b := range map[string]struct {
		pending func() ([]string, error)
		look    func() (projections.Outline, error)
		open    func() (projections.Store, error)
		alter   func(statement string) error
	}{
		"sqlite": {
			func() ([]string, error) { return sqlite.Pending(t.Context(), path) },
			func() (projections.Outline, error) { return sqlite.Look(t.Context(), path) },
			func() (projections.Store, error) { return sqlite.Open(t.Context(), path) },
			func(statement string) error { return execute(t, "sqlite", path, statement) },
		},
		"postgres": {
			func() ([]string, error) { return postgres.Pending(t.Context(), postgres.Options{URL: url}) },
			func() (projections.Outline, error) { return postgres.Look(t.Context(), postgres.Options{URL: url}) },
			func() (projections.Store, error) { return postgres.Open(t.Context(), postgres.Options{URL: url}) },
			func(statement string) error { return execute(t, "pgx", url, statement) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // to look changes nothing
				if got, err := b.pending(); err != nil || len(got) == 0 {
					t.Errorf("before it is made: %v, %v, want the migrations", got, err)
				}
				if got, err := b.look(); !errors.Is(err, projections.ErrMissing) {
					t.Errorf("before it is made: %v, %v, want ErrMissing", got, err)
				}
			}
			store, err := b.open()
			if err != nil {
				t.Fatal(err)
			}
			end := eventstore.Tail{Position: 7}
			set := projections.Step{Objects: []projections.Row{{Resource: "list", Position: 3, Object: domain.Object{URI: "/l/a"}, Refused: "no"}}}
			if err := store.Apply(t.Context(), projections.Change{To: end, Steps: []projections.Step{set}}); err != nil {
				t.Fatal(err)
			}
			if got, err := b.look(); err != nil || got.Checkpoint != end || len(got.Quarantined) != 1 || got.Quarantined[0].Refused != "no" {
				t.Errorf("while it is open: %+v, %v, want what was applied", got, err)
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
			if got, err := b.look(); err != nil || got.Checkpoint != end {
				t.Errorf("after it was closed: %+v, %v, want what was applied", got, err)
			}
			if name == "sqlite" { // there is one version of the other
				for range 2 {
					err := b.alter("DELETE FROM goose_db_version WHERE version_id = 3")
					if got, lookErr := b.look(); err != nil || !errors.Is(lookErr, projections.ErrOlder) {
						t.Errorf("of an earlier version: %v, %v, %v, want ErrOlder", got, err, lookErr)
					}
				}
			}
			err = b.alter("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)")
			if got, lookErr := b.look(); err != nil || !errors.Is(lookErr, projections.ErrNewer) {
				t.Errorf("of a later version: %v, %v, %v, want ErrNewer", got, err, lookErr)
			}
		})
	}
}

func execute(t *testing.T, driver, where, statement string) error {
	t.Helper()
	db, err := sql.Open(driver, where)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(t.Context(), statement)
	return errors.Join(err, db.Close())
}
