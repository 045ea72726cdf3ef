package jsondoc

import "bytes"

// cursor walks the members of one object, or the elements of one array, of a normalised
// document. On anything that is not normalised it stops early.
type cursor struct {
	doc []byte
	i   int
}

func walk(container []byte) cursor { return cursor{doc: container, i: 1} }

// member returns the next name, as it is spelled between its quotes, and value.
func (c *cursor) member() (name, value []byte, ok bool) {
	if c.i < len(c.doc) && c.doc[c.i] == ',' {
		c.i++
	}
	if c.i >= len(c.doc) || c.doc[c.i] != '"' {
		return nil, nil, false
	}
	colon := skipString(c.doc, c.i)
	if colon >= len(c.doc) {
		return nil, nil, false
	}
	name = c.doc[c.i+1 : colon-1]
	c.i = skipValue(c.doc, colon+1)
	return name, c.doc[colon+1 : c.i : c.i], true
}

// element returns the next element.
func (c *cursor) element() (value []byte, ok bool) {
	if c.i < len(c.doc) && c.doc[c.i] == ',' {
		c.i++
	}
	if c.i >= len(c.doc) || c.doc[c.i] == ']' || c.doc[c.i] == '}' {
		return nil, false
	}
	start := c.i
	c.i = skipValue(c.doc, start)
	return c.doc[start:c.i:c.i], true
}

// skipString returns where the string that starts at i ends.
func skipString(b []byte, i int) int {
	for j := i + 1; j < len(b); j++ {
		quote := bytes.IndexByte(b[j:], '"')
		if quote < 0 {
			break
		}
		j += quote
		slashes := 0
		for b[j-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return j + 1
		}
	}
	return len(b)
}

// skipValue returns where the value that starts at i ends.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return len(b)
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		return skipContainer(b, i)
	}
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' {
		i++
	}
	return i
}

func skipContainer(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipString(b, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		i++
		if depth == 0 {
			return i
		}
	}
	return len(b)
}

// depthOf counts how deep a value is nested; a scalar has depth 0.
func depthOf(b []byte) int {
	depth, deepest := 0, 0
	for i := 0; i < len(b); {
		switch b[i] {
		case '"':
			i = skipString(b, i)
			continue
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth--
		}
		i++
	}
	return deepest
}

// escaped tells whether the inside of a normalised string holds an escape.
func escaped(inside []byte) bool { return bytes.IndexByte(inside, '\\') >= 0 }

// spelled returns a name as it stands between quotes in a normalised document. It
// allocates only if something has to be escaped.
func spelled(name string) string {
	for i := range len(name) {
		if !plain[name[i]] {
			return string(appendEscaped(nil, name))
		}
	}
	return name
}
