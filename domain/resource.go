package domain

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Resource declares a kind of object. Declared once in a [Catalog], it has its HTTP endpoints,
// its subjects in the log, its rows in the read models and its place among the permissions.
type Resource struct {
	// Name is singular and lower case, such as "record". It names the resource in
	// settings ("record_create_principals"), errors, events and permissions.
	Name string
	// Path is that of the plural endpoint. It nests in the path of its parent:
	// "/buckets/{bucket}/collections" makes "bucket" the parent, which cannot be derived. A resource with children takes
	// everything below one of its objects along when that object is deleted.
	Path string
	// Permissions can be granted explicitly on an object, in the order in which messages list
	// them. Nil means read, write, and "<child>:create" for each child declared.
	Permissions []string
	// IDs rules what ids look like. The zero value is [SafeIDs].
	IDs IDs
	// NeedsParent refuses reads and writes with MissingResource while the parent is not there; reads only if the caller could
	// read there. Creations are always refused then.
	NeedsParent bool
	// Members, if set, makes each object a group: it lists the principals who hold the object's URI
	// as a principal of theirs. It is called with the normalised data of a live object. Data with a member that has more
	// than MaxPrincipalLength bytes are refused. Derived objects are no groups.
	Members func(data []byte) []string
	// Validate, if set, sees the data of every command before Check does. What it says depends on nothing but them, so that they
	// are refused before the object there is, or a precondition, is looked at; only those of a patch are what comes of it. It
	// returns the data to store, changed or not, as a JSON object, or an error for the client. It must be a pure function. Of the
	// Write it gets URI, Data, Given and Partial, and the id in Data may be a wrong one.
	Validate func(Write) ([]byte, error)
	// Check, if set, sees every object before it is created or changed. It returns the data to
	// store, changed or not, as a JSON object, or an error for the client. It must be a pure function.
	Check func(Write) ([]byte, error)
	// Prepare, if set, sees every command that a request for the resource makes to create or change an object, once, before it
	// is decided and outside of any transaction, and may change it. It may take its time, as hashing a password does. Its
	// error is told to the client only if the command is permitted. Who makes commands otherwise calls it.
	Prepare func(context.Context, *Command) *Error
	// Owner, if set, is the principal that is allowed to write an object by whoever creates or changes it, instead
	// of the caller.
	Owner func(URI, Caller) string
	// Cascades makes a deletion take along everything below although no resource is declared there. With children it does anyway.
	Cascades bool
	// Secret keeps the events out of the subject space that subscribers see.
	Secret bool
	// Derivation, if set, makes the objects, instead of clients.
	Derivation *Derivation
	// Attributes are those that objects have beside "id", "last_modified" and "deleted". What is written is held to them
	// before Validate sees it; filters, orders and projections of others are refused. A filter on a Text takes a value for the
	// text it is, also if it looks like a number. Nil allows any.
	Attributes []Attribute
	// Others is what becomes of attributes that are not among them, where Attributes are declared. Default: they are refused.
	Others Others
	// PluralMethods and ObjectMethods are the HTTP methods of its endpoints, in the order in which Allow lists
	// them, without OPTIONS. Nil means all that make sense; none, but not nil, that there is no such endpoint. Where
	// GET is among them and HEAD is not, HEAD is answered as GET, without a total.
	PluralMethods, ObjectMethods []string

	parent    *Resource
	children  []*Resource
	creatable []*Resource // the children that clients create
	ancestors []*Resource // outermost first
	ways      [rights]ways
	words     string   // "buckets/collections"
	known     []string // names of Attributes, nil for any
	texts     []string
}

// IDs makes ids and says which are well formed. It must accept what it makes. Whatever it says, an id is a text without "/" and
// U+0000, is not empty, and is no longer than [MaxIDLength].
type IDs struct {
	// New is nil if who creates an object has to name it. What has an id already when it is made again is a Conflict.
	New func() string
	// Unique tells that nothing else ever has an id that New makes, by chance neither, so that nobody looks.
	Unique bool
	Valid  func(string) bool
}

