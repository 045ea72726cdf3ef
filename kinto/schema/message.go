package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// message is the text for people. What Kinto answers comes from the Python library jsonschema (protocol 1.6), with values
// as Python shows them (protocol 8.4); clients and their users know those texts.
func (f *failure) message() string {
	value, want := f.shown(), f.wanted()
	switch k := f.kind.(type) {
	case *kind.Type:
		return value + " is not of type " + f.types(k)
	case *kind.Enum:
		return value + " is not one of " + want
	case *kind.Const:
		return want + " was expected"
	case *kind.Format:
		return fmt.Sprintf("%s is not a '%s'", value, k.Want)
	case *kind.AnyOf:
		return value + " is not valid under any of the given schemas"
	case *kind.OneOf:
		return value + " is " + f.validity(k)
	case *kind.Not:
		return value + " should not be valid under " + want
	case *kind.FalseSchema:
		return f.refused(value)
	}
	if text := f.objectMessage(value, want); text != "" {
		return text
	}
	if text := f.arrayMessage(value, want); text != "" {
		return text
	}
	return f.scalarMessage(value, want)
}

// validity is of how many alternatives it can only be valid under one; the first is told last.
func (f *failure) validity(k *kind.OneOf) string {
	if len(k.Subschemas) < 2 {
		return "not valid under any of the given schemas"
	}
	value, _ := jsondoc.Lookup(f.schema.value, f.keyword)
	var shown []string
	for i, alternative := range slices.Collect(jsondoc.Elements(value)) {
		if slices.Contains(k.Subschemas, i) {
			shown = append(shown, jsondoc.PythonRepr(alternative))
		}
	}
	if len(shown) > 1 {
		shown = append(shown[1:], shown[0])
	}
	return "valid under each of " + shorten(strings.Join(shown, ", "))
}

func (f *failure) objectMessage(value, want string) string {
	switch k := f.kind.(type) {
	case *kind.Required:
		return repr(f.extras[0]) + " is a required property"
	case *kind.Dependency:
		return fmt.Sprintf("%s is a dependency of %s", repr(f.extras[0]), repr(k.Prop))
	case *kind.DependentRequired:
		return fmt.Sprintf("%s is a dependency of %s", repr(f.extras[0]), repr(k.Prop))
	case *kind.AdditionalProperties:
		if patterns, restricted := jsondoc.Lookup(f.schema.value, "patternProperties"); restricted {
			return f.unmatched(patterns)
		}
		return "Additional properties are not allowed " + f.unexpected()
	case *kind.MinProperties:
		return value + tooFew(want, "does not have enough properties")
	case *kind.MaxProperties:
		return value + tooMany(want, "has too many properties")
	}
	return ""
}

// unmatched says that names match none of the patterns.
func (f *failure) unmatched(patterns []byte) string {
	var names, all []string
	for _, extra := range f.extras {
		names = append(names, repr(extra))
	}
	for name := range jsondoc.Members(patterns) {
		all = append(all, name)
	}
	slices.Sort(all)
	for i, pattern := range all {
		all[i] = repr(pattern)
	}
	verb := "do"
	if len(names) == 1 {
		verb = "does"
	}
	return fmt.Sprintf("%s %s not match any of the regexes: %s", shorten(strings.Join(names, ", ")), verb, shorten(strings.Join(all, ", ")))
}

// tooFew says that there are not as many as wanted.
func tooFew(want, text string) string {
	if want == "1" {
		text = "should be non-empty"
	}
	return " " + text
}

// tooMany says that there are more than wanted.
func tooMany(want, text string) string {
	if want == "0" {
		text = "is expected to be empty"
	}
	return " " + text
}

