package rest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
)

// QueryLimits bound what a query string may ask for. A field that is zero or less stands for its default.
type QueryLimits struct {
	Length     int // bytes of the raw query string without _limit and _token; default 32768
	Parameters int // distinct names, _limit and _token not counted; default 100
	Values     int // values of one filter, and twenty times the arrays, objects and members in those of "contains_"; default 1000
	Sort       int // criteria of the order; default 10
	Fields     int // attributes in _fields; default 100
	Depth      int // names in the path of one attribute; default 20
	NextPage   int // bytes of the path and query string of a next page; default 32768
}

func (l QueryLimits) withDefaults() QueryLimits {
	return QueryLimits{
		Length:     positive(l.Length, 32<<10),
		Parameters: positive(l.Parameters, 100),
		Values:     positive(l.Values, 1000),
		Sort:       positive(l.Sort, 10),
		Fields:     positive(l.Fields, 100),
		Depth:      positive(l.Depth, 20),
		NextPage:   positive(l.NextPage, 32<<10),
	}
}

// structures is how much of the values of one "contains_" may be other than scalars.
func (l QueryLimits) structures() int { return max(1, l.Values/20) }

// QueryOptions are what the answer to a query string depends on beside itself.
type QueryOptions struct {
	// PaginateBy is the greatest page; 0 for none but MaxFetch.
	PaginateBy int
	// MaxFetch is the greatest number of objects in one list; default 10000.
	MaxFetch int
	// MaxBytes is how many bytes of data end a list; default 64 MiB.
	MaxBytes int
	// Now is the wall clock: timestamps a day after it are refused.
	Now domain.Timestamp
	// Known are the top-level attributes of a resource with a strict schema, without "id", "last_modified" and
	// "deleted", which all have. Nil allows any.
	Known []string
	// Texts are the top-level attributes that hold texts alone: values of filters on them are taken as texts, also if they
	// look like numbers.
	Texts []string
	// Order makes the order of the list, which its tokens are for, of the one asked for; nil keeps that.
	Order func(asked []domain.Sort) []domain.Sort
	// Deletes tells that the objects are to be deleted: then there is nothing to project, and _fields is ignored.
	Deletes bool
	// Limits bound the work; the zero value has defaults.
	Limits QueryLimits
}

// knows tells whether the resource may have the attribute.
func (o QueryOptions) knows(f domain.Field) bool {
	if o.Known == nil {
		return true
	}
	switch f[0] {
	case "id", "last_modified", "deleted":
		return true
	}
	return slices.Contains(o.Known, f[0])
}

// List is what a query string asks for.
type List struct {
	// Query is complete but for Plural, Total, Shared and Except, which are the caller's. Its Limit is the size of a
	// page: to learn whether there is a next one, fetch one object more. On DELETE the caller clears Tombstones.
	Query domain.Query
	// Fields are the attributes to show, as paths; nil shows all.
	Fields [][]string
	// Token is the one that continues a pagination; nil on the first page.
	Token *Token
	// Alert is to be sent with the answer; nil if there is none.
	Alert *Alert

	raw     string
	longest int // URL of a next page
}

// ParseQuery reads the query string of a plural endpoint (protocol 3). Everything wrong with it is in one Invalid error: values
// that do not have the type of their parameter or, if there are none, everything else, which is Late.
func ParseQuery(raw string, opts QueryOptions) (List, *domain.Error) {
	opts.Limits = opts.Limits.withDefaults()
	params, err := splitQuery(raw, opts.Limits)
	if err != nil {
		return List{}, err
	}
	p := queryParser{opts: opts, list: List{raw: raw, longest: opts.Limits.NextPage}}
	p.list.Query.Limit, p.list.Query.Bytes = p.pageSize(0), positive(opts.MaxBytes, 64<<20)
	for _, param := range params {
		p.param(param.name, param.values)
	}
	p.order()
	if opts.Order != nil {
		p.list.Query.Sort = opts.Order(p.list.Query.Sort)
	}
	p.resume()
	if err := p.problem(); err != nil {
		return List{}, err
	}
	return p.list, nil
}

// ParseFields reads `_fields` from the query string of an object; nil shows all. Other parameters are ignored.
func ParseFields(raw string, opts QueryOptions) ([][]string, *domain.Error) {
	opts.Limits = opts.Limits.withDefaults()
	params, err := splitQuery(raw, opts.Limits)
	if err != nil {
		return nil, err
	}
	p := queryParser{opts: opts}
	for _, param := range params {
		if param.name == "_fields" {
			p.fields(param.values)
		}
	}
	return p.list.Fields, p.problem()
}

// ParseDeletion reads `last_modified` from the query string of DELETE on an object: the timestamp wanted for the tombstone, nil if
// there is none (protocol 1.3). It must be an integer, quoted or not, up to [domain.MaxTimestamp]: another one is a Late error.
func ParseDeletion(raw string, limits QueryLimits) (*domain.Timestamp, *domain.Error) {
	params, err := splitQuery(raw, limits.withDefaults())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(params, func(p param) bool { return p.name == "last_modified" })
	if i < 0 || len(params[i].values) == 1 && params[i].values[0] == "null" {
		return nil, nil
	}
	at, ok := integerOf(jsondoc.FilterValue(params[i].values[0]))
	if !ok || len(params[i].values) > 1 || at > int64(domain.MaxTimestamp) {
		err := domain.Invalidf(domain.InQuery, "last_modified", "Invalid value for last_modified")
		err.Late = true
		return nil, err
	}
	return new(domain.Timestamp(at)), nil
}

// queryParser collects what the parameters ask for, and all that is wrong with them.
type queryParser struct {
	opts     QueryOptions
	list     List
	sort     []string // raw elements of _sort
	token    string
	mistyped []domain.Detail // values of typed parameters
	details  []domain.Detail // all else
}

