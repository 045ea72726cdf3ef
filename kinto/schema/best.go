package schema

import (
	"cmp"
	"encoding/json"
	"math/big"
	"slices"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// best chooses the failure to tell, nil of none: of those nearest to the root the one with the last path, not an
// alternative if there is another, and then one whose value is not of the type that its schema has. Of an alternative it is
// the failure inside for which the opposite holds, if that is a single one.
func (r *reader) best(f found) *failure {
	chosen, _ := r.choose(f, func(a, b []string) bool {
		return len(a) < len(b) || len(a) == len(b) && r.compare(a, b) > 0
	}, 1)
	for chosen != nil && len(chosen.inside.errors) > 0 {
		inside, alone := r.choose(chosen.inside, func(a, b []string) bool {
			return len(a) > len(b) || len(a) == len(b) && r.compare(a, b) < 0
		}, -1)
		if !alone {
			break
		}
		chosen = inside
	}
	return chosen
}

// relevance compares failures of one value.
func relevance(a, b *failure) int {
	return cmp.Or(
		compareBools(!a.isAlternative(), !b.isAlternative()),
		compareBools(!a.matchesType(), !b.matchesType()),
	)
}

func (f *failure) isAlternative() bool { return f.keyword == "anyOf" || f.keyword == "oneOf" }

// matchesType tells whether the schema has a type and the value is of it.
func (f *failure) matchesType() bool {
	types := f.schema.types()
	if name, ok := jsondoc.String(types); ok {
		return isType(f.value, name)
	}
	for element := range jsondoc.Elements(types) {
		if name, ok := jsondoc.String(element); ok && isType(f.value, name) {
			return true
		}
	}
	return false
}

func isType(value any, name string) bool {
	switch v := value.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	case json.Number:
		if name == "integer" {
			r, ok := new(big.Rat).SetString(v.String())
			return ok && r.IsInt()
		}
		return name == "number"
	}
	return false
}

// comparePaths orders by the first element that differs, a start before what continues it.
func comparePaths(a, b []any) int {
	return slices.CompareFunc(a, b, func(x, y any) int {
		i, xIsInt := x.(int)
		j, yIsInt := y.(int)
		if xIsInt && yIsInt {
			return cmp.Compare(i, j)
		}
		return cmp.Compare(token(x), token(y))
	})
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
