package schema

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/maypok86/otter/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// What is taken out of an object, and out of the names that its schema requires, before it is validated; the id stays if
// the properties of the schema mention it.
var (
	recordIgnores = []string{"last_modified", "schema", "id"}
	otherIgnores  = []string{"last_modified", "id"}
)

// location is the URL of every document; it cannot be loaded, nor can what a document refers to beside it.
const location = "schema:///"

// opposite is the URL of a document that says that a value is not valid.
const opposite = "opposite:///"

// compiled is a schema ready for use. It does not change.
type compiled struct {
	document   []byte // as it was compiled
	schema     *jsonschema.Schema
	opposite   *jsonschema.Schema // is satisfied by what is not valid
	mentionsID bool
	costs      costs
}

// compile makes a schema of a document. Formats are dropped, all but regex if formats is true. The error is for the
// client.
func compile(document []byte, formats bool) (*compiled, error) {
	patterns, err := measure(document)
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(noLoader{})
	if err := compiler.AddResource(location, decode(document)); err != nil {
		return nil, explain(err)
	}
	schema, err := compiler.Compile(location)
	if err != nil {
		return nil, explain(err)
	}
	if err := compiler.AddResource(opposite, map[string]any{"not": map[string]any{"$ref": location}}); err != nil {
		return nil, explain(err)
	}
	not, err := compiler.Compile(opposite)
	if err != nil {
		return nil, explain(err)
	}
	_, mentionsID := jsondoc.Lookup(document, "properties", "id")
	return &compiled{document, schema, not, mentionsID, adapt(schema, patterns, formats)}, nil
}

// prepare makes the document that is compiled: without the ignored names among the required ones, and without a
// "$schema" that nobody knows.
func prepare(document []byte, ignored []string) []byte {
	if _, mentioned := jsondoc.Lookup(document, "properties", "id"); mentioned {
		ignored = slices.DeleteFunc(slices.Clone(ignored), func(name string) bool { return name == "id" })
	}
	var required []byte
	names, _ := jsondoc.Lookup(document, "required")
	for element := range jsondoc.Elements(names) {
		if name, _ := jsondoc.String(element); slices.Contains(ignored, name) {
			continue
		}
		required = append(append(required, ','), element...)
	}
	if required != nil {
		required[0] = '['
		required = append(required, ']')
	}
	document = jsondoc.With(document, jsondoc.Field{Name: "required", Value: required})
	if !knownDialect(document) {
		document = jsondoc.Without(document, "$schema")
	}
	return document
}

func knownDialect(document []byte) bool {
	url := jsondoc.LookupString(document, "$schema")
	_, url, _ = strings.Cut(strings.TrimSuffix(url, "#"), "://json-schema.org/")
	return slices.Contains([]string{
		"schema", "draft-04/schema", "draft-06/schema", "draft-07/schema", "draft/2019-09/schema", "draft/2020-12/schema",
	}, url)
}

// noLoader refuses everything: a schema must not make the server read files or call other servers.
type noLoader struct{}

var errNotLoaded = errors.New("nothing is loaded")

func (noLoader) Load(string) (any, error) { return nil, errNotLoaded }

// explain says what is wrong with a schema that does not compile.
func explain(err error) error {
	if e, ok := errors.AsType[*jsonschema.JSONPointerNotFoundError](err); ok {
		_, pointer, _ := strings.Cut(e.URL, "#/")
		return fmt.Errorf("Unresolvable JSON pointer: '%s'", pointer) //nolint:staticcheck // shown to clients
	}
	if e, ok := errors.AsType[*jsonschema.AnchorNotFoundError](err); ok {
		return unresolvable(e.Reference)
	}
	if e, ok := errors.AsType[*jsonschema.LoadURLError](err); ok {
		return unresolvable(e.URL)
	}
	if e, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		if v, ok := errors.AsType[*jsonschema.ValidationError](e.Err); ok {
			at := deepest(v).InstanceLocation
			return fmt.Errorf("The schema is not valid in its dialect, at '/%s'", strings.Join(at, "/")) //nolint:staticcheck // as above
		}
	}
	return fmt.Errorf("The schema cannot be used: %s", strings.ReplaceAll(err.Error(), location, "")) //nolint:staticcheck // as above
}

func unresolvable(reference string) error {
	return fmt.Errorf("Unresolvable reference: '%s'", strings.TrimPrefix(reference, location)) //nolint:staticcheck // as above
}

// deepest is the error that is furthest inside, and of several the one with the first location: they come in no order.
func deepest(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	best := e
	for _, cause := range e.Causes {
		d := deepest(cause)
		at, than := d.InstanceLocation, best.InstanceLocation
		if cmp.Or(cmp.Compare(len(at), len(than)), slices.Compare(than, at)) > 0 {
			best = d
		}
	}
	return best
}

// compiledCache remembers what came of compiling documents.
type compiledCache struct {
	results *otter.Cache[[sha256.Size]byte, result]
}

type result struct {
	schema *compiled
	err    error
	size   int
}

// cachedBytes bounds the documents in the cache. Compiled, one takes some ten times its length.
const cachedBytes = 4 << 20

func newCompiledCache() *compiledCache {
	return &compiledCache{otter.Must(&otter.Options[[sha256.Size]byte, result]{
		MaximumWeight: cachedBytes,
		Weigher:       func(_ [sha256.Size]byte, r result) uint32 { return uint32(r.size) },
	})}
}

func (c *compiledCache) get(document []byte, ignored []string) (*compiled, error) {
	key := sha256.Sum256(document)
	key[0] ^= byte(len(ignored)) // one document may serve records and others
	if r, ok := c.results.GetIfPresent(key); ok {
		return r.schema, r.err
	}
	r := result{size: min(len(document), maxBytes) + 1024}
	if len(document) <= maxBytes {
		r.schema, r.err = compile(prepare(document, ignored), false)
	} else {
		_, r.err = measure(document)
	}
	c.results.Set(key, r)
	return r.schema, r.err
}
