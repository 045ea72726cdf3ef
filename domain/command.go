package domain

import "github.com/kintolog/kintolog/domain/jsondoc"

// Verb is what a command asks for.
type Verb int

// The verbs, named for the HTTP methods that ask for them.
const (
	Post       Verb = iota // create in a plural endpoint, or find the object with the given id
	Put                    // create or replace an object
	Patch                  // change an object
	Delete                 // delete an object
	DeleteMany             // delete the objects of a plural endpoint that a query selects
)

// PatchKind is how the body of a Patch is to be read (protocol 2.6).
type PatchKind int

// The kinds of patches.
const (
	MergeAttributes PatchKind = iota // the attributes given replace those there were
	MergePatch                       // RFC 7396
	JSONPatch                        // RFC 6902
)

// Command asks for one change. It is made of a request without looking at any state.
type Command struct {
	Verb Verb
	// Resource is that of the URI ([Catalog.Of]); what is of no resource, or of another one, is a MissingResource.
	Resource *Resource
	// URI is the object addressed. For Post the id is the one given, or one made for it; for DeleteMany the id is empty.
	URI URI
	// Fresh tells that the id was made for it. Nothing is looked up under the URI if such ids are Unique; what is there
	// otherwise is a Conflict, as the next one is likely to be another.
	Fresh  bool
	Caller Caller
	Origin Origin

	// Trusted spares the command the question whether the caller may do this, and lets it change read-only attributes: the
	// service itself wants it, on the caller's behalf, or, without a caller, on its own, and then nobody is given write.
	Trusted bool

	Precondition Precondition
	// Data is the normalised JSON object of the request, nil if it carried none.
	Data []byte
	// Permissions are those of the request, nil if it carried none. In a MergePatch a nil list
	// removes the entry, elsewhere it is ignored.
	Permissions map[string][]string
	PatchKind   PatchKind
	Operations  []byte // a normalised JSON array, for JSONPatch
	// LastModified is that wanted for the tombstone of a Delete; nil for none.
	LastModified *Timestamp
	// Problem is what is wrong with the request apart from the state. It is reported to those only who may do
	// what they ask for.
	Problem *Error
}

// Plural is the endpoint in which the command happens.
func (c *Command) Plural() Plural { return c.URI.Plural() }

// Misplaced tells that the command has no resource, or not that of its URI.
func (c *Command) Misplaced(catalog *Catalog) bool {
	return c.Resource == nil || c.Resource != catalog.Of(c.URI)
}

// Needs is what Decide will look at, as far as the command tells.
func (c *Command) Needs() Needs {
	plural := c.Plural()
	n := Needs{Objects: plural.Ancestors(), Scopes: []Plural{plural, ""}, Members: c.Caller.Members()}
	if c.Verb != DeleteMany && !c.alone() {
		n.Objects = append(n.Objects, c.URI)
	}
	if value, ok := jsondoc.Lookup(c.Data, "last_modified"); ok {
		if t, ok := jsondoc.Int(value); ok {
			n.Moments = []Moment{{plural, Timestamp(t)}}
		}
	}
	return n
}

// alone tells that nothing can be under the URI.
func (c *Command) alone() bool { return c.Fresh && c.Resource != nil && c.Resource.IDs.Unique }

// Result is what a decision comes to, for the answer.
type Result struct {
	// Object is the object after the command, or its tombstone.
	Object Object
	// Old is the object before; the zero Object if there was none.
	Old Object
	// Given are the attributes that the request gave: for a JSONPatch, the whole patched data. Nil if it gave none.
	Given []byte
	// Created tells a creation from a change; Unchanged that nothing was done, because Post named an object
	// that is there.
	Created, Unchanged bool
	// Shown are the permissions that the caller may see (protocol 4.5).
	Shown Permissions
	// Tombstones are those of a DeleteMany, in the order of deletion.
	Tombstones []Object
	// Timestamp is that of the answer: of Object, or for DeleteMany that of the plural endpoint.
	Timestamp Timestamp
}