// problem is what is wrong, nil if nothing is.
func (p *queryParser) problem() *domain.Error {
	return cmp.Or(invalid(p.mistyped, false), invalid(p.details, true))
}

func (p *queryParser) fail(name any, format string, args ...any) {
	p.details = addDetail(p.details, inQuery(name, fmt.Sprintf(format, args...)))
}

func (p *queryParser) mistype(name any, format string, args ...any) {
	p.mistyped = addDetail(p.mistyped, inQuery(name, fmt.Sprintf(format, args...)))
}

func inQuery(name any, description string) domain.Detail {
	return domain.Detail{Location: domain.InQuery, Name: name, Description: description}
}

func (p *queryParser) param(name string, values []string) {
	switch name {
	case "_since":
		p.bound(name, values, domain.Greater)
	case "_before":
		p.bound(name, values, domain.Less)
	case "_to":
		p.bound(name, values, domain.Less)
		p.list.Alert = &deprecatedTo
	case "_limit":
		p.limit(values)
	case "_sort":
		p.sort = elements(values)
	case "_fields":
		if !p.opts.Deletes {
			p.fields(values)
		}
	case "_token":
		p.token = p.text(name, values)
	case "last_modified":
		p.bound(name, values, domain.Equal)
	default:
		if !strings.HasPrefix(name, "_") {
			p.filter(name, values)
		}
	}
}

// elements are the parts of a comma list without blanks around them.
func elements(values []string) []string {
	var all []string
	for _, value := range values {
		for element := range strings.SplitSeq(value, ",") {
			all = append(all, strings.TrimSpace(element))
		}
	}
	return all
}

// bound adds a filter on last_modified.
func (p *queryParser) bound(name string, values []string, op domain.Op) {
	n, given, ok := p.integer(name, values)
	switch {
	case !ok:
	case !given || !domain.Timestamp(n).InTime(p.opts.Now):
		p.fail(name, "Invalid value for %s", name)
	default:
		p.add(domain.Field{"last_modified"}, op, fmt.Appendf(nil, "%d", n))
	}
}

func (p *queryParser) limit(values []string) {
	if n, _, ok := p.integer("_limit", values); ok {
		p.list.Query.Limit = p.pageSize(n)
	}
}

// pageSize is the effective limit (protocol 3.8); 0 asks for none.
func (p *queryParser) pageSize(asked int64) int {
	size := int64(positive(p.opts.MaxFetch, 10000))
	for _, other := range []int64{asked, int64(p.opts.PaginateBy)} {
		if other > 0 {
			size = min(size, other)
		}
	}
	return int(size)
}

// fields reads the projection.
func (p *queryParser) fields(values []string) {
	var unknown []string
	for _, name := range elements(values) {
		field := domain.ParseField(name)
		switch {
		case name == "" || slices.ContainsFunc(p.list.Fields, func(f []string) bool { return slices.Equal(f, field) }):
		case !p.shallow("_fields", field):
			return
		case len(p.list.Fields) == p.opts.Limits.Fields:
			p.fail("_fields", "More than %d fields", p.opts.Limits.Fields)
			return
		default:
			p.list.Fields = append(p.list.Fields, field)
			if !p.opts.knows(field) {
				unknown = append(unknown, field[0])
			}
		}
	}
	if unknown != nil {
		slices.Sort(unknown)
		p.details = addDetail(p.details, domain.Detail{
			Location: domain.InBody, Name: "Invalid _fields parameter",
			Description: "Fields " + strings.Join(slices.Compact(unknown), ",") + " do not exist",
		})
	}
}

// shallow checks the depth of a path.
func (p *queryParser) shallow(name string, f domain.Field) bool {
	if len(f) > p.opts.Limits.Depth {
		p.fail(name, "A path has more than %d names", p.opts.Limits.Depth)
		return false
	}
	return true
}

// order reads _sort once all is known. It ends in last_modified: nothing that comes behind can matter.
func (p *queryParser) order() {
	if p.sort == nil {
		p.list.Query.Sort = domain.NewestFirst
		return
	}
	var sort []domain.Sort
	for _, element := range append(p.sort, "-last_modified") {
		s, ok := p.criterion(element)
		if !ok || slices.ContainsFunc(sort, func(o domain.Sort) bool { return slices.Equal(o.Field, s.Field) }) {
			continue
		}
		if len(sort) > p.opts.Limits.Sort {
			p.fail("_sort", "More than %d fields to sort by", p.opts.Limits.Sort)
			return
		}
		if sort = append(sort, s); s.Field.Is("last_modified") {
			break
		}
	}
	p.list.Query.Sort = sort
}

// criterion reads one element of _sort; ok is false if it is to be ignored.
func (p *queryParser) criterion(element string) (s domain.Sort, ok bool) {
	name := strings.TrimPrefix(element, "-")
	s.Descending = len(name) < len(element)
	if !s.Descending {
		name = strings.TrimPrefix(name, "+")
	}
	if !isFieldName(name) {
		return s, false
	}
	s.Field = domain.ParseField(name)
	if !p.opts.knows(s.Field) {
		p.fail(nil, "Unknown sort field '%s'", name)
		return s, false
	}
	return s, p.shallow("_sort", s.Field)
}

// resume takes up the pagination where the token says.
func (p *queryParser) resume() {
	if p.token == "" || p.problem() != nil {
		return
	}
	token, after, err := DecodeToken(p.token, p.list.Query.Sort)
	if err != nil {
		p.details = append(p.details, err.Details...)
		return
	}
	p.list.Token, p.list.Query.After = &token, after
}
