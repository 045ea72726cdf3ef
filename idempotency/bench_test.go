package idempotency_test

import (
	"fmt"
	"testing"

	"github.com/kintolog/kintolog/server"
)

// BenchmarkCreate compares creations without a key and with one, on a log that syncs always.
func BenchmarkCreate(b *testing.B) {
	for _, keyed := range []bool{false, true} {
		b.Run(fmt.Sprintf("keyed=%t", keyed), func(b *testing.B) {
			s := open(b, server.Config{DataDir: b.TempDir()})
			prepare(b, s)
			for n := 0; b.Loop(); n++ {
				header := "Accept: */*"
				if keyed {
					header = fmt.Sprint("Idempotency-Key: ", n)
				}
				if a := send(b, s, "POST "+records, `{"data":{"title":"hello world"}}`, header); a.status != 201 {
					b.Fatalf("got %d %s", a.status, a.body)
				}
			}
		})
	}
}
