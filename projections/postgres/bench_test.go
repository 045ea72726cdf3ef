package postgres_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/kintolog/kintolog/internal/pgtest"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/backendtest"
	"github.com/kintolog/kintolog/projections/postgres"
)

func BenchmarkStore(b *testing.B) { backendtest.Benchmark(b, open) }

// BenchmarkDriver is what the driver takes for one row by its key, and for a hundred rows, without us.
func BenchmarkDriver(b *testing.B) {
	url := pgtest.New(b)
	backendtest.Fill(b, func(t testing.TB) projections.Store { return openWith(t, postgres.Options{URL: url}) }, 10_000)
	pool, err := pgxpool.New(b.Context(), url)
	if err != nil {
		b.Fatalf("New: %v", err)
	}
	b.Cleanup(pool.Close)
	b.Run("Point", func(b *testing.B) {
		var at int64
		var data []byte
		for i := range b.N {
			row := pool.QueryRow(b.Context(), "SELECT last_modified, data FROM objects WHERE plural = $1 AND id = $2", string(backendtest.Records), fmt.Sprintf("r%d", i%10_000))
			if err := row.Scan(&at, &data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("PointParallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			var at int64
			var data []byte
			for i := 0; pb.Next(); i++ {
				row := pool.QueryRow(b.Context(), "SELECT last_modified, data FROM objects WHERE plural = $1 AND id = $2", string(backendtest.Records), fmt.Sprintf("r%d", i%10_000))
				if err := row.Scan(&at, &data); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("List100", func(b *testing.B) {
		for range b.N {
			rows, err := pool.Query(b.Context(), "SELECT id, last_modified, created, deleted, data FROM objects WHERE plural = $1 ORDER BY last_modified DESC LIMIT 100", string(backendtest.Records))
			if err != nil {
				b.Fatal(err)
			}
			var id string
			var at, created int64
			var deleted bool
			var data []byte
			n := 0
			_, err = pgx.ForEachRow(rows, []any{&id, &at, &created, &deleted, &data}, func() error { n++; return nil })
			if err != nil || n != 100 {
				b.Fatal(n, err)
			}
		}
	})
}