func (f *failure) arrayMessage(value, want string) string {
	switch k := f.kind.(type) {
	case *kind.AdditionalItems:
		return "Additional items are not allowed " + f.unexpected()
	case *kind.MinItems:
		return value + tooFew(want, "is too short")
	case *kind.MaxItems:
		return value + tooMany(want, "is too long")
	case *kind.UniqueItems:
		return value + " has non-unique elements"
	case *kind.Contains:
		return value + " does not contain items matching the given schema"
	case *kind.MinContains:
		if len(k.Got) == 0 {
			return value + " does not contain items matching the given schema"
		}
		return fmt.Sprintf("Too few items match the given schema (expected at least %s but only %d matched)", want, len(k.Got))
	case *kind.MaxContains:
		return fmt.Sprintf("Too many items match the given schema (expected at most %s)", want)
	}
	return ""
}

func (f *failure) scalarMessage(value, want string) string {
	switch f.kind.(type) {
	case *kind.Minimum:
		return fmt.Sprintf("%s is less than the minimum of %s", value, want)
	case *kind.Maximum:
		return fmt.Sprintf("%s is greater than the maximum of %s", value, want)
	case *kind.ExclusiveMinimum:
		return fmt.Sprintf("%s is less than or equal to the minimum of %s", value, want)
	case *kind.ExclusiveMaximum:
		return fmt.Sprintf("%s is greater than or equal to the maximum of %s", value, want)
	case *kind.MultipleOf:
		return fmt.Sprintf("%s is not a multiple of %s", value, want)
	case *kind.MinLength:
		return value + tooFew(want, "is too short")
	case *kind.MaxLength:
		return value + tooMany(want, "is too long")
	case *kind.Pattern:
		return fmt.Sprintf("%s does not match %s", value, want)
	}
	return fmt.Sprintf("%s does not satisfy '%s'", value, f.keyword)
}

// refused is the message of a false schema.
func (f *failure) refused(value string) string {
	switch f.keyword {
	case "unevaluatedProperties":
		return "Unevaluated properties are not allowed " + f.unexpected()
	case "unevaluatedItems":
		return "Unevaluated items are not allowed " + f.unexpected()
	case "items":
		return f.beyond()
	}
	return "False schema does not allow " + value
}

// beyond says that an array goes on after the items that have schemas.
func (f *failure) beyond() string {
	prefix, _ := jsondoc.Lookup(f.schema.value, "prefixItems")
	n := 0
	for range jsondoc.Elements(prefix) {
		n++
	}
	items, extra := "items", repr(f.extras)
	if n == 1 {
		items = "item"
	}
	if len(f.extras) == 1 {
		extra = repr(f.extras[0])
	}
	return fmt.Sprintf("Expected at most %d %s but found %d extra: %s", n, items, len(f.extras), extra)
}

// types lists those of the schema in its order, and those that the library knows if the schema is another document.
func (f *failure) types(k *kind.Type) string {
	var quoted []string
	types, _ := jsondoc.Lookup(f.schema.value, "type")
	for element := range jsondoc.Elements(types) {
		quoted = append(quoted, jsondoc.PythonRepr(element))
	}
	if jsondoc.KindOf(types) == jsondoc.KindString {
		quoted = []string{jsondoc.PythonRepr(types)}
	}
	if quoted == nil {
		for _, name := range k.Want {
			quoted = append(quoted, repr(name))
		}
	}
	return strings.Join(quoted, ", ")
}

func (f *failure) unexpected() string {
	var shown []string
	for _, extra := range f.extras {
		shown = append(shown, repr(extra))
	}
	verb := "were"
	if len(shown) == 1 {
		verb = "was"
	}
	return fmt.Sprintf("(%s %s unexpected)", shorten(strings.Join(shown, ", ")), verb)
}

// shown is the value that fails.
func (f *failure) shown() string { return repr(f.value) }

// wanted is the value of the keyword.
func (f *failure) wanted() string {
	value, _ := jsondoc.Lookup(f.schema.value, f.keyword)
	return shorten(jsondoc.PythonRepr(value))
}

func repr(value any) string { return shorten(jsondoc.PythonRepr(encode(value))) }

// maxShown bounds what a message shows of one value, in bytes.
const maxShown = 2000

func shorten(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "..."
}
