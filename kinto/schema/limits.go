package schema

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strconv"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// What a schema document may cost.
const (
	maxBytes   = 256 << 10
	maxValues  = 10_000  // members and elements: compiling takes a time that grows with its square
	maxPattern = 20_000  // instructions of all patterns together
	maxPaths   = 2 << 20 // bytes of where each member and element is: compiling keeps all, and compares them with each other
)

var (
	errPatterns = errors.New("The patterns of the schema are too large")                           //nolint:staticcheck // shown to clients, like the others
	errPaths    = errors.New("The schema has too many values too deep inside or under long names") //nolint:staticcheck // as above
)

// measure refuses a document beyond the bounds and returns about how many instructions its patterns compile to.
func measure(document []byte) (patterns int, err error) {
	if len(document) > maxBytes {
		return 0, fmt.Errorf("The schema is longer than %d bytes", maxBytes) //nolint:staticcheck // as above
	}
	m := meter{values: maxValues, patterns: maxPattern, paths: maxPaths}
	m.value(document, 0)
	switch {
	case m.values < 0:
		return 0, fmt.Errorf("The schema has more than %d values", maxValues) //nolint:staticcheck // as above
	case m.patterns < 0:
		return 0, errPatterns
	case m.paths < 0:
		return 0, errPaths
	}
	return maxPattern - m.patterns, nil
}

// meter holds what is left.
type meter struct{ values, patterns, paths int }

// value counts a value and what is in it. path is how many bytes say where it is, in a JSON pointer behind the URL that the
// schemas around it have by "$id".
func (m *meter) value(document []byte, path int) {
	m.values--
	m.paths -= path
	for _, name := range []string{"$id", "id"} {
		path += len(jsondoc.LookupString(document, name))
	}
	for name, value := range jsondoc.Members(document) {
		if text, ok := jsondoc.String(value); ok && name == "pattern" {
			m.pattern(text)
		}
		if name == "patternProperties" {
			for pattern := range jsondoc.Members(value) {
				m.pattern(pattern)
			}
		}
		m.value(value, path+1+len(name))
	}
	i := 0
	for value := range jsondoc.Elements(document) {
		m.value(value, path+1+len(strconv.Itoa(i)))
		i++
	}
}

// pattern counts a pattern before anything compiles it. One that is not valid is for the meta-schema to refuse.
func (m *meter) pattern(text string) {
	if re, err := syntax.Parse(text, syntax.Perl); err == nil {
		m.patterns -= instructions(re)
	}
}

func instructions(re *syntax.Regexp) int {
	sum := 1 + len(re.Rune)
	if re.Op == syntax.OpCharClass {
		sum = 1
	}
	for _, sub := range re.Sub {
		sum = min(sum+instructions(sub), maxPattern+1)
	}
	if re.Op == syntax.OpRepeat {
		sum *= max(1, re.Min, re.Max)
	}
	return min(sum, maxPattern+1)
}
