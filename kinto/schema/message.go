package schema

import (
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// message is the text for people, with values as Python shows them (protocol 1.6, 8.4).
func (f *failure) message() string {
	value, want := f.shown(), f.wanted()
	switch k := f.kind.(type) {
	case *kind.Type:
		return value + " is not of type " + f.types(k)
	case *kind.Enum:
		return value + " is not one of " + want
	case *kind.Const:
		return fmt.Sprintf("%s was expected, not %s", want, value)
	case *kind.Format:
		return fmt.Sprintf("%s is not a '%s'", value, k.Want)
	case *kind.AnyOf:
		return value + " is not valid under any of the given schemas"
	case *kind.OneOf:
		if k.Subschemas == nil {
			return value + " is not valid under any of the given schemas"
		}
		return value + " is valid under more than one of the given schemas"
	case *kind.Not:
		return value + " must not be valid under " + want
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

func (f *failure) objectMessage(value, want string) string {
	switch k := f.kind.(type) {
	case *kind.Required:
		return fmt.Sprintf("%s is a required property", repr(f.extras[0]))
	case *kind.Dependency:
		return fmt.Sprintf("%s is required together with %s", repr(f.extras[0]), repr(k.Prop))
	case *kind.DependentRequired:
		return fmt.Sprintf("%s is required together with %s", repr(f.extras[0]), repr(k.Prop))
	case *kind.AdditionalProperties:
		return "Additional properties are not allowed " + f.unexpected()
	case *kind.MinProperties:
		return fmt.Sprintf("%s has fewer than %s properties", value, want)
	case *kind.MaxProperties:
		return fmt.Sprintf("%s has more than %s properties", value, want)
	}
	return ""
}

func (f *failure) arrayMessage(value, want string) string {
	switch k := f.kind.(type) {
	case *kind.AdditionalItems:
		return "Additional items are not allowed " + f.unexpected()
	case *kind.MinItems:
		return fmt.Sprintf("%s has fewer than %s items", value, want)
	case *kind.MaxItems:
		return fmt.Sprintf("%s has more than %s items", value, want)
	case *kind.UniqueItems:
		return fmt.Sprintf("%s has equal items at %d and %d", value, k.Duplicates[0], k.Duplicates[1])
	case *kind.Contains:
		return fmt.Sprintf("%s has no item that is valid under %s", value, want)
	case *kind.MinContains:
		return fmt.Sprintf("%s has %d items that are valid under the given schema, fewer than %s", value, len(k.Got), want)
	case *kind.MaxContains:
		return fmt.Sprintf("%s has %d items that are valid under the given schema, more than %s", value, len(k.Got), want)
	}
	return ""
}

func (f *failure) scalarMessage(value, want string) string {
	switch f.kind.(type) {
	case *kind.Minimum:
		return fmt.Sprintf("%s is below the minimum of %s", value, want)
	case *kind.Maximum:
		return fmt.Sprintf("%s is above the maximum of %s", value, want)
	case *kind.ExclusiveMinimum:
		return fmt.Sprintf("%s is not above the exclusive minimum of %s", value, want)
	case *kind.ExclusiveMaximum:
		return fmt.Sprintf("%s is not below the exclusive maximum of %s", value, want)
	case *kind.MultipleOf:
		return fmt.Sprintf("%s is not a multiple of %s", value, want)
	case *kind.MinLength:
		return fmt.Sprintf("%s has fewer than %s characters", value, want)
	case *kind.MaxLength:
		return fmt.Sprintf("%s has more than %s characters", value, want)
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
		return "Additional items are not allowed " + f.unexpected()
	}
	return value + " is not allowed by a false schema"
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
