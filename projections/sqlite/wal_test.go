package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/sqlite"
)

// What is written goes through a log beside the database, which must not grow with all that is written, even if writers
// never pause.
func TestTheWriteAheadLogStaysBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "model.db")
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	data := []byte(`{"text":"` + strings.Repeat("x", 1<<20) + `"}`)
	from, size := eventstore.Tail{}, int64(0)
	for i := range 600 {
		to := eventstore.Tail{Position: from.Position + 1}
		row := projections.Row{Resource: "list", Position: to.Position, Object: domain.Object{
			URI: domain.URI(fmt.Sprintf("/l/%d", i%50)), LastModified: domain.Timestamp(to.Position), Data: data,
		}}
		scope := projections.ScopeChange{Plural: "/l", Resource: "list", Timestamp: row.LastModified, Position: to.Position}
		step := projections.Step{Objects: []projections.Row{row}, Scopes: []projections.ScopeChange{scope}}
		if err := store.Apply(t.Context(), projections.Change{From: from, To: to, Steps: []projections.Step{step}}); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		from, size = to, max(size, info.Size())
	}
	if size < 64<<20 || size > 255<<20 {
		t.Errorf("it had up to %d MiB, want some 128, and less than the 256 at which the writer moves pages itself", size>>20)
	}
}
