package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/kinto/schema"
)

// world is a write below a bucket and a collection, given as JSON; "" is none.
type world struct {
	bucket, collection, data string
	partial                  bool
}

const version = 1700000000123

func (w world) write(t testing.TB) domain.Write {
	t.Helper()
	above := map[string]domain.Object{}
	for name, data := range map[string]string{"bucket": w.bucket, "collection": w.collection} {
		if data != "" {
			above[name] = domain.Object{URI: "/buckets/b", LastModified: version, Data: normal(t, data)}
		}
	}
	return domain.Write{
		Data: normal(t, w.data), Given: true, Partial: w.partial,
		Ancestor: func(name string) domain.Object { return above[name] },
	}
}

func normal(t testing.TB, text string) []byte {
	t.Helper()
	document, err := jsondoc.Normalize([]byte(text), jsondoc.DefaultLimits)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return document
}

// detail is the error as "name: description", "" if there is none.
func detail(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*domain.Error](err)
	if !ok || e.Code != domain.Invalid || len(e.Details) != 1 || e.Details[0].Location != domain.InBody {
		t.Fatalf("got %#v, want an Invalid error with one detail in the body", err)
	}
	return fmt.Sprintf("%v: %s", e.Details[0].Name, e.Details[0].Description)
}

const longPaths = "The schema has too many values too deep inside or under long names"

func TestCheckDocumentsWantsDraft7(t *testing.T) {
	t.Parallel()
	c := schema.New()
	for document, want := range map[string]string{
		`{}`:                            ``,
		`{"type":"object"}`:             ``,
		`{"items":[{"type":"string"}]}`: ``, // draft 7, though not 2020-12
		`{"$schema":"http://json-schema.org/draft-04/schema#","exclusiveMinimum":true}`: `exclusiveMinimumTrue is not of type 'number'`,
		`{"$ref":"#/nowhere"}`:           ``,
		`{"type":"Washmachine"}`:         `type'Washmachine' is not valid under any of the given schemas`,
		`{"properties":{"a":1}}`:         `a1 is not of type 'object', 'boolean'`,
		`{"required":["a",1]}`:           `11 is not of type 'string'`,
		`{"minLength":-1}`:               `minLength-1 is less than the minimum of 0`,
		`{"pattern":"["}`:                `pattern'[' is not a 'regex'`,
		`{"pattern":"(?=a)"}`:            `pattern'(?=a)' is not a 'regex'`,
		`{"patternProperties":{"[":{}}}`: `patternProperties'[' is not a 'regex'`,
		`{"allOf":[]}`:                   `allOf[] should be non-empty`,
		`"text"`:                         `"text" is not a mapping type: Does not implement dict-like functionality.`,
		`null`:                           `"None" is not a mapping type: Does not implement dict-like functionality.`,
		`[]`:                             `"[]" is not a mapping type: Does not implement dict-like functionality.`,
		`{"pattern":"` + strings.Repeat("a{1000}", 30) + `"}`:                                                                `The patterns of the schema are too large`,
		`{"properties":{"` + strings.Repeat("n", 20_000) + `":{"allOf":` + array(`{}`, 10) + `}}}`:                           ``,
		`{"properties":{"` + strings.Repeat("n", 20_000) + `":{"allOf":` + array(`{}`, 200) + `}}}`:                          longPaths,
		`{"$id":"http://h/` + strings.Repeat("n", 20_000) + `","allOf":` + array(`{}`, 200) + `}`:                            longPaths,
		`{"properties":{"id":{"description":"` + strings.Repeat("d", 20_000) + `"},"v":{"allOf":` + array(`{}`, 200) + `}}}`: ``,
		strings.Repeat(`{"not":`, 150) + `{"allOf":` + array(`{}`, 4000) + `}` + strings.Repeat(`}`, 150):                    longPaths,
	} {
		if want != "" {
			want = "data.schema: " + want
		}
		w := world{data: `{"id":"c","schema":` + document + `}`}.write(t)
		if got := detail(t, c.CheckDocuments(w, "schema")); got != want {
			t.Errorf("schema %s:\n got %s\nwant %s", document, got, want)
		}
	}
}

func TestCheckDocumentsNamesTheAttribute(t *testing.T) {
	t.Parallel()
	c := schema.New()
	const data = `{"id":"b","collection:schema":{},"record:schema":{"type":"x"},"group:schema":7}`
	attributes := []string{"collection:schema", "record:schema", "group:schema"}
	got := detail(t, c.CheckDocuments(world{data: data}.write(t), attributes...))
	if want := "data.record:schema: type'x' is not valid under any of the given schemas"; got != want {
		t.Errorf("put: got %s, want %s", got, want)
	}
	got = detail(t, c.CheckDocuments(world{data: data, partial: true}.write(t), "group:schema"))
	if want := `group:schema: "7" is not a mapping type: Does not implement dict-like functionality.`; got != want {
		t.Errorf("patch: got %s, want %s", got, want)
	}
	if got := detail(t, c.CheckDocuments(world{data: data}.write(t), "schema")); got != "" {
		t.Errorf("other attribute: got %s, want no error", got)
	}
}

