package rest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// Envelope is the body of a write (protocol 1.5, 2.6).
type Envelope struct {
	// Data is the normalised JSON object to store or to merge; nil if there is none.
	Data []byte
	// Permissions are principals by permission name, in the order given; nil if there are none. A nil list stands
	// for null, which a merge patch takes as removal and everything else ignores; an empty list is not nil.
	Permissions map[string][]string
	// Operations are those of a JSON Patch, a normalised array; nil for any other body.
	Operations []byte
}

// BodyLimits bound a body; its length is for who reads it to bound. A field that is zero or less stands
// for its default.
type BodyLimits struct {
	Depth           int // nesting of the whole body; default that of jsondoc
	Members         int // of all objects in the body; default that of jsondoc
	Principals      int // principals of one permission; default 5000
	PrincipalLength int // bytes of one principal; default 1024
	Operations      int // operations of a JSON Patch; default 1000
}

func (l BodyLimits) withDefaults() BodyLimits {
	return BodyLimits{
		Depth:           positive(l.Depth, jsondoc.DefaultLimits.Depth),
		Members:         positive(l.Members, jsondoc.DefaultLimits.Members),
		Principals:      positive(l.Principals, 5000),
		PrincipalLength: positive(l.PrincipalLength, 1024),
		Operations:      positive(l.Operations, jsondoc.DefaultPatchLimits.Operations),
	}
}

