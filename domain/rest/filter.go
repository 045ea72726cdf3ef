package rest

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// operators are tried in this order: "contains_any_x" is contains_any on x.
var operators = []domain.Op{
	domain.Less, domain.Min, domain.Max, domain.Not, domain.Equal, domain.Greater, domain.In, domain.Exclude,
	domain.Like, domain.Has, domain.ContainsAny, domain.Contains,
}

// splitFilter reads the name of a filter: an operator and a field, or a field that is to be equal.
func splitFilter(name string) (domain.Op, string) {
	for _, op := range operators {
		rest, ok := strings.CutPrefix(name, string(op))
		if ok && len(rest) > 1 && rest[0] == '_' && isFieldName(rest[1:]) {
			return op, rest[1:]
		}
	}
	return domain.Equal, name
}

// isFieldName tells whether a name is made of word characters and dots.
func isFieldName(name string) bool {
	for _, r := range name {
		if r != '_' && r != '.' && !unicode.IsLetter(r) && !unicode.IsNumber(r) {
			return false
		}
	}
	return name != ""
}

// filter reads one condition.
func (p *queryParser) filter(name string, values []string) {
	op, dotted := splitFilter(name)
	field := domain.ParseField(dotted)
	if !p.opts.knows(field) {
		p.fail(name, "Unknown filter field '%s'", dotted)
		return
	}
	if !p.shallow(name, field) {
		return
	}
	if hasNul(name) || slices.ContainsFunc(values, hasNul) {
		p.fail(name, "%s", errNul)
		return
	}
	switch bounds, err := p.reader(name, op, field)(values); {
	case isMistyped(err):
		p.mistype(name, "%s", err)
	case err != nil:
		p.fail(name, "%s", err)
	case len(bounds) > p.opts.Limits.Values:
		p.fail(name, "More than %d values", p.opts.Limits.Values)
	case op == domain.Contains && structures(bounds) > p.opts.Limits.structures():
		p.fail(name, "More than %d arrays, objects and members of objects", p.opts.Limits.structures())
	default:
		p.add(field, op, bounds...)
	}
}

// structures counts the arrays and objects among values and within them, and the members of the objects. Unlike scalars, which
// are looked for together, each takes time of its own.
func structures(values [][]byte) (count int) {
	for _, value := range values {
		if !jsondoc.IsObject(value) && jsondoc.KindOf(value) != jsondoc.KindArray {
			continue
		}
		within := slices.Collect(jsondoc.Elements(value))
		for _, member := range jsondoc.Members(value) {
			within = append(within, member)
			count++
		}
		count += 1 + structures(within)
	}
	return count
}

func (p *queryParser) add(field domain.Field, op domain.Op, values ...[]byte) {
	q := &p.list.Query
	q.Filters = append(q.Filters, domain.Filter{Field: field, Op: op, Values: values})
	q.Tombstones = q.Tombstones || field.Is("last_modified")
}

// fault is what a detail says is wrong with a value.
type fault string

func (f fault) Error() string { return string(f) }

// mistyped is a fault of a typed parameter.
type mistyped string

func (m mistyped) Error() string { return string(m) }

func isMistyped(err error) bool {
	_, is := errors.AsType[mistyped](err)
	return is
}

const errNul = fault("Invalid character 0x00")

func invalidValue(name string) error { return fault("Invalid value for " + name) }

func hasNul(text string) bool { return strings.IndexByte(text, 0) >= 0 }

// reader is how the raw values of a filter become those of a domain.Filter, or a description of what is wrong.
type reader func(values []string) ([][]byte, error)

