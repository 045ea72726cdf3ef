package domain

import "strings"

// Query asks for objects of one plural endpoint (protocol section 3).
type Query struct {
	Plural  Plural
	Filters []Filter // all must hold
	// Sort is the complete order: it always ends in a criterion on last_modified, so
	// that it is total. Empty means newest first.
	Sort []Sort
	// After continues a pagination: one value for each element of Sort, nil for a
	// missing attribute. Only objects beyond it in the order are wanted.
	After [][]byte
	// Limit is the greatest number of objects returned; 0 asks for none, as when only
	// the total is wanted.
	Limit int
	// Bytes, if not 0, ends a page once the data of its objects have that many bytes. So they have less than one object more.
	Bytes int
	// DataOnly asks for nothing of the objects but their data, which is much of what a page of small ones costs.
	DataOnly bool
	// Tombstones includes them (protocol 3.5).
	Tombstones bool
	// Total asks for the count of live objects that match Filters and Shared, ignoring
	// Limit and After.
	Total bool
	// Shared, if set, restricts the list to objects shared with someone.
	Shared *Shared
	// Except leaves out these ids.
	Except []string
}

// Shared restricts a list to the live objects on which one of the principals, or a group
// that one of the members belongs to, explicitly holds one of the permissions
// (protocol 4.4).
type Shared struct {
	Permissions []string
	Principals  []string
	Members     []string
}

// Field is the path of an attribute: "person.name" is {"person", "name"}.
// The attributes "id", "last_modified" and "deleted" are those of the envelope.
type Field []string

// ParseField splits a dotted name.
func ParseField(dotted string) Field { return strings.Split(dotted, ".") }

func (f Field) String() string { return strings.Join(f, ".") }

// Is tells whether the field is the top-level attribute of that name.
func (f Field) Is(name string) bool { return len(f) == 1 && f[0] == name }

// Op is a comparison of protocol 3.1.
type Op string

// The operators; what each means for missing attributes and across JSON types is
// protocol 3.6.
const (
	Equal       Op = "eq"
	Not         Op = "not"
	Min         Op = "min"
	Max         Op = "max"
	Greater     Op = "gt"
	Less        Op = "lt"
	In          Op = "in"
	Exclude     Op = "exclude"
	Like        Op = "like"
	Has         Op = "has"
	Contains    Op = "contains"
	ContainsAny Op = "contains_any"
)

// Filter is one condition.
type Filter struct {
	Field Field
	Op    Op
	// Values are normalised JSON values: exactly one, but for In, Exclude, Contains and
	// ContainsAny, which take any number. That of Like is a JSON string, that of Has
	// a JSON boolean.
	Values [][]byte
}

// Sort is one criterion of an order.
type Sort struct {
	Field      Field
	Descending bool
}

// NewestFirst is the default order.
var NewestFirst = []Sort{{Field: Field{"last_modified"}, Descending: true}}

// Page is the answer to a Query.
type Page struct {
	Objects []Object // in order; Permissions are not filled, and with Query.DataOnly only Data is
	More    bool     // Limit or Bytes has ended the page, and there are objects after it
	Total   int64    // only if asked for
}
