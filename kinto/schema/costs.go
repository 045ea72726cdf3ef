package schema

import (
	"encoding/json"
	"errors"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// costs is what bounds the work of validating with a schema: references can make it grow with every level of a value.
type costs struct {
	patterns  int                             // instructions
	nodes     int                             // subschemas, and visits that they are worth beyond one
	worth     map[*jsonschema.Schema]int      // visits that a subschema is worth beyond one, where it is worth any
	shared    bool                            // some subschema is referred to from several places
	anchors   map[string][]*jsonschema.Schema // where "$dynamicRef" may lead
	recursive []*jsonschema.Schema            // where "$recursiveRef" may lead
}

// How much work a value may cost.
const (
	freeVisits     = 50_000    // pairs of a subschema and a value
	visitsPerByte  = 20        // more of them, for each byte of the object
	maxVisits      = 5_000_000 // at most
	maxPatternWork = 1 << 30   // instructions times bytes
)

// What comparing with a value is worth, in visits: numbers are compared exactly, as fractions.
const (
	numberVisits   = 4
	valuesPerVisit = 16 // of other values
)

var (
	errWork     = errors.New("The schema takes too much work to validate this object, or its references go in a circle") //nolint:staticcheck // shown to clients
	errFailures = errors.New("The object is not valid, and too large to tell why")                                       //nolint:staticcheck // as above
)

func (c *costs) add(s *jsonschema.Schema) {
	if s.DynamicAnchor != "" {
		c.anchors[s.DynamicAnchor] = append(c.anchors[s.DynamicAnchor], s)
	}
	if s.RecursiveAnchor {
		c.recursive = append(c.recursive, s)
	}
	visits := names(s)
	if s.Const != nil {
		visits += worth(*s.Const)
	}
	if s.Enum != nil {
		visits += worth(s.Enum.Values)
	}
	if visits > 0 {
		c.worth[s] = visits
	}
	c.nodes += 1 + visits
}

// names are how many names of members a schema asks for, each of which may be missing.
func names(s *jsonschema.Schema) int {
	n := len(s.Required)
	for _, dependency := range s.Dependencies {
		if list, ok := dependency.([]string); ok {
			n += len(list)
		}
	}
	for _, list := range s.DependentRequired {
		n += len(list)
	}
	return n
}

// worth is what comparing with a value costs at most, in visits.
func worth(value any) int {
	numbers, others := count(value)
	return numbers*numberVisits + others/valuesPerVisit
}

func count(value any) (numbers, others int) {
	add := func(value any) {
		n, o := count(value)
		numbers, others = numbers+n, others+o
	}
	switch v := value.(type) {
	case json.Number:
		return 1, 0
	case map[string]any:
		for _, member := range v {
			add(member)
		}
	case []any:
		for _, element := range v {
			add(element)
		}
	}
	return numbers, others + 1
}

// visits is how much work a value, of so many bytes as JSON, takes at most, 0 if it is little. It refuses one that takes too
// much.
func (c *costs) visits(root *jsonschema.Schema, value any, size int) (int, error) {
	if c.patterns*size > maxPatternWork {
		return 0, errWork
	}
	if !c.shared && c.nodes*size <= freeVisits {
		return 0, nil
	}
	most := min(freeVisits+visitsPerByte*size, maxVisits)
	b := budget{c, most}
	if !b.spend(root, value) {
		return 0, errWork
	}
	return most - b.left, nil
}

// budget makes the visits that validating would make at most, and stops when there have been too many.
type budget struct {
	costs *costs
	left  int
}

func (b *budget) spend(s *jsonschema.Schema, value any) bool {
	if b.left -= 1 + b.costs.worth[s]; b.left < 0 {
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
	if s.UniqueItems {
		b.left -= worth(array) * min(len(array), maxPairwise)
	}
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

// maxPairwise is up to how many elements of an array are compared with each other, to find out whether they are unique.
const maxPairwise = 20
