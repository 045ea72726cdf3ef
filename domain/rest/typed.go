package rest

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// greatest is the greatest number that a typed parameter takes; it counts as the greatest int64.
const greatest = "9223372036854775808" // 2^63

// integer reads a typed parameter (protocol 3.2): given is false if it is empty or null, ok is false if it is
// wrong, which is noted then.
func (p *queryParser) integer(name string, values []string) (n int64, given, ok bool) {
	if len(values) > 1 {
		p.mistype(name, `"%s" is not a number`, jsondoc.PythonRepr(jsondoc.AppendTexts(nil, values)))
		return 0, false, false
	}
	literal, ok := numberLiteral(jsondoc.FilterValue(values[0]))
	if !ok {
		p.mistype(name, `"%s" is not a number`, jsondoc.Shown(jsondoc.FilterValue(values[0])))
		return 0, false, false
	}
	if literal == "" {
		return 0, false, true
	}
	n, err := strconv.ParseInt(literal, 10, 64)
	switch {
	case literal == greatest:
		return math.MaxInt64, true, true
	case strings.HasPrefix(literal, "-") && (n < 0 || err != nil):
		p.mistype(name, "%s is less than minimum value 0", literal)
	case err != nil:
		p.mistype(name, "%s is greater than maximum value %s", literal, greatest)
	default:
		return n, true, true
	}
	return 0, false, false
}

// numberLiteral is the integer that a value counts as, in canonical digits; empty for no value at all.
func numberLiteral(value []byte) (literal string, ok bool) {
	switch jsondoc.KindOf(value) {
	case jsondoc.KindNull:
		return "", true
	case jsondoc.KindBool:
		truth, _ := jsondoc.Bool(value)
		return string("01"[btoi(truth)]), true
	case jsondoc.KindNumber:
		if !bytes.ContainsAny(value, ".e") {
			return string(value), true
		}
		f, err := strconv.ParseFloat(string(value), 64)
		return strconv.FormatFloat(math.Trunc(f), 'f', 0, 64), err == nil
	case jsondoc.KindString:
		text, _ := jsondoc.String(value)
		return digitsOf(strings.TrimSpace(text))
	}
	return "", false
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// digitsOf reads a text with an optional sign.
func digitsOf(text string) (literal string, ok bool) {
	if text == "" {
		return "", true
	}
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(digits, "+")
	}
	if !isDigits(digits) {
		return "", false
	}
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		return "0", true
	}
	if negative {
		return "-" + digits, true
	}
	return digits, true
}

// integerOf is the number of a JSON integer, or of a string of digits.
func integerOf(value []byte) (n int64, ok bool) {
	if text, isText := jsondoc.String(value); isText {
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil && isDigits(strings.TrimPrefix(text, "-"))
	}
	return jsondoc.Int(value)
}

// text reads a parameter that must be a JSON string or no JSON at all.
func (p *queryParser) text(name string, values []string) string {
	if len(values) > 1 {
		p.mistype(name, "%s is not a string: {'%s': ''}", jsondoc.PythonRepr(jsondoc.AppendTexts(nil, values)), name)
		return ""
	}
	value := jsondoc.FilterValue(values[0])
	text, ok := jsondoc.String(value)
	if !ok && jsondoc.KindOf(value) != jsondoc.KindNull {
		p.mistype(name, "%s is not a string: {'%s': ''}", jsondoc.PythonRepr(value), name)
	}
	return text
}
