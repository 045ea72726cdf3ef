package server_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/internal/natstest"
	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/server"
)

// files are those of the read model in a data folder, by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, name := range names {
		if content, err := os.ReadFile(name); err == nil {
			all[filepath.Base(name)] = string(content)
		}
	}
	return all
}

func TestInspectMakesNothing(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]server.Config{
		"embedded": {DataDir: filepath.Join(t.TempDir(), "data")},
		"external": {Log: server.LogConfig{URL: natstest.Listening(t).ClientURL()}, Model: server.ModelConfig{Postgres: pgtest.New(t)}},
	} {
		if _, err := server.Inspect(t.Context(), config); !errors.Is(err, jetstream.ErrMissing) {
			t.Errorf("%s: got %v, want that there is no log", name, err)
		}
		if _, err := server.Inspect(t.Context(), config); !errors.Is(err, jetstream.ErrMissing) {
			t.Errorf("%s, again: got %v, want that there is no log", name, err)
		}
		if err := server.Rebuild(t.Context(), server.App{}, config, nil); !errors.Is(err, jetstream.ErrMissing) {
			t.Errorf("%s: a rebuild: got %v, want that there is no log", name, err)
		}
	}
}

func TestInspectTellsHowFarTheReadModelIsAndChangesNothing(t *testing.T) {
	t.Parallel()
	app, config := definition()
	config.Memory, config.DataDir = false, t.TempDir()
	s, err := server.Open(t.Context(), app, config)
	if err != nil {
		t.Fatal(err)
	}
	ask(t, s, "alice", "PUT /buckets/b", "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before := files(t, config.DataDir)
	if p, err := server.Inspect(t.Context(), config); err != nil || p.Position != 2 || p.Tail != 2 || p.Lag() != 0 {
		t.Errorf("got %+v, %v, want two entries of two", p, err)
	}
	after := files(t, config.DataDir)
	if len(before) != 1 || len(after) != 1 || before["readmodel.db"] != after["readmodel.db"] {
		t.Errorf("the files of the read model are others than before: %d, were %d", len(after), len(before))
	}
	if err := os.Remove(filepath.Join(config.DataDir, "readmodel.db")); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Inspect(t.Context(), config); !errors.Is(err, projections.ErrMissing) || len(files(t, config.DataDir)) > 0 {
		t.Errorf("got %v, want that there is no read model, and none made", err)
	}
}
