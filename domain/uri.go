package domain

import "strings"

// URI names one object by its path without version prefix, percent-decoded:
// "/buckets/blog/collections/articles". It is also the object's identity for
// permissions, and the principal of a group.
type URI string

// Plural names a plural endpoint, the scope of timestamps and of lists:
// "/buckets/blog/collections". The empty Plural is the root of the whole log.
type Plural string

// Plural is the endpoint that lists the object; "" for the empty URI.
func (u URI) Plural() Plural {
	return Plural(u[:max(strings.LastIndexByte(string(u), '/'), 0)])
}

// ID is the last segment, the object's id within its plural endpoint.
func (u URI) ID() string {
	return string(u[strings.LastIndexByte(string(u), '/')+1:])
}

// Below is the prefix that every plural endpoint and object under u starts with.
func (u URI) Below() string { return string(u) + "/" }

// Contains tells whether p is a plural endpoint under u, at any depth.
func (u URI) Contains(p Plural) bool { return strings.HasPrefix(string(p), u.Below()) }

// Object is the URI of the object with this id.
func (p Plural) Object(id string) URI { return URI(string(p) + "/" + id) }

// Parent is the object that holds the endpoint; "" at the root, whose endpoints
// ("/buckets") have no parent.
func (p Plural) Parent() URI {
	return URI(p[:max(strings.LastIndexByte(string(p), '/'), 0)])
}
