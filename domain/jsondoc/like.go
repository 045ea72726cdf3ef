package jsondoc

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text returns the text of a value for the filter like_ (protocol 3.6): of a string its
// characters, of anything else its JSON as PostgreSQL writes jsonb. That has short names
// first, a blank after each comma and colon, numbers without exponents, and escapes only
// where JSON needs them. A missing value has the text "".
func Text(value []byte) string {
	if text, ok := String(value); ok {
		return text
	}
	return string(appendJSONB(nil, value))
}

func appendJSONB(dst, value []byte) []byte {
	switch KindOf(value) {
	case KindString:
		return append(appendReadable(append(dst, '"'), decoded(inside(value))), '"')
	case KindNumber:
		return appendPositional(dst, value)
	case KindArray:
		dst = append(dst, '[')
		for element := range Elements(value) {
			dst = append(appendJSONB(dst, element), ", "...)
		}
		return append(bytes.TrimSuffix(dst, []byte(", ")), ']')
	case KindObject:
		dst = append(dst, '{')
		for _, m := range sortedMembers(value) {
			dst = append(appendReadable(append(dst, '"'), m.name), `": `...)
			dst = append(appendJSONB(dst, m.value), ", "...)
		}
		return append(bytes.TrimSuffix(dst, []byte(", ")), '}')
	default:
		return append(dst, value...)
	}
}

// appendReadable escapes quotes, backslashes and control characters, and nothing else.
func appendReadable(dst, text []byte) []byte {
	for _, c := range text {
		if c < utf8.RuneSelf {
			dst = appendRune(dst, rune(c))
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

func appendPositional(dst, number []byte) []byte {
	if bytes.IndexByte(number, 'e') < 0 {
		return append(dst, number...)
	}
	f, _ := strconv.ParseFloat(string(number), 64)
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// MatchLike tells whether text matches the pattern of a filter like_: * stands for any
// sequence of characters, also none, and nothing else is special. A pattern without any
// * may occur anywhere in the text.
//
// Case is ignored by comparing lower-case forms, made one character at a time with the
// simple mappings of Unicode, whatever the language ([strings.ToLower]). This is what
// lower() does in PostgreSQL 15 under the collation "C.utf8".
func MatchLike(text, pattern string) bool {
	text, pattern = strings.ToLower(text), strings.ToLower(pattern)
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return strings.Contains(text, pattern)
	}
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	text, ok = strings.CutSuffix(text, parts[last])
	if !ok {
		return false
	}
	for _, part := range parts[1:last] {
		if _, text, ok = strings.Cut(text, part); !ok {
			return false
		}
	}
	return true
}

// FilterValue reads a value of a query string (protocol 3.2): the normalised JSON if it
// is JSON within [DefaultLimits], and otherwise the text as a JSON string (see
// [Quote]).
func FilterValue(raw string) []byte {
	value, err := Normalize([]byte(raw), DefaultLimits)
	if err != nil {
		return Quote(raw)
	}
	return value
}
