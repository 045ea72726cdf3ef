package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/kinto/schema"
)

// BenchmarkCheckRecord validates a record of 1 KB by a schema that was used before.
func BenchmarkCheckRecord(b *testing.B) {
	var properties, members strings.Builder
	for i := range 20 {
		fmt.Fprintf(&properties, `"field%d":{"type":"string","maxLength":100},`, i)
		fmt.Fprintf(&members, `"field%d":"some text of about twenty",`, i)
	}
	document := `{"type":"object","properties":{` + properties.String() +
		`"tags":{"type":"array","items":{"type":"string","pattern":"^[a-z]+$"}},"size":{"type":"integer","minimum":0},` +
		`"author":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}},` +
		`"required":["field0","author"],"additionalProperties":false}`
	record := `{"id":"r",` + members.String() + `"tags":["one","two","three"],"size":5,` +
		`"author":{"name":"` + strings.Repeat("n", 100) + `"}}`
	w := world{bucket: `{}`, collection: `{"schema":` + document + `}`, data: record}.write(b)
	c := schema.New()
	b.SetBytes(int64(len(w.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.CheckRecord(w); err != nil {
			b.Fatal(err)
		}
	}
}