// reader chooses by the operator and, where they are special, by the field.
func (p *queryParser) reader(name string, op domain.Op, field domain.Field) reader {
	special := field.Is("id") || field.Is("last_modified")
	switch {
	case (op == domain.Contains || op == domain.ContainsAny) && special:
		return refuse(fault("Field '" + field.String() + "' is not an array"))
	case op == domain.Has:
		return readPresence
	case op == domain.Like && field.Is("last_modified"):
		return refuse(invalidValue(name))
	case field.Is("last_modified"):
		return readScalars(op, func(raw string) ([]byte, error) { return p.moment(name, raw) })
	case field.Is("id"), len(field) == 1 && slices.Contains(p.opts.Texts, field[0]):
		return readScalars(op, func(raw string) ([]byte, error) { return readID(name, raw) })
	case op == domain.Like:
		return readScalars(op, func(raw string) ([]byte, error) { return readPattern(name, raw) })
	case op == domain.Contains || op == domain.ContainsAny:
		return readMembers
	default:
		return readScalars(op, readValue)
	}
}

func refuse(err error) reader {
	return func([]string) ([][]byte, error) { return nil, err }
}

// readScalars reads each value with one function: of In and Exclude each element of the comma list, otherwise the
// only one.
func readScalars(op domain.Op, one func(raw string) ([]byte, error)) reader {
	return func(values []string) ([][]byte, error) {
		if op == domain.In || op == domain.Exclude {
			return readList(values, one)
		}
		value, err := one(rawOf(values))
		return [][]byte{value}, err
	}
}

// rawOf is the one raw value of a parameter; one that is repeated is the list of its values.
func rawOf(values []string) string {
	if len(values) > 1 {
		return string(jsondoc.AppendTexts(nil, values))
	}
	return values[0]
}

func readList(values []string, one func(raw string) ([]byte, error)) ([][]byte, error) {
	var list [][]byte
	for _, value := range values {
		for raw := range strings.SplitSeq(value, ",") {
			bound, err := one(raw)
			if err != nil {
				return nil, err
			}
			list = append(list, bound)
		}
	}
	return list, nil
}

// readValue is JSON if it is JSON, and text otherwise.
func readValue(raw string) ([]byte, error) {
	value, err := jsondoc.Normalize([]byte(raw), jsondoc.DefaultLimits)
	if err == nil {
		return value, nil
	}
	if syntax, ok := errors.AsType[*jsondoc.SyntaxError](err); ok && syntax.Fault == jsondoc.NulCharacter {
		return nil, errNul
	}
	return jsondoc.Quote(raw), nil
}

// readPattern is a value that must be a string.
func readPattern(name, raw string) ([]byte, error) {
	value, err := readValue(raw)
	if err == nil && jsondoc.KindOf(value) != jsondoc.KindString {
		return nil, invalidValue(name)
	}
	return value, err
}

// readID takes what looks like a number or a word of JSON for the text it is: ids are strings.
func readID(name, raw string) ([]byte, error) {
	value, err := readValue(raw)
	if err != nil {
		return nil, err
	}
	switch kind := jsondoc.KindOf(value); {
	case kind == jsondoc.KindString:
		return value, nil
	case kind != jsondoc.KindArray && kind != jsondoc.KindObject:
		return jsondoc.Quote(strings.TrimSpace(raw)), nil
	case name == "id": // a typed parameter
		return nil, mistyped(jsondoc.PythonRepr(value) + " is not a string: {'id': ''}")
	default:
		return nil, invalidValue(name)
	}
}

// moment is a timestamp that is neither negative nor a day ahead.
func (p *queryParser) moment(name, raw string) ([]byte, error) {
	n, ok := integerOf(jsondoc.FilterValue(raw))
	if !ok || n < 0 || !domain.Timestamp(n).InTime(p.opts.Now) {
		return nil, invalidValue(name)
	}
	return strconv.AppendInt(nil, n, 10), nil
}

// readPresence is the truth of a value, as scripting languages see it.
func readPresence(values []string) ([][]byte, error) {
	value, err := readValue(values[0])
	if err != nil {
		return nil, err
	}
	present := len(values) > 1 || jsondoc.Truthy(value)
	return [][]byte{strconv.AppendBool(nil, present)}, nil
}

// readMembers is the elements of a list, or the one value that is none.
func readMembers(values []string) ([][]byte, error) {
	value, err := readValue(rawOf(values))
	if err != nil || jsondoc.KindOf(value) != jsondoc.KindArray {
		return [][]byte{value}, err
	}
	return slices.Collect(jsondoc.Elements(value)), nil
}
