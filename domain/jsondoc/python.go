package jsondoc

import (
	"fmt"
	"strings"
	"unicode"
)

// Truthy tells whether a value counts as true in Python, and as one that is there where Kinto requires one. A missing one does not.
func Truthy(value []byte) bool {
	switch string(value) {
	case "", "null", "false", "0", "0.0", "-0.0", `""`, "[]", "{}":
		return false
	}
	return true
}

// PythonRepr writes a value as Python would show it, for the error texts of protocol
// 8.4: None, True, 'text', ['a'], {'a': 1}. A missing value is None.
func PythonRepr(value []byte) string {
	var b strings.Builder
	writeRepr(&b, value)
	return b.String()
}

// Shown writes a value as an error text of protocol 8.4 shows it between quotes of its
// own: the characters of a string, and the [PythonRepr] of anything else.
func Shown(value []byte) string {
	if text, ok := String(value); ok {
		return text
	}
	return PythonRepr(value)
}

func writeRepr(b *strings.Builder, value []byte) {
	switch KindOf(value) {
	case KindMissing, KindNull:
		b.WriteString("None")
	case KindBool:
		if truth, _ := Bool(value); truth {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case KindString:
		text, _ := String(value)
		writeQuoted(b, text)
	case KindArray:
		writeList(b, value)
	case KindObject:
		writeDict(b, value)
	default:
		b.Write(value)
	}
}

func writeList(b *strings.Builder, array []byte) {
	b.WriteByte('[')
	separator := ""
	for value := range Elements(array) {
		b.WriteString(separator)
		writeRepr(b, value)
		separator = ", "
	}
	b.WriteByte(']')
}

func writeDict(b *strings.Builder, object []byte) {
	b.WriteByte('{')
	separator := ""
	for name, value := range Members(object) {
		b.WriteString(separator)
		writeQuoted(b, name)
		b.WriteString(": ")
		writeRepr(b, value)
		separator = ", "
	}
	b.WriteByte('}')
}

// writeQuoted prefers single quotes, and double ones if that saves escaping.
func writeQuoted(b *strings.Builder, text string) {
	quote := '\''
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = '"'
	}
	b.WriteRune(quote)
	for _, r := range text {
		writeCharacter(b, r, quote)
	}
	b.WriteRune(quote)
}

func writeCharacter(b *strings.Builder, r, quote rune) {
	switch {
	case r == quote || r == '\\':
		b.WriteByte('\\')
		b.WriteRune(r)
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case unicode.IsPrint(r):
		b.WriteRune(r)
	case r <= 0xFF:
		fmt.Fprintf(b, `\x%02x`, r)
	case r <= 0xFFFF:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}