// Write is what a Check gets to see.
type Write struct {
	URI URI
	// Old is the object before, the zero Object when it is created.
	Old Object
	// Data is the whole normalised object as it would be stored, with its id. A last_modified in it is the one that the
	// request asks for, or the old one; it gets its new one afterwards.
	Data []byte
	// Given tells that the request carried data; otherwise Data is what was there before.
	Given bool
	// Partial tells that the request named only what changes, as in PATCH. Details then name
	// attributes without the prefix "data.".
	Partial bool
	// Ancestor is the live object above with this resource name, the zero Object if there is none.
	Ancestor func(resource string) Object
	Caller   Caller
	// Trusted tells that the service itself wants it ([Command.Trusted]).
	Trusted bool
	// Granted tells whether the policy grants the caller a permission, such as "write", on every object of the
	// resource.
	Granted func(permission string) bool
	// Holds tells whether the caller, or a group of the caller, explicitly holds a permission on an object, such as Old or an
	// Ancestor.
	Holds func(permission string, on Object) bool
	// Now is the moment of the decision.
	Now Timestamp
}

// Attribute is how error details name an attribute of the data.
func (w Write) Attribute(name string) string {
	if w.Partial {
		return name
	}
	return "data." + name
}

// Parent is the resource above, nil at the root.
func (r *Resource) Parent() *Resource { return r.parent }

// Children are the resources directly below.
func (r *Resource) Children() []*Resource { return r.children }

// Ancestors are the resources above, outermost first.
func (r *Resource) Ancestors() []*Resource { return r.ancestors }

// CreatePermission is the permission on the parent that allows to create, such as "record:create".
func (r *Resource) CreatePermission() string { return r.Name + ":create" }

// Catalog is the set of declared resources and the policy they live under. It is immutable.
type Catalog struct {
	Policy    Policy
	resources []*Resource
	derived   []*Resource
	byWords   map[string]*Resource
}

// NewCatalog links the resources, parents before children. It refuses what is not well formed with an
// error that names the resource.
func NewCatalog(policy Policy, resources ...Resource) (*Catalog, error) {
	c := &Catalog{Policy: policy, byWords: map[string]*Resource{}}
	for i := range resources {
		r := resources[i]
		if err := c.add(&r); err != nil {
			return nil, fmt.Errorf("resource %q: %w", r.Name, err)
		}
	}
	for _, r := range c.resources {
		if r.Permissions == nil {
			r.Permissions = []string{"read", "write"}
			for _, child := range r.creatable {
				r.Permissions = append(r.Permissions, child.CreatePermission())
			}
		}
		for right := range rights {
			r.ways[right] = r.waysTo(right)
		}
	}
	return c, nil
}

var (
	nameSyntax = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	pathSyntax = regexp.MustCompile(`^((?:/[A-Za-z_][A-Za-z0-9_-]*/\{[a-z][a-z0-9-]*\})*)/([A-Za-z_][A-Za-z0-9_-]*)$`)
)

