package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/backendtest"
	"github.com/kintolog/kintolog/projections/sqlite"
)

func BenchmarkStore(b *testing.B) { backendtest.Benchmark(b, open) }

// BenchmarkDriver is what the driver takes for one row by its key, and for a hundred rows, without us.
func BenchmarkDriver(b *testing.B) {
	path := filepath.Join(b.TempDir(), "raw.db")
	backendtest.Fill(b, func(testing.TB) projections.Store {
		store, err := sqlite.Open(b.Context(), path)
		if err != nil {
			b.Fatalf("Open: %v", err)
		}
		b.Cleanup(func() { _ = store.Close() })
		return store
	}, 10_000)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatalf("Open: %v", err)
	}
	b.Cleanup(func() { _ = db.Close() })
	point, err := db.PrepareContext(b.Context(), "SELECT last_modified, data FROM objects WHERE scope = (SELECT number FROM scopes WHERE plural = ?) AND id = ?")
	if err != nil {
		b.Fatalf("Prepare: %v", err)
	}
	list, err := db.PrepareContext(b.Context(), "SELECT id, last_modified, created, deleted, data FROM objects WHERE scope = (SELECT number FROM scopes WHERE plural = ?) ORDER BY last_modified DESC LIMIT 100")
	if err != nil {
		b.Fatalf("Prepare: %v", err)
	}
	b.Run("Point", func(b *testing.B) {
		var at int64
		var data []byte
		for i := range b.N {
			if err := point.QueryRow(string(backendtest.Records), fmt.Sprintf("r%d", i%10_000)).Scan(&at, &data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("List100", func(b *testing.B) {
		for range b.N {
			rows, err := list.Query(string(backendtest.Records))
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for ; rows.Next(); n++ {
				var id string
				var at, created int64
				var deleted bool
				var data []byte
				if err := rows.Scan(&id, &at, &created, &deleted, &data); err != nil {
					b.Fatal(err)
				}
			}
			if err := rows.Err(); err != nil || n != 100 {
				b.Fatal(n, err)
			}
		}
	})
}
