package jsondoc

import (
	"errors"
	"fmt"
	"strconv"
)

// node is a value that a patch may change. It stays bytes until a path enters it; then
// it is opened, one level at a time, so that a patch costs what it touches.
type node struct {
	raw    []byte      // the value, until it is opened; never written to
	array  *[]*node    // an opened array
	object *openObject // an opened object
}

// openObject keeps the order of members. A removed member leaves a hole, so that
// positions stay valid.
type openObject struct {
	names  []string // as spelled in documents
	values []*node  // nil for a hole
	index  map[string]int
}

func (n *node) open() error {
	if n.array != nil || n.object != nil {
		return nil
	}
	switch KindOf(n.raw) {
	case KindArray:
		array := []*node{}
		for value := range Elements(n.raw) {
			array = append(array, &node{raw: value})
		}
		*n = node{array: &array}
	case KindObject:
		object := &openObject{index: map[string]int{}}
		for c := walk(n.raw); ; {
			name, value, ok := c.member()
			if !ok {
				break
			}
			object.set(string(name), &node{raw: value})
		}
		*n = node{object: object}
	default:
		return errors.New("the path goes through a value that is neither an object nor an array")
	}
	return nil
}

func (o *openObject) set(name string, value *node) {
	if i, ok := o.index[name]; ok {
		o.values[i] = value
		return
	}
	o.index[name] = len(o.names)
	o.names, o.values = append(o.names, name), append(o.values, value)
}

// child returns the place of the member or element that a token of a path names.
func (n *node) child(token string) (**node, error) {
	if err := n.open(); err != nil {
		return nil, err
	}
	if n.array != nil {
		i, err := parseIndex(token, len(*n.array)-1)
		if err != nil {
			return nil, err
		}
		return &(*n.array)[i], nil
	}
	i, ok := n.object.index[spelled(token)]
	if !ok {
		return nil, fmt.Errorf("there is no member %q", token)
	}
	return &n.object.values[i], nil
}

// insert sets a member, or puts an element before the one at the index.
func (n *node) insert(token string, value *node) error {
	if err := n.open(); err != nil {
		return err
	}
	if n.object != nil {
		n.object.set(spelled(token), value)
		return nil
	}
	array := *n.array
	at := len(array)
	if token != "-" {
		var err error
		if at, err = parseIndex(token, len(array)); err != nil {
			return err
		}
	}
	array = append(array, nil)
	copy(array[at+1:], array[at:])
	array[at] = value
	*n.array = array
	return nil
}

// take removes a member or an element and returns it.
func (n *node) take(token string) (*node, error) {
	place, err := n.child(token)
	if err != nil {
		return nil, err
	}
	taken := *place
	if n.object != nil {
		*place = nil
		delete(n.object.index, spelled(token))
		return taken, nil
	}
	i, _ := strconv.Atoi(token)
	*n.array = append((*n.array)[:i], (*n.array)[i+1:]...)
	return taken, nil
}

// parseIndex reads an array index (RFC 6901, section 4) up to last.
func parseIndex(token string, last int) (int, error) {
	if token == "-" {
		return 0, errors.New(`"-" stands for an element that does not exist yet`)
	}
	if token == "" || len(token) > 1 && token[0] == '0' {
		return 0, fmt.Errorf("%q is not an array index", token)
	}
	for _, c := range token {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%q is not an array index", token)
		}
	}
	i, err := strconv.Atoi(token)
	if err != nil || i > last {
		return 0, fmt.Errorf("the array has no index %s", token)
	}
	return i, nil
}

// encode appends the value; it is an error if more than room containers are open inside
// each other.
func (n *node) encode(dst []byte, room int) ([]byte, error) {
	if n.array == nil && n.object == nil {
		return append(dst, n.raw...), nil
	}
	if room == 0 {
		return nil, errTooDeep
	}
	if n.array != nil {
		return encodeArray(dst, *n.array, room-1)
	}
	return n.object.encode(dst, room-1)
}

func encodeArray(dst []byte, array []*node, room int) (_ []byte, err error) {
	start := len(dst)
	dst = append(dst, '[')
	for _, element := range array {
		if dst, err = element.encode(appendComma(dst, start), room); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func (o *openObject) encode(dst []byte, room int) (_ []byte, err error) {
	start := len(dst)
	dst = append(dst, '{')
	for i, value := range o.values {
		if value == nil {
			continue
		}
		dst = append(appendComma(dst, start), '"')
		dst = append(append(dst, o.names[i]...), '"', ':')
		if dst, err = value.encode(dst, room); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}
