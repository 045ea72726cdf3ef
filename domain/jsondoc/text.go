package jsondoc

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// plain marks the bytes that stand for themselves inside a normalised string.
var plain = func() (t [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// Quote returns text as a normalised JSON string. What a normalised string cannot hold
// (U+0000, bytes that are not UTF-8) becomes U+FFFD.
func Quote(text string) []byte {
	return AppendQuote(make([]byte, 0, len(text)+2), text)
}

// AppendQuote appends what [Quote] returns to dst.
func AppendQuote(dst []byte, text string) []byte {
	return append(appendEscaped(append(dst, '"'), text), '"')
}

func appendEscaped(dst []byte, text string) []byte {
	start := 0
	for i := 0; i < len(text); {
		if plain[text[i]] {
			i++
			continue
		}
		dst = append(dst, text[start:i]...)
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == 0 {
			r = utf8.RuneError
		}
		dst = appendRune(dst, r)
		i += size
		start = i
	}
	return append(dst, text[start:]...)
}

const upperHex = "0123456789ABCDEF"

// appendRune appends one character in its only normalised spelling.
func appendRune(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r >= 0x20 && r < utf8.RuneSelf:
		return append(dst, byte(r))
	case r == '\b':
		return append(dst, `\b`...)
	case r == '\f':
		return append(dst, `\f`...)
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r > 0xFFFF:
		high, low := utf16.EncodeRune(r)
		return appendHex(appendHex(dst, high), low)
	default:
		return appendHex(dst, r)
	}
}

func appendHex(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', upperHex[r>>12&15], upperHex[r>>8&15], upperHex[r>>4&15], upperHex[r&15])
}

// string normalises the string that starts at i.
func (n *normalizer) string() error {
	n.dst = append(n.dst, '"')
	n.i++
	for {
		start := n.i
		for n.i < len(n.src) && plain[n.src[n.i]] {
			n.i++
		}
		n.dst = append(n.dst, n.src[start:n.i]...)
		if n.i == len(n.src) {
			return n.fault(Malformed, "a string is not closed")
		}
		if n.src[n.i] == '"' {
			return n.end('"')
		}
		r, size, err := n.character()
		if err != nil {
			return err
		}
		n.dst = appendRune(n.dst, r)
		n.i += size
	}
}

// character reads one character that is escaped or not ASCII, and how many bytes it
// takes.
func (n *normalizer) character() (rune, int, error) {
	if n.src[n.i] == '\\' {
		return n.escape()
	}
	r, size := utf8.DecodeRune(n.src[n.i:])
	switch {
	case r == utf8.RuneError && size == 1:
		return 0, 0, n.fault(InvalidText, "the text is not UTF-8")
	case r == 0:
		return 0, 0, n.fault(NulCharacter, "a string holds the character U+0000")
	case r < 0x20:
		return 0, 0, n.fault(Malformed, "a string holds a control character that is not escaped")
	}
	return r, size, nil
}

func (n *normalizer) escape() (rune, int, error) {
	r, size := readEscape(n.src[n.i:])
	switch {
	case size == 0:
		return 0, 0, n.fault(Malformed, "a string holds an escape that JSON does not have")
	case utf16.IsSurrogate(r):
		return 0, 0, n.fault(InvalidText, "a string holds half a surrogate pair")
	case r == 0:
		return 0, 0, n.fault(NulCharacter, "a string holds the character U+0000")
	}
	return r, size, nil
}

// readEscape reads the escape at the start of b, a surrogate pair as one. Half a pair
// is returned as it is; the size is 0 if there is no valid escape.
func readEscape(b []byte) (rune, int) {
	if len(b) < 2 {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	high, ok := readHex(b)
	if !ok {
		return 0, 0
	}
	if low, ok := readHex(b[6:]); ok {
		if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
			return r, 12
		}
	}
	return high, 6
}

func readHex(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	r := rune(0)
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// appendDecoded appends the UTF-8 text of the inside of a normalised string.
func appendDecoded(dst, inside []byte) []byte {
	for i := 0; i < len(inside); {
		if inside[i] != '\\' {
			dst = append(dst, inside[i])
			i++
			continue
		}
		r, size := readEscape(inside[i:])
		if size == 0 {
			return dst
		}
		dst = utf8.AppendRune(dst, r)
		i += size
	}
	return dst
}

// decoded returns the UTF-8 text of the inside of a normalised string: the same bytes
// where nothing is escaped.
func decoded(inside []byte) []byte {
	if !escaped(inside) {
		return inside
	}
	return appendDecoded(make([]byte, 0, len(inside)), inside)
}

// String returns the text of a JSON string; ok is false for any other value.
func String(value []byte) (text string, ok bool) {
	if KindOf(value) != KindString || len(value) < 2 {
		return "", false
	}
	return string(decoded(value[1 : len(value)-1])), true
}

// Int returns the number of an integer literal that fits int64. Floats are not
// integers, even 1.0; neither are booleans.
func Int(value []byte) (number int64, ok bool) {
	if KindOf(value) != KindNumber {
		return 0, false
	}
	number, err := strconv.ParseInt(string(value), 10, 64)
	return number, err == nil
}

// Bool returns the truth of a JSON boolean; ok is false for any other value.
func Bool(value []byte) (truth, ok bool) {
	return string(value) == "true", KindOf(value) == KindBool
}
