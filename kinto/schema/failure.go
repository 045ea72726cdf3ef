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
	context []failure
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
	return best(r.read([]*jsonschema.ValidationError{err}, nil, nil)), nil
}

// accepts tells whether the value is valid, and not why it is not: of what is inside of "not" the library makes no errors.
func (c *compiled) accepts(value any) bool { return c.opposite.Validate(value) != nil }

// reader turns the tree of errors of the library, which is in no order, into failures in the order of the document.
type reader struct {
	*compiled
	object any
	root   *site
	sites  map[string]*site // by schema location, as a failure may come thousands of times
}

// read returns the failures of errors and of those below, in order, but for the context of alternatives. order is that of the
// references on the way; name is set if the value is a name of a member.
func (r *reader) read(errors []*jsonschema.ValidationError, order []int, name *nameOf) []failure {
	all := r.collect(nil, errors, order, name)
	slices.SortStableFunc(all, func(a, b failure) int {
		return cmp.Or(slices.Compare(a.order, b.order), comparePaths(a.path, b.path), comparePaths(a.member, b.member))
	})
	return merge(all)
}

// collect appends them as they come.
func (r *reader) collect(all []failure, errors []*jsonschema.ValidationError, order []int, name *nameOf) []failure {
	for _, e := range errors {
		f := r.failure(e, order, name)
		switch k := e.ErrorKind.(type) {
		case *kind.Schema, *kind.Group, *kind.AllOf:
			all = r.collect(all, e.Causes, order, name)
			continue
		case *kind.Reference:
			all = r.collect(all, e.Causes, f.order, name)
			continue
		case badName:
			all = r.collect(all, e.Causes, f.order, &nameOf{k.name, f.path})
			continue
		case *kind.AnyOf, *kind.OneOf:
			f.context = r.read(e.Causes, order, name)
		case *kind.Required:
			all = append(all, f.each(k.Missing)...)
			continue
		case *kind.Dependency:
			all = append(all, f.each(k.Missing)...)
			continue
		case *kind.DependentRequired:
			all = append(all, f.each(k.Missing)...)
			continue
		case *kind.AdditionalProperties:
			slices.Sort(k.Properties)
			f.extras = asAny(k.Properties)
		case *kind.AdditionalItems:
			items, _ := f.value.([]any)
			f.extras = items[max(0, len(items)-k.Count):]
		case *kind.FalseSchema:
			f.close(r)
		}
		all = append(all, f)
	}
	return all
}

// nameOf is the name of a member as a value, and the path of its object.
type nameOf struct {
	name   string
	object []any
}

func (r *reader) failure(e *jsonschema.ValidationError, order []int, name *nameOf) failure {
	f := failure{kind: e.ErrorKind, schema: r.site(e.SchemaURL)}
	if path := e.ErrorKind.KeywordPath(); len(path) > 0 {
		f.keyword = path[0]
	}
	switch e.ErrorKind.(type) { // where the library has another name
	case *kind.Not:
		f.keyword = "not"
	case *kind.Dependency:
		f.keyword = "dependencies"
	}
	at := f.schema.order
	if f.keyword != "" {
		at = f.schema.step(f.keyword).order
	}
	f.order = append(slices.Clip(order), at...)
	if name != nil {
		f.path, f.value = name.object, name.name
	} else {
		f.path, f.value = descend(r.object, e.InstanceLocation)
	}
	return f
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

// close makes the false schema of a keyword that closes an object or an array a failure of that object or array.
func (f *failure) close(r *reader) {
	keyword := f.schema.keyword()
	switch {
	case len(f.path) == 0:
		return
	case keyword == "unevaluatedProperties":
		f.extras = []any{f.path[len(f.path)-1]}
	case keyword == "unevaluatedItems", keyword == "items" && r.schema.DraftVersion >= 2020:
		f.extras = []any{f.value}
	default:
		return
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

// merge makes one of neighbours that say the same of one value, as each extra member does.
func merge(sorted []failure) []failure {
	var merged []failure
	for _, f := range sorted {
		if n := len(merged); n > 0 && f.isClosing() && merged[n-1].isClosing() &&
			slices.Equal(merged[n-1].order, f.order) && comparePaths(merged[n-1].path, f.path) == 0 {
			merged[n-1].extras = append(merged[n-1].extras, f.extras...)
			continue
		}
		merged = append(merged, f)
	}
	return merged
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
