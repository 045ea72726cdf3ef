package schema_test

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/kinto/schema"
)

func array(of string, n int) string {
	return "[" + strings.Join(slices.Repeat([]string{of}, n), ",") + "]"
}

const tooLarge = "schema: The object is not valid, and too large to tell why"

//nolint:paralleltest // it measures what the process allocates
func TestObjectsThatAreNotValidTakeBoundedMemory(t *testing.T) {
	const most = 64 << 20
	numbers, names := make([]string, 9000), make([]string, 50_000)
	for i := range numbers {
		numbers[i] = strconv.Itoa(i)
	}
	for i := range names {
		names[i] = `"X` + strconv.Itoa(i) + `":1`
	}
	required := make([]string, 2000)
	for i := range required {
		required[i] = `"name` + strconv.Itoa(i) + `"`
	}
	c := schema.New()
	for name, test := range map[string]struct{ schema, value, want string }{
		"one failure for each":   {`{"items":{"type":"string"}}`, array("1", 100_000), tooLarge},
		"many for each":          {`{"items":{"allOf":` + array(`{"type":"string"}`, 38) + `}}`, array("1", 25_000), tooLarge},
		"names":                  {`{"propertyNames":{"allOf":` + array(`{"pattern":"^[a-z]"}`, 20) + `}}`, "{" + strings.Join(names, ",") + "}", tooLarge},
		"names that are missing": {`{"items":{"required":[` + strings.Join(required, ",") + `]}}`, array("{}", 200), tooMuch},
		"of many schemas":        {`{"allOf":` + array(`{"type":"string"}`, 4900) + `}`, `1`, "v: 1 is not of type 'string'"},
		"of schemas in each other": {
			strings.Repeat(`{"allOf":[`, 50) + strings.Join(slices.Repeat([]string{`{"type":"string"}`}, 2000), ",") + strings.Repeat(`]}`, 50),
			`1`, "v: 1 is not of type 'string'",
		},
		"of as many elements as there may be": {`{"items":{"type":"string"}}`, array("1", 24_000), "23999: 1 is not of type 'string'"},
		"of as many schemas for each":         {`{"items":{"allOf":` + array(`{"type":"string"}`, 38) + `}}`, array("1", 1200), "1199: 1 is not of type 'string'"},
		"of as many alternatives for each": {
			`{"items":{"anyOf":` + array(`{"type":"string"}`, 38) + `}}`, array("1", 1200),
			"1199: 1 is not valid under any of the given schemas",
		},
		"of as many names as there may be": {
			`{"propertyNames":{"allOf":` + array(`{"pattern":"^[a-z]"}`, 18) + `}}`, "{" + strings.Join(names[:2400], ",") + "}",
			"v: 'X0' does not match '^[a-z]'",
		},
		"many comparisons": {`{"items":{"enum":[` + strings.Join(numbers, ",") + `]}}`, array("1000000", 5000), tooMuch},
	} {
		collection := `{"schema":` + value(test.schema) + `}`
		if _, err := c.CheckRecord(world{collection: collection, data: `{}`}.write(t)); err != nil { // compiles the schema
			t.Fatal(err)
		}
		w := world{collection: collection, data: `{"v":` + test.value + `}`}.write(t)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := c.CheckRecord(w)
		runtime.ReadMemStats(&after)
		if got := detail(t, err); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > most {
			t.Errorf("%s: %d bytes were allocated for %d bytes of data, want %d at most", name, got, len(w.Data), most)
		}
	}
}

func TestLargeObjectsAreValidatedAsSmallOnesAre(t *testing.T) {
	t.Parallel()
	c := schema.New()
	for _, document := range []string{
		`{"properties":{"v":{"items":{"type":"number"}}}}`,
		`{"$schema":"https://json-schema.org/draft/2020-12/schema","$dynamicAnchor":"n","properties":{"v":{"items":{"$dynamicRef":"#n"}}},"type":["object","number"]}`,
		`{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveAnchor":true,"properties":{"v":{"items":{"$recursiveRef":"#"}}},"type":["object","number"]}`,
		`{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"v":{"items":{"$ref":"#"}}},"type":["object","number"]}`,
	} {
		for value, want := range map[string]string{"1": "", `"x"`: tooLarge} {
			w := world{collection: `{"schema":` + document + `}`, data: `{"v":` + array(value, 60_000) + `}`}.write(t)
			if _, err := c.CheckRecord(w); detail(t, err) != want {
				t.Errorf("%s with many %s: got %v, want %s", document, value, err, want)
			}
		}
	}
}

// TestTheSameSchemaIsRefusedWithTheSameWords, however often it is compiled anew.
func TestTheSameSchemaIsRefusedWithTheSameWords(t *testing.T) {
	t.Parallel()
	const document = `{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"minLength":true},"b":{"minLength":true},"c":{"minLength":true},"d":true}}`
	for range 50 {
		_, err := schema.New().CheckRecord(world{collection: `{"schema":` + document + `}`, data: `{}`}.write(t))
		if got, want := detail(t, err), "schema: The schema is not valid in its dialect, at '/properties/a/minLength'"; got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}
