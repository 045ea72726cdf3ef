package schema

import (
	"cmp"
	"errors"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// failure is one keyword that a value does not satisfy.
type failure struct {
	kind    jsonschema.ErrorKind
	keyword string // "" if the schema is false
	schema  *site  // of the schema that has the keyword, or that is false
	order   []int  // in which order keywords are looked at
	path    []any  // of the value in the object: a string for a member, an int for an element
	value   any
	extras  []any // of values that are not allowed, what they are; of a name that is missing, the name
	member  []any // of an extra one, where it is below the path
	inside  found // of alternatives
}

// validate finds the failure to tell, nil if the value is valid. size is that of the value as JSON, in bytes. The error
// says that the schema cannot be used on it.
func (c *compiled) validate(value any, size int) (*failure, error) {
	visits, problem := c.costs.visits(c.schema, value, size)
	if problem != nil {
		return nil, problem
	}
	if visits > freeVisits {
		// Each failure that is told takes kilobytes, and there may be one for every visit.
		if c.accepts(value) {
			return nil, nil
		}
		return nil, errFailures
	}
	err := &jsonschema.ValidationError{}
	ok := errors.As(c.schema.Validate(value), &err)
	if !ok {
		return nil, nil
	}
	r := reader{compiled: c, object: value, root: newSite(c.document), sites: map[string]*site{}}
	return r.best(found{errors: []*jsonschema.ValidationError{err}}), nil
}

// accepts tells whether the value is valid, and not why it is not: of what is inside of "not" the library makes no errors.
func (c *compiled) accepts(value any) bool { return c.opposite.Validate(value) != nil }

// reader turns the tree of errors of the library, which is in no order, into failures in the order of the document: those of
// one value, as there may be tens of thousands, and only one is told.
type reader struct {
	*compiled
	object any
	root   *site
	sites  map[string]*site // by schema location, as a failure may come thousands of times
}

// found is errors as they come, and what is known of where.
type found struct {
	errors []*jsonschema.ValidationError
	order  []int   // that of the references on the way
	name   *nameOf // if the value is a name of a member
}

// nameOf is the name of a member as a value, and the location of its object.
type nameOf struct {
	name   string
	object []string
}

// each calls do with every error that is a failure, and not just on the way to one.
func (r *reader) each(f found, do func(e *jsonschema.ValidationError, f found)) {
	for _, e := range f.errors {
		below := found{e.Causes, f.order, f.name}
		switch k := e.ErrorKind.(type) {
		case *kind.Schema, *kind.Group, *kind.AllOf:
			r.each(below, do)
		case *kind.Reference:
			below.order = r.order(e, f)
			r.each(below, do)
		case badName:
			below.order, below.name = r.order(e, f), &nameOf{k.name, e.InstanceLocation}
			r.each(below, do)
		default:
			do(e, f)
		}
	}
}

// choose returns the failure of one value that is most, or with sign -1 least, relevant, and of several the first in the document:
// then it is not alone. The value is the one that comes before those of all others. nil of none.
func (r *reader) choose(f found, before func(a, b []string) bool, sign int) (chosen *failure, alone bool) {
	var at []string
	first := true
	r.each(f, func(e *jsonschema.ValidationError, f found) {
		if location := r.location(e, f); first || before(location, at) {
			first, at = false, location
		}
	})
	var c choice
	r.each(f, func(e *jsonschema.ValidationError, f found) {
		if slices.Equal(r.location(e, f), at) {
			for _, one := range r.failures(e, f) {
				c.add(one, sign)
			}
		}
	})
	return c.failure(), c.alone
}

// choice is made of failures that come in any order.
type choice struct {
	chosen []failure // those that say the same of one value, as each extra member does, are one
	alone  bool
}

func (c *choice) add(f failure, sign int) {
	if len(c.chosen) == 0 {
		c.chosen, c.alone = []failure{f}, true
		return
	}
	best := &c.chosen[0]
	relevance, order := sign*relevance(&f, best), slices.Compare(f.order, best.order)
	switch {
	case relevance > 0:
		c.chosen, c.alone = []failure{f}, true
	case relevance < 0:
	case order == 0 && f.isClosing() && best.isClosing():
		c.chosen = append(c.chosen, f)
	default:
		if c.alone = false; order < 0 {
			c.chosen = []failure{f}
		}
	}
}

func (c *choice) failure() *failure {
	if len(c.chosen) == 0 {
		return nil
	}
	slices.SortStableFunc(c.chosen, func(a, b failure) int { return comparePaths(a.member, b.member) })
	f := &c.chosen[0]
	for _, same := range c.chosen[1:] {
		f.extras = append(f.extras, same.extras...)
	}
	return f
}

// location is that of the value which fails.
func (r *reader) location(e *jsonschema.ValidationError, f found) []string {
	at := e.InstanceLocation
	if f.name != nil {
		at = f.name.object
	}
	if _, isFalse := e.ErrorKind.(*kind.FalseSchema); isFalse && len(at) > 0 && r.closes(r.site(e.SchemaURL).keyword()) {
		at = at[:len(at)-1]
	}
	return at
}

// compare orders locations of one length: by the first token that differs, which is a name or an index in one and the same value.
func (r *reader) compare(a, b []string) int {
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		if _, around := descend(r.object, a[:i]); jsonArray(around) {
			x, errX := strconv.Atoi(a[i])
			y, errY := strconv.Atoi(b[i])
			if errX == nil && errY == nil {
				return cmp.Compare(x, y)
			}
		}
		return cmp.Compare(a[i], b[i])
	}
	return 0
}

