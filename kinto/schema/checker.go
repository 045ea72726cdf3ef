package schema

import (
	_ "embed"
	"strconv"
	"sync"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// Checker has the checks of protocol 1.6, for use in the Check of a [domain.Resource]. For one Write each always gives
// the same answer; a Checker only remembers compiled schemas. Every error is a *domain.Error with code
// Invalid. All methods may be called concurrently.
type Checker struct {
	compiled *compiledCache
	draft7   func() *compiled
}

//go:embed draft7.json
var draft7 []byte

// New makes a Checker. Its schemas take memory of some tens of MiB at most.
func New() *Checker {
	return &Checker{compiled: newCompiledCache(), draft7: sync.OnceValue(compileDraft7)}
}

func compileDraft7() *compiled {
	document, err := jsondoc.Normalize(draft7, jsondoc.DefaultLimits)
	if err != nil {
		panic(err) // it is our own
	}
	c, err := compile(document, true)
	if err != nil {
		panic(err)
	}
	return c
}

// CheckRecord validates a record against the schema of its collection and then against the record:schema of its bucket,
// and returns it with the attribute schema set to the last_modified of the collection, if that has a schema. An attribute
// that is not a JSON object counts as no schema.
func (c *Checker) CheckRecord(w domain.Write) ([]byte, error) {
	data := w.Data
	collection := w.Ancestor("collection")
	if document := mapping(collection, "schema"); document != nil {
		if err := c.validate(document, data, recordIgnores); err != nil {
			return nil, err
		}
		version := strconv.AppendInt(nil, int64(collection.LastModified), 10)
		data = jsondoc.With(data, jsondoc.Field{Name: "schema", Value: version})
	}
	if document := mapping(w.Ancestor("bucket"), "record:schema"); document != nil {
		if err := c.validate(document, data, recordIgnores); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// CheckGroup validates a group against the group:schema of its bucket and returns its data as they are.
func (c *Checker) CheckGroup(w domain.Write) ([]byte, error) {
	return c.checkByBucket(w, "group:schema")
}

// CheckCollection validates a collection against the collection:schema of its bucket and returns its data as they are.
func (c *Checker) CheckCollection(w domain.Write) ([]byte, error) {
	return c.checkByBucket(w, "collection:schema")
}

func (c *Checker) checkByBucket(w domain.Write, attribute string) ([]byte, error) {
	if document := mapping(w.Ancestor("bucket"), attribute); document != nil {
		if err := c.validate(document, w.Data, otherIgnores); err != nil {
			return nil, err
		}
	}
	return w.Data, nil
}

// mapping is the attribute of the object if it is a JSON object, else nil.
func mapping(o domain.Object, attribute string) []byte {
	value, _ := jsondoc.Lookup(o.Data, attribute)
	if !jsondoc.IsObject(value) {
		return nil
	}
	return value
}

func (c *Checker) validate(document, data []byte, ignored []string) error {
	schema, err := c.compiled.get(document, ignored)
	if err != nil {
		return invalid("schema", err.Error())
	}
	value := decode(data).(map[string]any)
	for _, name := range ignored {
		if name != "id" || !schema.mentionsID {
			delete(value, name)
		}
	}
	f, err := schema.validate(value, len(data))
	switch {
	case err != nil:
		return invalid("schema", err.Error())
	case f != nil:
		return invalid(f.name(), f.message())
	}
	return nil
}

func invalid(name any, description string) error {
	return domain.Invalidf(domain.InBody, name, "%s", description)
}
