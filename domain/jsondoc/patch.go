package jsondoc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// PatchLimits bounds the work of [Patch]. A field that is zero or less stands for the
// default.
type PatchLimits struct {
	Operations  int // how many
	CopiedBytes int // the sum of what all "copy" operations copy
	Depth       int // nesting of the result, and of every path and value
}

// DefaultPatchLimits suit a request. The depth leaves room for the envelope of data and
// permissions that a patch is applied to (protocol 2.6 c).
var DefaultPatchLimits = PatchLimits{Operations: 1000, CopiedBytes: 1 << 20, Depth: DefaultLimits.Depth + 1}

func (l PatchLimits) withDefaults() PatchLimits {
	positive := func(n, otherwise int) int {
		if n > 0 {
			return n
		}
		return otherwise
	}
	return PatchLimits{
		Operations:  positive(l.Operations, DefaultPatchLimits.Operations),
		CopiedBytes: positive(l.CopiedBytes, DefaultPatchLimits.CopiedBytes),
		Depth:       positive(l.Depth, DefaultPatchLimits.Depth),
	}
}

// PatchError tells why a patch cannot be applied.
type PatchError struct {
	Index  int    // of the operation, from 0; -1 if it is the patch as a whole
	Op     string // as given, empty if unknown
	Path   string // as given, empty if unknown
	Reason string // a clause for people, lower case
}

// Error names the operation and the reason.
func (e *PatchError) Error() string {
	if e.Index < 0 {
		return e.Reason
	}
	return fmt.Sprintf("operation %d (%s %q): %s", e.Index, e.Op, e.Path, e.Reason)
}

// Patch applies a JSON Patch (RFC 6902) and returns the new document, normalised. doc
// must be normalised; ops may be any bytes. Either all operations succeed or there is
// an error: a *[SyntaxError] if ops is not JSON, otherwise a *[PatchError].
//
// "test" compares as [Equal] does, so 1 equals 1.0. Members of an operation that its
// kind does not need are ignored. Array indices are digits without superfluous zeros,
// or - in the path of an addition. The whole document can be tested, replaced, and
// copied, not removed.
func Patch(doc, ops []byte, lim PatchLimits) ([]byte, error) {
	lim = lim.withDefaults()
	ops, err := Normalize(ops, Limits{Bytes: DefaultLimits.Bytes, Depth: lim.Depth + 2})
	if err != nil {
		return nil, err
	}
	if KindOf(ops) != KindArray {
		return nil, &PatchError{Index: -1, Reason: "a patch must be an array of operations"}
	}
	p := patcher{root: &node{raw: doc}, limits: lim}
	for op := range Elements(ops) {
		if err := p.apply(op); err != nil {
			return nil, err
		}
	}
	result, err := p.root.encode(make([]byte, 0, len(doc)+len(ops)), lim.Depth)
	if err != nil || depthOf(result) > lim.Depth {
		return nil, &PatchError{Index: -1, Reason: errTooDeep.Error()}
	}
	return result, nil
}

var errTooDeep = errors.New("the result is nested too deeply")

// patcher applies the operations of one patch, one after another.
type patcher struct {
	root    *node
	limits  PatchLimits
	applied int
	copied  int
}

// operation is one element of a patch, checked as far as it can be without the
// document.
type operation struct {
	path  []string
	from  []string
	value []byte
}

func (p *patcher) apply(op []byte) error {
	name, path := LookupString(op, "op"), LookupString(op, "path")
	err := p.run(name, op)
	if err != nil {
		return &PatchError{Index: p.applied, Op: name, Path: path, Reason: err.Error()}
	}
	p.applied++
	return nil
}

func (p *patcher) run(name string, raw []byte) error {
	if p.applied == p.limits.Operations {
		return fmt.Errorf("a patch must not have more than %d operations", p.limits.Operations)
	}
	if !IsObject(raw) {
		return errors.New("an operation must be an object")
	}
	op, err := p.read(name, raw)
	if err != nil {
		return err
	}
	switch name {
	case "test":
		return p.test(op)
	case "add":
		return p.add(op.path, &node{raw: op.value})
	case "remove":
		_, err := p.remove(op.path)
		return err
	case "replace":
		return p.replace(op)
	case "move":
		return p.move(op)
	default:
		return p.copy(op)
	}
}