func jsonArray(value any) bool {
	_, is := value.([]any)
	return is
}

// failures are what an error tells of.
func (r *reader) failures(e *jsonschema.ValidationError, at found) []failure {
	f := r.failure(e, at)
	switch k := e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		f.inside = found{e.Causes, at.order, at.name}
	case *kind.Required:
		return f.each(k.Missing)
	case *kind.Dependency:
		return f.each(k.Missing)
	case *kind.DependentRequired:
		return f.each(k.Missing)
	case *kind.AdditionalProperties:
		slices.Sort(k.Properties)
		f.extras = asAny(k.Properties)
	case *kind.AdditionalItems:
		items, _ := f.value.([]any)
		f.extras = items[max(0, len(items)-k.Count):]
	case *kind.FalseSchema:
		f.close(r)
	}
	return []failure{f}
}

func (r *reader) failure(e *jsonschema.ValidationError, at found) failure {
	f := failure{kind: e.ErrorKind, schema: r.site(e.SchemaURL), keyword: keyword(e), order: r.order(e, at)}
	if at.name != nil {
		f.path, _ = descend(r.object, at.name.object)
		f.value = at.name.name
	} else {
		f.path, f.value = descend(r.object, e.InstanceLocation)
	}
	return f
}

// keyword is the one that is not satisfied, "" if the schema is false.
func keyword(e *jsonschema.ValidationError) string {
	switch e.ErrorKind.(type) { // where the library has another name
	case *kind.Not:
		return "not"
	case *kind.Dependency:
		return "dependencies"
	}
	if path := e.ErrorKind.KeywordPath(); len(path) > 0 {
		return path[0]
	}
	return ""
}

// order is the place of the keyword in the document, behind that of the references on the way.
func (r *reader) order(e *jsonschema.ValidationError, at found) []int {
	s := r.site(e.SchemaURL)
	if keyword := keyword(e); keyword != "" {
		s = s.step(keyword)
	}
	return append(slices.Clip(at.order), s.order...)
}

func (r *reader) site(schemaURL string) *site {
	s := r.sites[schemaURL]
	if s == nil {
		s = r.root.at(schemaURL)
		r.sites[schemaURL] = s
	}
	return s
}

// descend finds a value, and tells which tokens of its location are the indices of arrays.
func descend(value any, location []string) (path []any, found any) {
	for _, token := range location {
		switch v := value.(type) {
		case map[string]any:
			path, value = append(path, token), v[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i >= len(v) {
				return path, value
			}
			path, value = append(path, i), v[i]
		}
	}
	return path, value
}

// each is one failure for each name that is missing.
func (f failure) each(names []string) []failure {
	var all []failure
	for i, name := range names {
		one := f
		one.extras = []any{name}
		one.order = append(slices.Clip(f.order), i)
		all = append(all, one)
	}
	return all
}

// closes tells whether a false schema of the keyword closes an object or an array.
func (r *reader) closes(keyword string) bool {
	return keyword == "unevaluatedProperties" || keyword == "unevaluatedItems" || keyword == "items" && r.schema.DraftVersion >= 2020
}

// close makes the false schema of a keyword that closes an object or an array a failure of that object or array.
func (f *failure) close(r *reader) {
	keyword := f.schema.keyword()
	if len(f.path) == 0 || !r.closes(keyword) {
		return
	}
	if f.extras = []any{f.value}; keyword == "unevaluatedProperties" {
		f.extras = []any{f.path[len(f.path)-1]}
	}
	f.keyword, f.path, f.member = keyword, f.path[:len(f.path)-1], f.path[len(f.path)-1:]
	f.schema = f.schema.parent
	f.value = valueAt(r.object, f.path)
}

func valueAt(value any, path []any) any {
	var tokens []string
	for _, element := range path {
		tokens = append(tokens, token(element))
	}
	_, value = descend(value, tokens)
	return value
}

func token(element any) string {
	if i, ok := element.(int); ok {
		return strconv.Itoa(i)
	}
	name, _ := element.(string)
	return name
}

func (f failure) isClosing() bool {
	_, isFalse := f.kind.(*kind.FalseSchema)
	return isFalse && f.keyword != ""
}

func asAny(names []string) []any {
	var list []any
	for _, name := range names {
		list = append(list, name)
	}
	return list
}

// name is that of the error detail (protocol 1.6): the last element of the path of the value; at the root, the last
// element of the list that the keyword has; without one, the last element of the path of the keyword.
func (f *failure) name() any {
	if len(f.path) > 0 {
		return f.path[len(f.path)-1]
	}
	value, _ := jsondoc.Lookup(f.schema.value, f.keyword)
	var last []byte
	for element := range jsondoc.Elements(value) {
		last = element
	}
	if text, ok := jsondoc.String(last); ok {
		return text
	}
	if number, ok := jsondoc.Int(last); ok {
		return int(number)
	}
	if f.keyword != "" || len(f.schema.path) == 0 {
		return f.keyword
	}
	return f.schema.path[len(f.schema.path)-1]
}
