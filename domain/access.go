package domain

import (
	"slices"
	"strings"
)

// Principals that every request, and every authenticated one, has.
const (
	Everyone      = "system.Everyone"
	Authenticated = "system.Authenticated"
)

// Caller is who makes a request.
type Caller struct {
	// UserID is prefixed with the name of the policy that authenticated it
	// ("account:alice"); "" for an anonymous caller.
	UserID string
}

// Anonymous tells that nobody authenticated the request.
func (c Caller) Anonymous() bool { return c.UserID == "" }

// Principal is who the caller counts as when something is created: the user, or everyone.
func (c Caller) Principal() string {
	if c.Anonymous() {
		return Everyone
	}
	return c.UserID
}

// Members are the principals whose groups the caller belongs to.
func (c Caller) Members() []string {
	if c.Anonymous() {
		return nil
	}
	return []string{c.UserID, Authenticated}
}

// Principals are all the caller holds, each once, the user id first (protocol 4.1), given
// the groups of its Members.
func (c Caller) Principals(groups map[string][]URI) []string {
	if c.Anonymous() {
		return []string{Everyone}
	}
	held := []string{c.UserID, Everyone, Authenticated}
	own := make(map[URI]bool, len(groups[c.UserID]))
	for _, group := range groups[c.UserID] {
		own[group] = true
		held = append(held, string(group))
	}
	for _, group := range groups[Authenticated] {
		if !own[group] {
			held = append(held, string(group))
		}
	}
	return held
}

// WithGroups are principals and the groups that members belong to.
func WithGroups(principals, members []string, groups map[string][]URI) []string {
	all := slices.Clone(principals)
	for _, m := range members {
		for _, group := range groups[m] {
			all = append(all, string(group))
		}
	}
	return all
}

// Refusal is the error for a caller who has no permission, such as "read", on what is at a URI (protocol 4.8).
func (c Caller) Refusal(permission, uri string) *Error {
	code := Forbidden
	if c.Anonymous() {
		code = Unauthenticated
	}
	return &Error{Code: code, Permission: permission, URI: uri}
}

// Policy is what the operator decides about permissions.
type Policy struct {
	// Grants holds for all objects of a resource: "<resource>_<permission>" to principals, such as
	// "bucket_create" to system.Authenticated (protocol 4.7).
	Grants map[string][]string
	// KeepExplicit leaves those who write out of the permissions of what they write; only what a
	// request asks for is stored.
	KeepExplicit bool
}

// Right is what a request wants to do.
type Right int

// The rights. ReadObject and WriteObject concern one object, the others a plural endpoint.
const (
	ReadObject Right = iota
	WriteObject
	CreateObject
	ListObjects
	DeleteObjects
)

// Permission is what the right on a resource is called where it is granted.
func (r Right) Permission(of *Resource) string {
	switch r {
	case CreateObject:
		return of.CreatePermission()
	case WriteObject, DeleteObjects:
		return "write"
	default:
		return "read"
	}
}

// rights is how many there are.
const rights = DeleteObjects + 1

// ways are all that gives a right on a resource: grants, by their names in [Policy.Grants], and explicit permissions.
type ways struct {
	grants []string
	aces   []ace
}

// ace is an explicit permission that gives a right: on the object itself (depth 0), its parent (1), ...
type ace struct {
	depth      int
	permission string
}

// waysTo finds out what gives a right, when all children of the resource are declared.
func (r *Resource) waysTo(right Right) ways {
	aces := r.sufficient(right)
	return ways{grants: r.granted(right, aces), aces: aces}
}

// sufficient lists the entries any of which gives the right on a resource (protocol 4.2).
func (r *Resource) sufficient(right Right) []ace {
	var aces []ace
	for i := range r.ancestors {
		aces = append(aces, ace{i + 1, "write"})
		if right == ReadObject || right == ListObjects {
			aces = append(aces, ace{i + 1, "read"})
		}
	}
	switch right {
	case ReadObject:
		aces = append(aces, ace{0, "write"}, ace{0, "read"})
		for _, child := range r.creatable {
			aces = append(aces, ace{0, child.CreatePermission()})
		}
	case WriteObject:
		aces = append(aces, ace{0, "write"})
	case CreateObject:
		aces = append(aces, ace{1, r.CreatePermission()})
	}
	return aces
}

// rootGrant is the only grant that counts on a plural endpoint without parent.
var rootGrant = map[Right]string{CreateObject: "create", ListObjects: "read", DeleteObjects: "write"}

// granted are the names of the grants that give the right on every object of the resource.
func (r *Resource) granted(right Right, aces []ace) []string {
	if permission, plural := rootGrant[right]; plural && r.parent == nil {
		return []string{r.Name + "_" + permission}
	}
	var names []string
	for _, a := range aces {
		permission := a.permission
		if own, ok := strings.CutPrefix(permission, r.Name+":"); ok {
			permission = own
		}
		names = append(names, r.Name+"_"+permission)
	}
	return names
}

// Permits tells whether the principals have a right on an object, or on its plural endpoint, given the
// explicit permissions of the object and of those above it. Permissions come by depth: the object itself is 0, its
// parent 1; for rights on a plural endpoint 0 is not looked at.
func (c *Catalog) Permits(right Right, r *Resource, principals []string, at func(depth int) Permissions) bool {
	for _, name := range r.ways[right].grants {
		if Permissions(c.Policy.Grants).Allows(name, principals) {
			return true
		}
	}
	for _, a := range r.ways[right].aces {
		if at(a.depth).Allows(a.permission, principals) {
			return true
		}
	}
	return false
}

// SharedBy are the explicit permissions on an object that make it visible in a list, or, for deletion, part of it
// (protocol 4.4).
func (r *Resource) SharedBy(right Right) []string {
	if right == DeleteObjects {
		return []string{"write"}
	}
	shared := []string{"read", "write"}
	for _, child := range r.creatable {
		shared = append(shared, child.CreatePermission())
	}
	return shared
}
