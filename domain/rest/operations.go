package rest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// patchOps are the operations of RFC 6902 in the order in which errors list them.
var patchOps = []string{"test", "add", "remove", "replace", "move", "copy"}

// operations reads a JSON Patch (protocol 2.6 c). Whether it can be applied is not known yet.
func (p *bodyParser) operations(doc []byte) {
	if jsondoc.KindOf(doc) != jsondoc.KindArray {
		p.fail("", `"%s" is not iterable`, shown(doc))
		return
	}
	list := []byte{'['}
	index := 0
	for op := range jsondoc.Elements(doc) {
		if index == p.opts.Limits.Operations {
			p.fail("", "More than %d operations", p.opts.Limits.Operations)
			return
		}
		if index > 0 {
			list = append(list, ',')
		}
		list = append(list, p.operation(strconv.Itoa(index), op)...)
		index++
	}
	p.body.Operations = append(list, ']')
}

// operation checks one operation and completes it.
func (p *bodyParser) operation(where string, op []byte) []byte {
	if !p.isMapping(where, op) {
		return op
	}
	var unknown []jsondoc.Field
	for name, value := range jsondoc.Members(op) {
		if !slices.Contains([]string{"op", "path", "from", "value"}, name) {
			unknown = append(unknown, jsondoc.Field{Name: name, Value: value})
		}
	}
	p.refuseUnknown(where, unknown)
	p.opName(where+".op", op)
	path := p.pointer(where+".path", op, "path", true)
	p.pointer(where+".from", op, "from", false)
	return p.withPrincipal(where+".path", op, path)
}

func (p *bodyParser) opName(where string, op []byte) {
	name, ok := p.member(where, op, "op", true)
	if ok && !slices.Contains(patchOps, name) {
		p.fail(where, `"%s" is not one of %s`, shown(jsondoc.Quote(name)), strings.Join(patchOps, ", "))
	}
}

// pointer is a member that holds a JSON Pointer.
func (p *bodyParser) pointer(where string, op []byte, name string, needed bool) string {
	text, ok := p.member(where, op, name, needed)
	if ok && !strings.HasPrefix(text, "/") {
		p.fail(where, "String does not match expected pattern")
	}
	return text
}

// member is a member that holds a string; ok is false if it is not there, or wrong, which is noted then.
func (p *bodyParser) member(where string, op []byte, name string, needed bool) (text string, ok bool) {
	value, _ := jsondoc.Lookup(op, name)
	text, ok = jsondoc.String(value)
	switch {
	case ok && text != "":
		return text, true
	case ok || jsondoc.KindOf(value) <= jsondoc.KindNull:
		if needed {
			p.fail(where, required)
		}
	default:
		p.fail(where, "%s is not a string: {'%s': ''}", shown(value), name)
	}
	return "", false
}

// withPrincipal completes an operation on one principal of a permission: clients leave out the value, and do not
// escape slashes in the principal, which is everything behind the name of the permission.
func (p *bodyParser) withPrincipal(where string, op []byte, path string) []byte {
	permission, ok := strings.CutPrefix(path, "/permissions/")
	if !ok {
		return op
	}
	permission, principal, ok := strings.Cut(permission, "/")
	if !p.allowed(where, pointerText(permission)) || !ok {
		return op
	}
	text := pointerText(principal)
	if len(text) > p.opts.Limits.PrincipalLength {
		p.fail(where, "Longer than %d bytes", p.opts.Limits.PrincipalLength)
	}
	escaped := strings.ReplaceAll(principal, "/", "~1")
	return jsondoc.With(op,
		jsondoc.Field{Name: "path", Value: jsondoc.Quote("/permissions/" + permission + "/" + escaped)},
		jsondoc.Field{Name: "value", Value: jsondoc.Quote(text)},
	)
}

var pointerEscapes = strings.NewReplacer("~1", "/", "~0", "~")

// pointerText is a segment of a JSON Pointer without its escapes (RFC 6901).
func pointerText(segment string) string { return pointerEscapes.Replace(segment) }
