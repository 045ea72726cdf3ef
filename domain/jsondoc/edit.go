package jsondoc

import "bytes"

// Field is one member to set: a name as plain text, and a normalised value. An empty
// value means that the member is to be missing.
type Field struct {
	Name  string
	Value []byte
}

// With sets top-level members: a member that exists gets its new value in its place,
// others are appended in the order given. A Field without value removes its member. If
// a name is given twice, the last one counts. A doc that is not an object is taken as
// {}.
func With(doc []byte, fields ...Field) []byte {
	size := len(doc) + 2
	for _, f := range fields {
		size += len(f.Name) + len(f.Value) + 4
	}
	e := newEdits(len(fields))
	for _, f := range fields {
		e.set(spelled(f.Name), f.Value)
	}
	return e.apply(make([]byte, 0, size), doc, replace)
}

// Without removes top-level members by their names; a name that does not exist changes
// nothing.
func Without(doc []byte, names ...string) []byte {
	e := newEdits(len(names))
	for _, name := range names {
		e.set(spelled(name), nil)
	}
	return e.apply(make([]byte, 0, len(doc)), doc, replace)
}

// Merge sets every top-level member of changes in doc, replacing what is there whole,
// also by null (attribute merge, protocol 2.6 a). Whatever is not an object is taken as
// {}.
func Merge(doc, changes []byte) []byte {
	return editsOf(changes).apply(make([]byte, 0, len(doc)+len(changes)), doc, replace)
}

// edits are the members to set, by their names as spelled in documents.
type edits struct {
	list  []edit
	index map[string]int // only if there are many
}

type edit struct {
	name  string
	value []byte
	done  bool
}

const few = 16 // as many names are found faster one by one than in a map

func newEdits(capacity int) *edits {
	e := &edits{list: make([]edit, 0, capacity)}
	if capacity > few {
		e.index = make(map[string]int, capacity)
	}
	return e
}

// editsOf sets every member of an object.
func editsOf(object []byte) *edits {
	e := newEdits(countMembers(object))
	if !IsObject(object) {
		return e
	}
	for c := walk(object); ; {
		name, value, ok := c.member()
		if !ok {
			return e
		}
		e.set(string(name), value)
	}
}

func countMembers(object []byte) int {
	n := 0
	if IsObject(object) {
		for c := walk(object); ; n++ {
			if _, _, ok := c.member(); !ok {
				break
			}
		}
	}
	return n
}

func (e *edits) set(name string, value []byte) {
	if known := e.find([]byte(name)); known != nil {
		known.value = value
		return
	}
	if e.index != nil {
		e.index[name] = len(e.list)
	}
	e.list = append(e.list, edit{name: name, value: value})
}

func (e *edits) find(name []byte) *edit {
	if e.index != nil {
		if i, ok := e.index[string(name)]; ok {
			return &e.list[i]
		}
		return nil
	}
	for i := range e.list {
		if e.list[i].name == string(name) {
			return &e.list[i]
		}
	}
	return nil
}

// combine appends the value that a member with the value old gets from an edit; nothing
// if it is to be missing.
type combine func(dst, old, value []byte) []byte

func replace(dst, _, value []byte) []byte { return append(dst, value...) }

// apply appends doc with all edits to dst, in one pass over doc. Members that stay as
// they are go over in runs.
func (e *edits) apply(dst, doc []byte, to combine) []byte {
	if !IsObject(doc) {
		doc = []byte("{}")
	}
	start := len(dst)
	dst = append(dst, '{')
	c := walk(doc)
	run := c.i
	for at := c.i; ; at = c.i {
		name, value, ok := c.member()
		if !ok {
			dst = appendRun(dst, start, doc[run:at])
			break
		}
		if edit := e.find(name); edit != nil {
			edit.done = true
			dst = appendRun(dst, start, doc[run:at])
			dst = appendMember(dst, start, edit.name, value, edit.value, to)
			run = c.i
		}
	}
	for _, edit := range e.list {
		if !edit.done {
			dst = appendMember(dst, start, edit.name, nil, edit.value, to)
		}
	}
	return append(dst, '}')
}

// appendRun appends members that stand one after another in a document, with or without
// the comma before them.
func appendRun(dst []byte, start int, members []byte) []byte {
	if len(members) == 0 {
		return dst
	}
	return append(appendComma(dst, start), bytes.TrimPrefix(members, []byte(","))...)
}

// appendMember appends a member, or nothing if the value turns out to be missing.
func appendMember(dst []byte, start int, name string, old, value []byte, to combine) []byte {
	before := len(dst)
	dst = append(appendComma(dst, start), '"')
	dst = append(append(dst, name...), '"', ':')
	empty := len(dst)
	if dst = to(dst, old, value); len(dst) == empty {
		return dst[:before]
	}
	return dst
}
