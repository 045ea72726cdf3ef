package jsondoc

import (
	"bytes"
	"slices"
)

// Limits bounds what [Normalize] accepts. A field that is zero or less sets no limit
// for Bytes and Members, and stands for the default for Depth.
type Limits struct {
	Bytes   int // length of the source
	Depth   int // nesting of arrays and objects; a scalar has depth 0
	Members int // of all objects together, before duplicates are dropped
}

// DefaultLimits suit a request body: 8 MiB, and a depth that every store can hold
// (SQLite stops at 1000) even inside several envelopes.
var DefaultLimits = Limits{Bytes: 8 << 20, Depth: 200, Members: 100_000}

// Normalize checks any bytes against RFC 8259 and the limits and returns the one value
// they hold in the normalised form of this package. The error is always a
// *[SyntaxError]. Normalising a normalised value returns an equal copy.
func Normalize(src []byte, lim Limits) ([]byte, error) {
	if lim.Depth <= 0 {
		lim.Depth = DefaultLimits.Depth
	}
	if lim.Bytes > 0 && len(src) > lim.Bytes {
		return nil, &SyntaxError{TooLarge, lim.Bytes, "the document is too large"}
	}
	n := normalizer{src: src, limits: lim, dst: make([]byte, 0, len(src)+len(src)/8+8)}
	if err := n.document(); err != nil {
		return nil, err
	}
	return n.dst, nil
}

// normalizer reads src from i on and appends the normalised form to dst.
type normalizer struct {
	src     []byte
	i       int
	dst     []byte
	limits  Limits
	depth   int
	named   int      // members so far
	members []member // of the objects that are open, innermost last
}

// member is where one member of an object stands in dst: the name with its quotes at
// [name, colon), the value at [colon+1, end).
type member struct{ name, colon, end int }

func (n *normalizer) document() error {
	if err := n.value(); err != nil {
		return err
	}
	if n.space(); n.i < len(n.src) {
		return n.fault(TrailingData, "unexpected data after the value")
	}
	return nil
}

func (n *normalizer) fault(f Fault, reason string) error {
	return &SyntaxError{f, n.i, reason}
}

// space skips white space.
func (n *normalizer) space() {
	for n.i < len(n.src) {
		switch n.src[n.i] {
		case ' ', '\t', '\n', '\r':
			n.i++
		default:
			return
		}
	}
}

// next skips white space and returns the byte there without consuming it, or 0 at the
// end.
func (n *normalizer) next() byte {
	n.space()
	if n.i == len(n.src) {
		return 0
	}
	return n.src[n.i]
}

func (n *normalizer) value() error {
	switch c := n.next(); {
	case c == '"':
		return n.string()
	case c == '{':
		return n.nested(n.object)
	case c == '[':
		return n.nested(n.array)
	case c == '-' || '0' <= c && c <= '9':
		return n.number()
	case c == 't':
		return n.literal("true")
	case c == 'f':
		return n.literal("false")
	case c == 'n':
		return n.literal("null")
	case n.i == len(n.src):
		return n.fault(Malformed, "a value is missing")
	default:
		return n.fault(Malformed, "a value cannot start with this character")
	}
}

func (n *normalizer) literal(word string) error {
	if !bytes.HasPrefix(n.src[n.i:], []byte(word)) {
		return n.fault(Malformed, "a value cannot start with this character")
	}
	n.i += len(word)
	n.dst = append(n.dst, word...)
	return nil
}

func (n *normalizer) nested(container func() error) error {
	if n.depth == n.limits.Depth {
		return n.fault(TooDeep, "the document is nested too deeply")
	}
	n.depth++
	n.i++
	err := container()
	n.depth--
	return err
}

func (n *normalizer) array() error {
	n.dst = append(n.dst, '[')
	if n.next() == ']' {
		return n.end(']')
	}
	for {
		if err := n.value(); err != nil {
			return err
		}
		switch n.next() {
		case ',':
			n.i++
			n.dst = append(n.dst, ',')
		case ']':
			return n.end(']')
		default:
			return n.fault(Malformed, "',' or ']' is missing after an array element")
		}
	}
}

func (n *normalizer) end(bracket byte) error {
	n.i++
	n.dst = append(n.dst, bracket)
	return nil
}

func (n *normalizer) object() error {
	start, first := len(n.dst), len(n.members)
	n.dst = append(n.dst, '{')
	if n.next() == '}' {
		return n.end('}')
	}
	for {
		if err := n.member(); err != nil {
			return err
		}
		switch n.next() {
		case ',':
			n.i++
			n.dst = append(n.dst, ',')
		case '}':
			n.dropDuplicates(start, n.members[first:])
			n.members = n.members[:first]
			return n.end('}')
		default:
			return n.fault(Malformed, "',' or '}' is missing after an object member")
		}
	}
}

func (n *normalizer) member() error {
	m := member{name: len(n.dst)}
	if n.next() != '"' {
		return n.fault(Malformed, "the name of a member is missing")
	}
	if n.named++; n.limits.Members > 0 && n.named > n.limits.Members {
		return n.fault(TooMany, "the document has too many members")
	}
	if err := n.string(); err != nil {
		return err
	}
	m.colon = len(n.dst)
	if n.next() != ':' {
		return n.fault(Malformed, "':' is missing after the name of a member")
	}
	n.i++
	n.dst = append(n.dst, ':')
	if err := n.value(); err != nil {
		return err
	}
	m.end = len(n.dst)
	n.members = append(n.members, m)
	return nil
}

// dropDuplicates rewrites the object that starts at start, if a name occurs in it
// twice.
func (n *normalizer) dropDuplicates(start int, members []member) {
	if !n.duplicates(members) {
		return
	}
	object := slices.Clone(n.dst[start:])
	n.dst = append(n.dst[:start], '{')
	last := make(map[string]member, len(members))
	for _, m := range members {
		last[string(object[m.name-start:m.colon-start])] = m
	}
	for _, m := range members {
		name := object[m.name-start : m.colon-start]
		winner, found := last[string(name)]
		if !found {
			continue
		}
		delete(last, string(name))
		n.dst = appendComma(n.dst, start)
		n.dst = append(n.dst, name...)
		n.dst = append(n.dst, object[winner.colon-start:winner.end-start]...)
	}
}

// duplicates tells whether two members have one name. Equal names are equal bytes,
// because a string has one spelling.
func (n *normalizer) duplicates(members []member) bool {
	name := func(m member) []byte { return n.dst[m.name:m.colon] }
	if len(members) > 32 {
		byName := func(a, b member) int { return bytes.Compare(name(a), name(b)) }
		sorted := slices.SortedFunc(slices.Values(members), byName)
		return len(slices.CompactFunc(sorted, func(a, b member) bool { return byName(a, b) == 0 })) < len(members)
	}
	for i, a := range members {
		for _, b := range members[:i] {
			if a.colon-a.name == b.colon-b.name && bytes.Equal(name(a), name(b)) {
				return true
			}
		}
	}
	return false
}

// appendComma separates the member that comes next from the one before, in the
// container whose opening bracket is at dst[start].
func appendComma(dst []byte, start int) []byte {
	if len(dst) > start+1 {
		dst = append(dst, ',')
	}
	return dst
}