// positive is n, or the default if n is zero or less.
func positive(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// BodyOptions say how a body is to be read.
type BodyOptions struct {
	// Permissions are the names allowed, in the order in which errors list them.
	Permissions []string
	// Limits bound the work; the zero value has defaults.
	Limits BodyLimits
}

// ParseBody reads the body of a POST or PUT. A body of no bytes is an empty envelope. Everything wrong with it is in one
// Invalid error; the data are there all the same if they are an object, since the id in them decides what is permitted.
func ParseBody(raw []byte, opts BodyOptions) (Envelope, *domain.Error) {
	p := newBodyParser(opts)
	if len(raw) > 0 {
		p.envelope(p.document(raw))
	}
	return p.result()
}

// ParsePatch reads the body of a PATCH of one kind. Whether it changes anything is for [domain.Decide] to say.
func ParsePatch(raw []byte, kind domain.PatchKind, opts BodyOptions) (Envelope, *domain.Error) {
	p := newBodyParser(opts)
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	doc := p.document(raw)
	switch {
	case doc == nil:
	case kind == domain.JSONPatch:
		p.operations(doc)
	default:
		p.envelope(doc)
	}
	return p.result()
}

// IDOf is the id that the data names. given is false if it names none; an id that is not a non-empty string is an error.
func IDOf(data []byte) (id string, given bool, err *domain.Error) {
	value, given := jsondoc.Lookup(data, "id")
	if !given {
		return "", false, nil
	}
	if id, ok := jsondoc.String(value); ok && id != "" {
		return id, true, nil
	}
	return "", true, domain.InvalidID()
}

// LastModifiedOf is the timestamp that the data asks for; ok is false if there is none, or no integer.
func LastModifiedOf(data []byte) (t domain.Timestamp, ok bool) {
	value, _ := jsondoc.Lookup(data, "last_modified")
	n, ok := jsondoc.Int(value)
	return domain.Timestamp(n), ok
}

// bodyParser collects what a body says, and all that is wrong with it.
type bodyParser struct {
	opts    BodyOptions
	body    Envelope
	details []domain.Detail
}

func newBodyParser(opts BodyOptions) *bodyParser {
	opts.Limits = opts.Limits.withDefaults()
	return &bodyParser{opts: opts}
}

func (p *bodyParser) fail(name, format string, args ...any) {
	p.details = addDetail(p.details, domain.Detail{
		Location: domain.InBody, Name: name, Description: fmt.Sprintf(format, args...),
	})
}

func (p *bodyParser) result() (Envelope, *domain.Error) {
	if p.details != nil {
		return Envelope{Data: p.body.Data}, &domain.Error{Code: domain.Invalid, Details: p.details}
	}
	return p.body, nil
}

// document is the normalised body, an object or an array; nil if it is neither.
func (p *bodyParser) document(raw []byte) []byte {
	doc, err := jsondoc.Normalize(raw, jsondoc.Limits{Depth: p.opts.Limits.Depth, Members: p.opts.Limits.Members})
	kind := jsondoc.KindOf(doc)
	switch {
	case err != nil:
		p.fail("", "%s", syntaxText(err))
	case kind != jsondoc.KindObject && kind != jsondoc.KindArray:
		p.fail("", "Should be a JSON object or an array")
	default:
		return doc
	}
	p.fail("", required)
	return nil
}

const required = "Required"

func syntaxText(err error) string {
	syntax, ok := errors.AsType[*jsondoc.SyntaxError](err)
	if !ok {
		return "Invalid JSON: " + err.Error()
	}
	reason := strings.ToUpper(syntax.Reason[:1]) + syntax.Reason[1:]
	return fmt.Sprintf("Invalid JSON: Parse error at offset %d: %s.", syntax.Offset, reason)
}

// envelope reads the members of the body; nil was refused before.
func (p *bodyParser) envelope(doc []byte) {
	if doc == nil || !p.isMapping("", doc) {
		return
	}
	var unknown []jsondoc.Field
	for name, value := range jsondoc.Members(doc) {
		switch name {
		case "data":
			p.data(value)
		case "permissions":
			p.permissions(value)
		default:
			unknown = append(unknown, jsondoc.Field{Name: name, Value: value})
		}
	}
	p.refuseUnknown("", unknown)
}

func (p *bodyParser) isMapping(name string, value []byte) bool {
	if jsondoc.IsObject(value) {
		return true
	}
	p.fail(name, `"%s" is not a mapping type: Does not implement dict-like functionality.`, shown(value))
	return false
}

func (p *bodyParser) refuseUnknown(name string, members []jsondoc.Field) {
	if members != nil {
		p.fail(name, `Unrecognized keys in mapping: "%s"`, shown(jsondoc.With(nil, members...)))
	}
}

// shown is a value as error texts show it, cut where it gets long.
func shown(value []byte) string {
	const longest = 1000
	if len(value) <= longest {
		return jsondoc.Shown(value)
	}
	switch jsondoc.KindOf(value) {
	case jsondoc.KindArray:
		return "[...]"
	case jsondoc.KindObject:
		return "{...}"
	default:
		return strings.ToValidUTF8(jsondoc.Shown(value)[:100], "") + "..."
	}
}

func (p *bodyParser) data(value []byte) {
	if !p.isMapping("data", value) {
		return
	}
	p.body.Data = value
}

// permissions reads the access control entries (protocol 4.6).
func (p *bodyParser) permissions(value []byte) {
	if !p.isMapping("permissions", value) {
		return
	}
	p.body.Permissions = map[string][]string{}
	for name, principals := range jsondoc.Members(value) {
		switch {
		case !p.allowed("permissions", name):
		case jsondoc.KindOf(principals) == jsondoc.KindNull:
			p.body.Permissions[name] = nil
		default:
			p.body.Permissions[name] = p.principals("permissions."+name, principals)
		}
	}
}

// allowed checks the name of a permission.
func (p *bodyParser) allowed(where, name string) bool {
	if slices.Contains(p.opts.Permissions, name) {
		return true
	}
	p.fail(where, `"%s" is not one of %s`, shown(jsondoc.Quote(name)), strings.Join(p.opts.Permissions, ", "))
	return false
}

func (p *bodyParser) principals(where string, list []byte) []string {
	if jsondoc.KindOf(list) != jsondoc.KindArray {
		p.fail(where, `"%s" is not iterable`, shown(list))
		return nil
	}
	principals := []string{}
	for value := range jsondoc.Elements(list) {
		if len(principals) == p.opts.Limits.Principals {
			p.fail(where, "More than %d principals", p.opts.Limits.Principals)
			return nil
		}
		principals = append(principals, p.principal(where, len(principals), value))
	}
	return principals
}

func (p *bodyParser) principal(where string, index int, value []byte) string {
	text, ok := jsondoc.String(value)
	if ok && text != "" && len(text) <= p.opts.Limits.PrincipalLength {
		return text
	}
	where += "." + strconv.Itoa(index)
	switch {
	case !jsondoc.Truthy(value):
		p.fail(where, required)
	case !ok:
		p.fail(where, "%s is not a string: {'': ''}", shown(value))
	default:
		p.fail(where, "Longer than %d bytes", p.opts.Limits.PrincipalLength)
	}
	return ""
}
