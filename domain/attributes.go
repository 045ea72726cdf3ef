package domain

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// Attribute declares an attribute of objects, at the top of their data.
type Attribute struct {
	Name string
	// Type of its values. Default [Any].
	Type Type
	// Required refuses objects without it.
	Required bool
	// Default is stored where it is missing, nil for nothing: a value that has a JSON form.
	Default any
	// ReadOnly refuses every change of it that clients ask for, not those of the service itself ([Command.Trusted]). Who
	// leaves it out leaves it as it is.
	ReadOnly bool
	// OneOf are the values that a Text can have. Nil allows any.
	OneOf []string
	// Check, if set, tells what else is wrong with a value, in normalised JSON, that has the type. It must be a pure function.
	Check func(value []byte) error

	fallback []byte // Default in normalised JSON
}

// Type is what the values of an attribute are, by the names of JSON schemas.
type Type string

// The types of attributes.
const (
	Any     Type = ""
	Text    Type = "string"
	Integer Type = "integer" // a number that is written without fraction and exponent
	Number  Type = "number"
	Boolean Type = "boolean"
	Array   Type = "array"
	Map     Type = "object"
)

// Others is what becomes of attributes that are not declared.
type Others int

// What can become of them. Only where they are kept, there can be filters on them.
const (
	RefuseOthers Others = iota
	DropOthers
	KeepOthers
)

// Known are the names of the attributes that objects can have, beside "id", "last_modified" and "deleted". Nil if they can
// have any.
func (r *Resource) Known() []string { return r.known }

// Texts are the names of those attributes that hold texts and nothing else, as ids do.
func (r *Resource) Texts() []string { return r.texts }

// setAttributes makes the declared attributes ready, and refuses what makes no sense.
func (r *Resource) setAttributes() error {
	if r.Attributes == nil {
		if r.Others != RefuseOthers {
			return errors.New("it says what becomes of attributes that are not declared: declare Attributes, if only an empty list")
		}
		return nil
	}
	r.Attributes = slices.Clone(r.Attributes)
	names := make([]string, 0, len(r.Attributes))
	for i := range r.Attributes {
		a := &r.Attributes[i]
		if slices.Contains([]string{"", "id", "last_modified", "deleted"}, a.Name) || slices.Contains(names, a.Name) {
			return fmt.Errorf("there cannot be another attribute %q", a.Name)
		}
		if err := a.prepare(); err != nil {
			return fmt.Errorf("its attribute %q: %w", a.Name, err)
		}
		names = append(names, a.Name)
		if a.Type == Text {
			r.texts = append(r.texts, a.Name)
		}
	}
	if r.Others != KeepOthers {
		r.known = names
	}
	return nil
}

func (a *Attribute) prepare() error {
	if !slices.Contains([]Type{Any, Text, Integer, Number, Boolean, Array, Map}, a.Type) {
		return fmt.Errorf("there is no type %q", a.Type)
	}
	if a.OneOf != nil && a.Type != Text {
		return errors.New("only a Text can be one of some")
	}
	if a.Default == nil {
		return nil
	}
	value, err := json.Marshal(a.Default, json.Deterministic(true))
	if err == nil {
		a.fallback, err = jsondoc.Normalize(value, jsondoc.DefaultLimits)
	}
	if err != nil {
		return fmt.Errorf("its default has no JSON form: %w", err)
	}
	if reason := a.check(a.fallback); reason != "" {
		return fmt.Errorf("its default is refused: %s", reason)
	}
	return nil
}

// check tells what is wrong with a value, "" for nothing.
func (a *Attribute) check(value []byte) string {
	if !a.Type.has(value) {
		return "Must be of type " + string(a.Type)
	}
	if text, _ := jsondoc.String(value); a.OneOf != nil && !slices.Contains(a.OneOf, text) {
		return "Must be one of " + strings.Join(a.OneOf, ", ")
	}
	if a.Check != nil {
		if err := a.Check(value); err != nil {
			return err.Error()
		}
	}
	return ""
}

func (t Type) has(value []byte) bool {
	switch kind := jsondoc.KindOf(value); t {
	case Text:
		return kind == jsondoc.KindString
	case Integer:
		return kind == jsondoc.KindNumber && !bytes.ContainsAny(value, ".e")
	case Number:
		return kind == jsondoc.KindNumber
	case Boolean:
		return kind == jsondoc.KindBool
	case Array:
		return kind == jsondoc.KindArray
	case Map:
		return kind == jsondoc.KindObject
	}
	return true
}

// conform holds the data of a write to the declared attributes. Where only permissions are written the data stay as they
// are, whatever was declared when they came. If nothing is wrong but that read-only ones differ from the object there is, the
// error is a Late one.
func (r *Resource) conform(w Write) ([]byte, error) {
	if r.Attributes == nil || !w.Given && w.Old.Live() {
		return w.Data, nil
	}
	var changes []jsondoc.Field
	var wrong, modified []Detail
	for i := range r.Attributes {
		a := &r.Attributes[i]
		switch value, reason := a.settle(w); {
		case a.modified(w):
			modified = append(modified, w.fault(a.Name, "Cannot modify "+a.Name))
		case reason != "":
			wrong = append(wrong, w.fault(a.Name, reason))
		case value != nil:
			changes = append(changes, jsondoc.Field{Name: a.Name, Value: value})
		}
	}
	for name := range jsondoc.Members(w.Data) {
		switch {
		case r.known == nil, name == "id", name == "last_modified", slices.Contains(r.known, name):
		case r.Others == DropOthers:
			changes = append(changes, jsondoc.Field{Name: name})
		default:
			wrong = append(wrong, w.fault(name, "Unknown attribute"))
		}
	}
	if wrong != nil || modified != nil {
		return nil, &Error{Code: Invalid, Details: append(wrong, modified...), Late: wrong == nil}
	}
	if changes == nil {
		return w.Data, nil
	}
	return jsondoc.With(w.Data, changes...), nil
}

// settle is the value to store if the write has none, nil for that of the write, or what is wrong.
func (a *Attribute) settle(w Write) (instead []byte, reason string) {
	value, given := jsondoc.Lookup(w.Data, a.Name)
	old, had := jsondoc.Lookup(w.Old.Data, a.Name)
	switch {
	case !given && a.ReadOnly && had:
		return old, ""
	case !given && a.fallback != nil:
		return a.fallback, ""
	case !given && a.Required:
		return nil, "Required"
	case !given:
		return nil, ""
	}
	return nil, a.check(value)
}

// modified tells that the write has another value than the object there is, and may not.
func (a *Attribute) modified(w Write) bool {
	if !a.ReadOnly || w.Trusted || !w.Old.Live() {
		return false
	}
	value, given := jsondoc.Lookup(w.Data, a.Name)
	old, had := jsondoc.Lookup(w.Old.Data, a.Name)
	return given && !(had && jsondoc.Equal(value, old))
}

// fault is what is wrong with an attribute.
func (w Write) fault(name, reason string) Detail {
	return Detail{Location: InBody, Name: w.Attribute(name), Description: reason}
}