func (c *Catalog) add(r *Resource) error {
	if !nameSyntax.MatchString(r.Name) {
		return fmt.Errorf("the name must match %s", nameSyntax)
	}
	if c.Resource(r.Name) != nil {
		return fmt.Errorf("the name is taken")
	}
	parts := pathSyntax.FindStringSubmatch(r.Path)
	if parts == nil {
		return fmt.Errorf("the path %q must alternate words and {resource} names and end in a word", r.Path)
	}
	if above := parts[1]; above != "" {
		i := strings.LastIndex(above, "/{")
		parentPath, name := above[:i], above[i+len("/{"):len(above)-len("}")]
		parent := c.Resource(name)
		if parent == nil || parent.Path != parentPath {
			return fmt.Errorf("the path %q does not continue that of a resource %q declared before", r.Path, name)
		}
		if parent.Derived() {
			return fmt.Errorf("%q is derived, and has nothing below it: nobody writes derived objects, so put the path elsewhere", name)
		}
		r.parent = parent
		r.ancestors = append(slices.Clone(parent.ancestors), parent)
		r.words = parent.words + "/"
	}
	r.words += parts[2]
	if c.byWords[r.words] != nil {
		return fmt.Errorf("the path %q is taken", r.Path)
	}
	if r.IDs.Valid == nil && r.IDs.New != nil {
		return fmt.Errorf("its ids are made, and nothing says which are well formed")
	}
	if r.Derived() && (r.Derivation.Into == nil || r.Derivation.Derive == nil) {
		return fmt.Errorf("its derivation needs Into and Derive")
	}
	if r.Derived() && r.Members != nil {
		return fmt.Errorf("it is derived, and has no Members: who belongs to a group is what clients or the service write")
	}
	r.IDs = r.IDs.UpTo(MaxIDLength)
	if r.IDs.New != nil && !r.IDs.Valid(r.IDs.New()) {
		return fmt.Errorf("its ids are not valid by its own rule")
	}
	if r.parent != nil {
		r.parent.children = append(r.parent.children, r)
		if !r.Derived() {
			r.parent.creatable = append(r.parent.creatable, r)
		}
	}
	if err := r.setMethods(); err != nil {
		return err
	}
	if err := r.setAttributes(); err != nil {
		return err
	}
	c.byWords[r.words] = r
	c.resources = append(c.resources, r)
	if r.Derived() {
		c.derived = append(c.derived, r)
	}
	return nil
}

// Resources are all, in the order of declaration.
func (c *Catalog) Resources() []*Resource { return c.resources }

// Resource is the one of that name, or nil.
func (c *Catalog) Resource(name string) *Resource {
	for _, r := range c.resources {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// OfPlural is the resource whose objects the endpoint lists, or nil.
func (c *Catalog) OfPlural(p Plural) *Resource {
	words := make([]byte, 0, 64)
	isWord := true
	for segment := range strings.SplitSeq(strings.TrimPrefix(string(p), "/"), "/") {
		if isWord {
			if len(words) > 0 {
				words = append(words, '/')
			}
			words = append(words, segment...)
		}
		isWord = !isWord
	}
	if isWord {
		return nil // it ended in an id
	}
	return c.byWords[string(words)]
}

// Of is the resource of the object, or nil.
func (c *Catalog) Of(u URI) *Resource { return c.OfPlural(u.Plural()) }

// Members are the principals that the object, as a group, has for members; isGroup tells whether objects of
// the resource are groups at all. A tombstone has no members.
func (c *Catalog) Members(resource string, o Object) (members []string, isGroup bool) {
	r := c.Resource(resource)
	if r == nil || r.Members == nil {
		return nil, false
	}
	if !o.Live() {
		return nil, true
	}
	return r.Members(o.Data), true
}

// validates tells whether anything is asked of data whatever the state.
func (r *Resource) validates() bool { return r.Validate != nil || r.Attributes != nil }

// checkMembers refuses what no read model could look up.
func (r *Resource) checkMembers(data []byte) error {
	if r.Members == nil {
		return nil
	}
	tooLong := func(member string) bool { return len(member) > MaxPrincipalLength }
	if slices.ContainsFunc(r.Members(data), tooLong) {
		return Invalidf(InBody, "data", "A member is longer than %d bytes", MaxPrincipalLength)
	}
	return nil
}

// Structural tells whether what callers may do with other objects depends on objects of the resource: they have others
// below them, or are groups.
func (c *Catalog) Structural(resource string) bool {
	r := c.Resource(resource)
	return r != nil && (len(r.children) > 0 || r.Members != nil)
}

// Ancestors are the objects above a plural endpoint, outermost first.
func (p Plural) Ancestors() []URI {
	above := make([]URI, 0, 2)
	for parent := p.Parent(); parent != ""; parent = parent.Plural().Parent() {
		above = append(above, parent)
	}
	slices.Reverse(above)
	return above
}
