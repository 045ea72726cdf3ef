package schema

import (
	"errors"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// costs is what bounds the work of validating with a schema: references can make it grow with every level of a value.
type costs struct {
	patterns  int                             // instructions
	nodes     int                             // subschemas
	shared    bool                            // some subschema is referred to from several places
	anchors   map[string][]*jsonschema.Schema // where "$dynamicRef" may lead
	recursive []*jsonschema.Schema            // where "$recursiveRef" may lead
}

// How much work a value may cost.
const (
	freeVisits     = 50_000     // pairs of a subschema and a value
	visitsPerByte  = 20         // more of them, for each byte of the object
	maxVisits      = 20_000_000 // at most
	maxPatternWork = 1 << 30    // instructions times bytes
)

var errWork = errors.New("The schema takes too much work to validate this object, or its references go in a circle") //nolint:staticcheck // shown to clients

func (c *costs) add(s *jsonschema.Schema) {
	if s.DynamicAnchor != "" {
		c.anchors[s.DynamicAnchor] = append(c.anchors[s.DynamicAnchor], s)
	}
	if s.RecursiveAnchor {
		c.recursive = append(c.recursive, s)
	}
}

// allow refuses a value, of so many bytes as JSON, that takes too much work.
func (c *costs) allow(root *jsonschema.Schema, value any, size int) error {
	if c.patterns*size > maxPatternWork {
		return errWork
	}
	visits := min(freeVisits+visitsPerByte*size, maxVisits)
	if !c.shared && c.nodes*size <= visits {
		return nil
	}
	b := budget{c, visits}
	if !b.spend(root, value) {
		return errWork
	}
	return nil
}

// budget makes the visits that validating would make at most, and stops when there have been too many.
type budget struct {
	costs *costs
	left  int
}

func (b *budget) spend(s *jsonschema.Schema, value any) bool {
	if b.left--; b.left < 0 {
		return false
	}
	for child := range inPlace(s) {
		if !b.spend(child, value) {
			return false
		}
	}
	if s.DynamicRef != nil && !b.spendAll(b.costs.anchors[s.DynamicRef.Anchor], value) {
		return false
	}
	if s.RecursiveRef != nil && !b.spendAll(b.costs.recursive, value) {
		return false
	}
	switch v := value.(type) {
	case map[string]any:
		return b.spendObject(s, v)
	case []any:
		return b.spendArray(s, v)
	}
	return true
}

func (b *budget) spendAll(list []*jsonschema.Schema, value any) bool {
	for _, s := range list {
		if s != nil && !b.spend(s, value) {
			return false
		}
	}
	return true
}

func (b *budget) spendObject(s *jsonschema.Schema, object map[string]any) bool {
	for name, value := range object {
		if !b.spendAll([]*jsonschema.Schema{s.Properties[name], s.UnevaluatedProperties}, value) ||
			!b.spendAll(schemas(s.AdditionalProperties), value) {
			return false
		}
		for _, child := range s.PatternProperties {
			if !b.spend(child, value) {
				return false
			}
		}
		for _, extension := range s.Extensions {
			if names, ok := extension.(propertyNames); ok && !b.spend(names.schema, name) {
				return false
			}
		}
	}
	return true
}

func (b *budget) spendArray(s *jsonschema.Schema, array []any) bool {
	one, _ := s.Items.(*jsonschema.Schema)
	each := []*jsonschema.Schema{one, s.Items2020, s.Contains, s.UnevaluatedItems}
	each = append(each, schemas(s.AdditionalItems)...)
	tuple, _ := s.Items.([]*jsonschema.Schema)
	for i, value := range array {
		if !b.spendAll(each, value) ||
			i < len(tuple) && !b.spend(tuple[i], value) ||
			i < len(s.PrefixItems) && !b.spend(s.PrefixItems[i], value) {
			return false
		}
	}
	return true
}