// read takes from an operation what its kind needs.
func (p *patcher) read(name string, raw []byte) (op operation, err error) {
	if op.path, err = p.pointer(raw, "path"); err != nil {
		return op, err
	}
	switch name {
	case "test", "add", "replace":
		value, ok := Lookup(raw, "value")
		if !ok {
			return op, errors.New(`the member "value" is missing`)
		}
		if name != "test" && len(op.path)+depthOf(value) > p.limits.Depth {
			return op, errTooDeep
		}
		op.value = value
	case "move", "copy":
		op.from, err = p.pointer(raw, "from")
	case "remove":
	default:
		err = fmt.Errorf("there is no operation %q", name)
	}
	return op, err
}

// pointer reads a member that is a JSON pointer (RFC 6901).
func (p *patcher) pointer(raw []byte, member string) ([]string, error) {
	value, ok := Lookup(raw, member)
	if !ok {
		return nil, fmt.Errorf("the member %q is missing", member)
	}
	text, ok := String(value)
	if !ok {
		return nil, fmt.Errorf("the member %q must be a string", member)
	}
	tokens, err := parsePointer(text)
	if err != nil {
		return nil, fmt.Errorf("the member %q %w", member, err)
	}
	if len(tokens) > p.limits.Depth {
		return nil, fmt.Errorf("the member %q is longer than a document can be deep", member)
	}
	return tokens, nil
}

var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

func parsePointer(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	if text[0] != '/' {
		return nil, errors.New(`must be empty or start with "/"`)
	}
	tokens := strings.Split(text[1:], "/")
	for i, token := range tokens {
		plain := unescapePointer.Replace(token)
		if strings.Count(token, "~") != len(token)-len(plain) {
			return nil, errors.New(`has a "~" that is not followed by 0 or 1`)
		}
		tokens[i] = plain
	}
	return tokens, nil
}

// find descends from the root.
func (p *patcher) find(path []string) (*node, error) {
	n := p.root
	for _, token := range path {
		child, err := n.child(token)
		if err != nil {
			return nil, err
		}
		n = *child
	}
	return n, nil
}

func (p *patcher) test(op operation) error {
	n, err := p.find(op.path)
	if err != nil {
		return err
	}
	value, err := n.encode(nil, p.limits.Depth)
	if err != nil {
		return err
	}
	if !Equal(value, op.value) {
		return errors.New("the value is not the one that was expected")
	}
	return nil
}

func (p *patcher) add(path []string, value *node) error {
	if len(path) == 0 {
		p.root = value
		return nil
	}
	parent, err := p.find(path[:len(path)-1])
	if err != nil {
		return err
	}
	return parent.insert(path[len(path)-1], value)
}

func (p *patcher) remove(path []string) (*node, error) {
	if len(path) == 0 {
		return nil, errors.New("the whole document cannot be removed")
	}
	parent, err := p.find(path[:len(path)-1])
	if err != nil {
		return nil, err
	}
	return parent.take(path[len(path)-1])
}

func (p *patcher) replace(op operation) error {
	n, err := p.find(op.path)
	if err == nil {
		*n = node{raw: op.value}
	}
	return err
}

func (p *patcher) move(op operation) error {
	if slices.Equal(op.from, op.path) {
		_, err := p.find(op.from)
		return err
	}
	if len(op.from) < len(op.path) && slices.Equal(op.from, op.path[:len(op.from)]) {
		return errors.New("a value cannot be moved into itself")
	}
	value, err := p.remove(op.from)
	if err != nil {
		return err
	}
	return p.add(op.path, value)
}

func (p *patcher) copy(op operation) error {
	n, err := p.find(op.from)
	if err != nil {
		return err
	}
	value, err := n.encode(nil, p.limits.Depth)
	if err != nil {
		return err
	}
	if p.copied += len(value); p.copied > p.limits.CopiedBytes {
		return fmt.Errorf("a patch must not copy more than %d bytes", p.limits.CopiedBytes)
	}
	if len(op.path)+depthOf(value) > p.limits.Depth {
		return errTooDeep
	}
	return p.add(op.path, &node{raw: value})
}
