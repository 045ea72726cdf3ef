package jsondoc_test

import (
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// record is a document of about 1 KB.
var record = []byte(`{"title":"A record of an ordinary size, as clients store them","count":42,"ratio":0.75,"done":false,"parent":null,` +
	`"tags":["alpha","beta","gamma","delta"],"author":{"name":"Ada Lovelace","email":"ada@example.org","address":{"city":"London","zip":"W1"}},` +
	`"body":"` + strings.Repeat("Lorem ipsum dolor sit amet, ", 20) + `","history":[{"at":1700000000000,"by":"a"},{"at":1700000001000,"by":"b"}],` +
	`"last_modified":1700000002000,"id":"f2b5a1f0-4b6e-4f3c-9d0e-1c2b3a4d5e6f"}`)

func BenchmarkNormalize(b *testing.B) {
	b.SetBytes(int64(len(record)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jsondoc.Normalize(record, jsondoc.DefaultLimits); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWith(b *testing.B) {
	b.ReportAllocs()
	id, stamp := field("id", `"x"`), field("last_modified", "1700000003000")
	for b.Loop() {
		jsondoc.With(record, id, stamp)
	}
}

func BenchmarkLookup(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		jsondoc.Lookup(record, "last_modified")
	}
}

func BenchmarkAppendKey(b *testing.B) {
	b.ReportAllocs()
	var key []byte
	for b.Loop() {
		key = jsondoc.AppendKey(key[:0], record)
	}
}

func BenchmarkAppendKeyOfNumber(b *testing.B) {
	b.ReportAllocs()
	var key []byte
	for b.Loop() {
		key = jsondoc.AppendKey(key[:0], []byte("1700000003000"))
	}
}
