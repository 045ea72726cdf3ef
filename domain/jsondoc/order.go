package jsondoc

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// Compare returns -1, 0 or 1 as a is before, equal to, or after b in the total order of
// protocol 3.6:
//
//	null < strings < numbers < false < true < arrays < objects < missing
//
// Strings compare by the bytes of their UTF-8 text. Numbers compare by the exact value
// of their digits, integers with floats too. Of two arrays the one with fewer elements
// is before the other; with as many, the first elements that differ decide. Objects
// likewise, by the count of members and then by name, value, name, value, ...; their
// members are taken with short names first, and names of one length by their bytes.
// This is how PostgreSQL orders jsonb with the collation C, except that it puts an
// empty array at the top before everything else.
func Compare(a, b []byte) int {
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch KindOf(a) {
	case KindString:
		return bytes.Compare(decoded(inside(a)), decoded(inside(b)))
	case KindNumber:
		return parseNumber(a).compare(parseNumber(b))
	case KindArray, KindObject:
		return bytes.Compare(AppendKey(nil, a), AppendKey(nil, b))
	default:
		return 0
	}
}

// Equal tells whether two values are the same by protocol 3.6: numbers by value (1 =
// 1.0), arrays and objects deeply, members in any order; no value equals one of another
// type.
func Equal(a, b []byte) bool {
	return bytes.Equal(a, b) || rank(a) == rank(b) && Compare(a, b) == 0
}

// The first byte of a key. Steps leave room for later.
const (
	rankNull    = 0x10
	rankString  = 0x20
	rankNumber  = 0x30
	rankFalse   = 0x40
	rankTrue    = 0x50
	rankArray   = 0x60
	rankObject  = 0x70
	rankMissing = 0xF0
)

func rank(value []byte) byte {
	switch KindOf(value) {
	case KindNull:
		return rankNull
	case KindString:
		return rankString
	case KindNumber:
		return rankNumber
	case KindBool:
		if value[0] == 'f' {
			return rankFalse
		}
		return rankTrue
	case KindArray:
		return rankArray
	case KindObject:
		return rankObject
	default:
		return rankMissing
	}
}

// AppendKey appends a binary key of the value to dst. Keys order as values do:
// bytes.Compare of two keys equals [Compare] of their values, and keys are equal iff
// values are [Equal]. No key is the start of another, so keys can be put one after
// another to sort by several values. A missing value has the greatest key.
//
// The format may change between versions; do not store keys for longer than what they
// are derived from.
func AppendKey(dst, value []byte) []byte {
	dst = append(dst, rank(value))
	switch KindOf(value) {
	case KindString:
		return appendText(dst, inside(value))
	case KindNumber:
		return appendNumber(dst, parseNumber(value))
	case KindArray:
		return appendArray(dst, value)
	case KindObject:
		return appendObject(dst, value)
	default:
		return dst
	}
}

// inside returns what is between the quotes of a string.
func inside(value []byte) []byte { return value[1:max(1, len(value)-1)] }

// appendText ends a text with a zero, which a normalised string does not contain.
func appendText(dst, inside []byte) []byte {
	if escaped(inside) {
		return append(appendDecoded(dst, inside), 0)
	}
	return append(append(dst, inside...), 0)
}

// appendNumber flips the bits of the float so that they order as unsigned integers.
func appendNumber(dst []byte, n number) []byte {
	bits := math.Float64bits(n.float)
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	dst = binary.BigEndian.AppendUint64(dst, bits)
	return binary.BigEndian.AppendUint16(dst, uint16(n.rest)^0x8000)
}

// appendArray puts the count first, and fills it in when it is known.
func appendArray(dst, array []byte) []byte {
	at, count := len(dst), uint32(0)
	dst = binary.BigEndian.AppendUint32(dst, 0)
	for c := walk(array); ; count++ {
		value, ok := c.element()
		if !ok {
			break
		}
		dst = AppendKey(dst, value)
	}
	binary.BigEndian.PutUint32(dst[at:], count)
	return dst
}

type namedValue struct{ name, value []byte }

func appendObject(dst, object []byte) []byte {
	members := sortedMembers(object)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(members)))
	for _, m := range members {
		dst = append(append(dst, m.name...), 0)
		dst = AppendKey(dst, m.value)
	}
	return dst
}

// sortedMembers returns the members with decoded names, short names first.
func sortedMembers(object []byte) []namedValue {
	var members []namedValue
	for c := walk(object); ; {
		name, value, ok := c.member()
		if !ok {
			break
		}
		members = append(members, namedValue{decoded(name), value})
	}
	slices.SortFunc(members, func(a, b namedValue) int {
		return cmp.Or(cmp.Compare(len(a.name), len(b.name)), bytes.Compare(a.name, b.name))
	})
	return members
}
