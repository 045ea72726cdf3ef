package schema

import (
	"errors"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/message"
)

// adapt changes a fresh schema to what this package wants of it, and finds out what it can cost.
func adapt(root *jsonschema.Schema, patterns int, formats bool) costs {
	c := costs{patterns: patterns, anchors: map[string][]*jsonschema.Schema{}, worth: map[*jsonschema.Schema]int{}}
	seen := map[*jsonschema.Schema]bool{}
	var visit func(s *jsonschema.Schema)
	visit = func(s *jsonschema.Schema) {
		if seen[s] {
			c.shared = true
			return
		}
		seen[s] = true
		for child := range children(s) {
			visit(child)
		}
		c.add(s)
		if s.Format != nil && (!formats || s.Format.Name != "regex") {
			s.Format = nil
		}
		if s.PropertyNames != nil {
			s.Extensions = append(s.Extensions, propertyNames{s.PropertyNames})
			s.PropertyNames = nil
		}
	}
	visit(root)
	return c
}

// children yields every schema directly inside of s or referred to.
func children(s *jsonschema.Schema) func(yield func(*jsonschema.Schema) bool) {
	return func(yield func(*jsonschema.Schema) bool) {
		for child := range inPlace(s) {
			if !yield(child) {
				return
			}
		}
		for _, child := range slices.Concat(
			[]*jsonschema.Schema{s.PropertyNames, s.UnevaluatedProperties, s.Contains, s.Items2020, s.UnevaluatedItems},
			slices.Collect(maps.Values(s.Properties)), slices.Collect(maps.Values(s.PatternProperties)),
			schemas(s.AdditionalProperties), schemas(s.Items), schemas(s.AdditionalItems), s.PrefixItems,
		) {
			if child != nil && !yield(child) {
				return
			}
		}
	}
}

// inPlace yields the schemas that apply to the same value as s.
func inPlace(s *jsonschema.Schema) func(yield func(*jsonschema.Schema) bool) {
	return func(yield func(*jsonschema.Schema) bool) {
		single := [...]*jsonschema.Schema{s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else}
		for _, list := range [...][]*jsonschema.Schema{single[:], s.AllOf, s.AnyOf, s.OneOf} {
			for _, child := range list {
				if child != nil && !yield(child) {
					return
				}
			}
		}
		if s.DynamicRef != nil && !yield(s.DynamicRef.Ref) {
			return
		}
		for _, dependency := range s.Dependencies {
			if child, ok := dependency.(*jsonschema.Schema); ok && !yield(child) {
				return
			}
		}
		for _, child := range s.DependentSchemas {
			if !yield(child) {
				return
			}
		}
	}
}

// schemas reads a field that the library keeps as one schema, a list of them, or something else.
func schemas(field any) []*jsonschema.Schema {
	switch s := field.(type) {
	case *jsonschema.Schema:
		return []*jsonschema.Schema{s}
	case []*jsonschema.Schema:
		return s
	}
	return nil
}

// propertyNames takes the place of the keyword: in what the library reports of it, the location is overwritten later.
type propertyNames struct{ schema *jsonschema.Schema }

// badName is reported for each name that is not valid, with the errors of that name below.
type badName struct{ name string }

func (badName) KeywordPath() []string { return []string{"propertyNames"} }

func (k badName) LocalizedString(*message.Printer) string { return "invalid name " + k.name }

// Validate implements jsonschema.SchemaExt.
func (p propertyNames) Validate(ctx *jsonschema.ValidatorContext, v any) {
	object, _ := v.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		err := &jsonschema.ValidationError{}
		if errors.As(ctx.Validate(p.schema, name, []string{name}), &err) {
			ctx.AddErrors([]*jsonschema.ValidationError{err}, badName{name})
		}
	}
}
