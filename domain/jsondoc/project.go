package jsondoc

// Projection selects members of objects: the `_fields` of protocol 3.9, prepared once
// for a list of documents. The zero value selects id and last_modified.
type Projection struct{ root selection }

// selection is one level of a projection, by names as spelled in documents. A name with
// a nil selection is taken whole.
type selection map[string]selection

// NewProjection prepares a projection to the given paths, each a list of names that
// descend into objects, and to the top-level members id and last_modified. A path that
// is the start of another one makes that one superfluous. An empty path selects
// nothing.
func NewProjection(fields [][]string) Projection {
	root := selection{"id": nil, "last_modified": nil}
	for _, path := range fields {
		root.add(path)
	}
	return Projection{root}
}

func (s selection) add(path []string) {
	for i, name := range path {
		name = spelled(name)
		below, known := s[name]
		switch {
		case known && below == nil:
			return
		case i == len(path)-1:
			s[name] = nil
			return
		case !known:
			below = selection{}
			s[name] = below
		}
		s = below
	}
}

// Append appends to dst the selected members of doc, in the order in which they stand
// there. What does not exist is left out, and so is an object of which nothing is
// selected; a path that would descend into anything but an object selects that whole,
// such as a list of objects. A doc that is not an object gives {}.
func (p Projection) Append(dst, doc []byte) []byte {
	root := p.root
	if root == nil {
		root = NewProjection(nil).root
	}
	if !IsObject(doc) {
		return append(dst, "{}"...)
	}
	dst, _ = root.append(dst, doc)
	return dst
}

// append selects from an object, and tells whether there was anything.
func (s selection) append(dst, object []byte) (result []byte, found bool) {
	start := len(dst)
	dst = append(dst, '{')
	for c := walk(object); ; {
		name, value, ok := c.member()
		if !ok {
			break
		}
		below, selected := s[string(name)]
		if !selected {
			continue
		}
		dst = appendMember(dst, start, string(name), nil, value, func(dst, _, value []byte) []byte {
			return below.appendValue(dst, value)
		})
	}
	return append(dst, '}'), len(dst) > start+1
}

// appendValue appends nothing if nothing is selected.
func (s selection) appendValue(dst, value []byte) []byte {
	if s == nil || !IsObject(value) {
		return append(dst, value...)
	}
	if selected, found := s.append(dst, value); found {
		return selected
	}
	return dst
}