func TestCheckDocumentsBoundsTheSize(t *testing.T) {
	t.Parallel()
	c := schema.New()
	for _, document := range []string{
		`{"description":"` + strings.Repeat("x", 300_000) + `"}`,
		`{"allOf":[true` + strings.Repeat(",true", 20_000) + `]}`,
	} {
		w := world{data: `{"schema":` + document + `}`}.write(t)
		if got := detail(t, c.CheckDocuments(w, "schema")); !strings.HasPrefix(got, "data.schema: The schema ") {
			t.Errorf("schema %.30s...: got %q, want an error about its size", document, got)
		}
	}
}

func TestCheckRecordSetsTheVersion(t *testing.T) {
	t.Parallel()
	c := schema.New()
	for _, test := range []struct {
		world
		want string
	}{
		{world{collection: `{"schema":{}}`, data: `{"id":"r","a":1}`}, `{"id":"r","a":1,"schema":1700000000123}`},
		{world{collection: `{"schema":{}}`, data: `{"id":"r","schema":42,"a":1}`}, `{"id":"r","schema":1700000000123,"a":1}`},
		{world{collection: `{}`, data: `{"id":"r","schema":42}`}, `{"id":"r","schema":42}`},
		{world{bucket: `{"record:schema":{}}`, collection: `{}`, data: `{"id":"r"}`}, `{"id":"r"}`},
		{world{data: `{"id":"r"}`}, `{"id":"r"}`},
	} {
		got, err := c.CheckRecord(test.write(t))
		if err != nil || string(got) != test.want {
			t.Errorf("%+v: got %s %v, want %s", test.world, got, err, test.want)
		}
	}
}

func TestIgnoredAttributes(t *testing.T) {
	t.Parallel()
	c := schema.New()
	const record = `{"id":"r","last_modified":5,"schema":7,"a":1}`
	for document, want := range map[string]string{
		`{"required":["id","last_modified","schema"]}`:                                   ``,
		`{"required":["id","b","schema"]}`:                                               `b: 'b' is a required property`,
		`{"properties":{"a":true},"additionalProperties":false}`:                         ``,
		`{"properties":{"schema":{"type":"string"},"last_modified":{"type":"string"}}}`:  ``,
		`{"properties":{"id":{"type":"integer"}}}`:                                       `id: 'r' is not of type 'integer'`,
		`{"properties":{"id":{"type":"string"}},"required":["id"]}`:                      ``,
		`{"properties":{"id":{"type":"string"}},"required":["id","c","last_modified"]}`:  `c: 'c' is a required property`,
		`{"properties":{"a":true,"id":true},"additionalProperties":false,"required":[]}`: ``,
	} {
		_, err := c.CheckRecord(world{collection: `{"schema":` + document + `}`, data: record}.write(t))
		if got := detail(t, err); got != want {
			t.Errorf("record by %s: got %q, want %q", document, got, want)
		}
	}
	// Only records have a schema attribute of their own.
	w := world{bucket: `{"collection:schema":{"required":["schema","id"]}}`, data: `{"id":"c"}`}.write(t)
	_, err := c.CheckCollection(w)
	if got, want := detail(t, err), "schema: 'schema' is a required property"; got != want {
		t.Errorf("collection: got %q, want %q", got, want)
	}
}

func TestEachSchemaIsAppliedToItsObjects(t *testing.T) {
	t.Parallel()
	c := schema.New()
	const bucket = `{"group:schema":{"required":["g"]},"collection:schema":{"required":["c"]},"record:schema":{"required":["r"]}}`
	for name, test := range map[string]struct {
		check func(domain.Write) ([]byte, error)
		want  string
	}{
		"group":      {c.CheckGroup, "g: 'g' is a required property"},
		"collection": {c.CheckCollection, "c: 'c' is a required property"},
		"record":     {c.CheckRecord, "r: 'r' is a required property"},
	} {
		_, err := test.check(world{bucket: bucket, collection: `{}`, data: `{"id":"x"}`}.write(t))
		if got := detail(t, err); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
		data, err := test.check(world{bucket: bucket, data: `{"id":"x","g":1,"c":1,"r":1}`}.write(t))
		if err != nil || string(data) != `{"id":"x","g":1,"c":1,"r":1}` {
			t.Errorf("valid %s: got %s %v, want it unchanged", name, data, err)
		}
	}
	// The schema of the collection comes first.
	_, err := c.CheckRecord(world{bucket: bucket, collection: `{"schema":{"required":["s"]}}`, data: `{}`}.write(t))
	if got, want := detail(t, err), "s: 's' is a required property"; got != want {
		t.Errorf("both: got %q, want %q", got, want)
	}
}

func TestCheckRecordIsPure(t *testing.T) {
	t.Parallel()
	c := schema.New()
	w := world{collection: `{"schema":{"properties":{"a":{"type":"integer"}}}}`, data: `{"id":"r","a":"x","schema":1}`}.write(t)
	before := string(w.Data)
	first := detail(t, second(c.CheckRecord(w)))
	for range 3 {
		if got := detail(t, second(c.CheckRecord(w))); got != first || string(w.Data) != before {
			t.Fatalf("got %s on %s, want %s on %s", got, w.Data, first, before)
		}
	}
}

func second(_ []byte, err error) error { return err }
