package jsondoc

import "iter"

// Kind is the type of a JSON value.
type Kind int

// The kinds in the order of [Compare], but for KindMissing, which is the greatest there.
const (
	KindMissing Kind = iota // no value at all: no bytes
	KindNull
	KindString
	KindNumber
	KindBool
	KindArray
	KindObject
)

// KindOf returns the kind of a value, from its first byte.
func KindOf(value []byte) Kind {
	if len(value) == 0 {
		return KindMissing
	}
	switch value[0] {
	case 'n':
		return KindNull
	case '"':
		return KindString
	case 't', 'f':
		return KindBool
	case '[':
		return KindArray
	case '{':
		return KindObject
	default:
		return KindNumber
	}
}

// IsObject tells whether the document is an object.
func IsObject(doc []byte) bool { return KindOf(doc) == KindObject }

// Lookup descends through objects by member names and returns the value there, which is
// a part of doc. ok is false if a name does not exist or something on the way is not an
// object; the value is then nil. An empty path is doc itself. It allocates only for
// names that are escaped in documents.
func Lookup(doc []byte, path ...string) (value []byte, ok bool) {
	for _, name := range path {
		if doc = find(doc, spelled(name)); doc == nil {
			return nil, false
		}
	}
	return doc, len(doc) > 0
}

// LookupString descends as [Lookup] does, and returns the text of the string there: "" if there is none, or another value.
func LookupString(doc []byte, path ...string) string {
	value, _ := Lookup(doc, path...)
	text, _ := String(value)
	return text
}

func find(doc []byte, name string) []byte {
	if !IsObject(doc) {
		return nil
	}
	for c := walk(doc); ; {
		n, value, ok := c.member()
		if !ok {
			return nil
		}
		if string(n) == name {
			return value
		}
	}
}

// Members yields the members of an object in their order; nothing for any other value.
// The values are parts of doc.
func Members(doc []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if !IsObject(doc) {
			return
		}
		c := walk(doc)
		for {
			name, value, ok := c.member()
			if !ok || !yield(string(decoded(name)), value) {
				return
			}
		}
	}
}

// Elements yields the elements of an array in their order; nothing for any other value.
// The values are parts of doc.
func Elements(doc []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if KindOf(doc) != KindArray {
			return
		}
		c := walk(doc)
		for {
			value, ok := c.element()
			if !ok || !yield(value) {
				return
			}
		}
	}
}
