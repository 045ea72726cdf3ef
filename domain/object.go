package domain

import (
	"maps"
	"slices"
	"time"
)

// Timestamp is a moment in milliseconds since the Unix epoch. Within one plural
// endpoint no two objects or tombstones share one (protocol 1.3).
type Timestamp int64

// TimestampOf is the millisecond that t falls into.
func TimestampOf(t time.Time) Timestamp { return Timestamp(t.UnixMilli()) }

// Time is the same moment as a UTC time.
func (t Timestamp) Time() time.Time { return time.UnixMilli(int64(t)).UTC() }

// InTime tells that the timestamp is before the Horizon of now.
func (t Timestamp) InTime(now Timestamp) bool { return t < now.Horizon() }

// Horizon is a day after the timestamp. At that moment clients cannot ask for what has changed since then, or a later one.
func (t Timestamp) Horizon() Timestamp { return t + 24*60*60*1000 }

// MaxTimestamp is the greatest last_modified accepted from a client, the end of
// the year 9999.
const MaxTimestamp Timestamp = 253402300799999

// Position is a place in the log: 1 is the first entry, 0 is before it.
type Position uint64

// Object is one stored thing, or its tombstone.
type Object struct {
	URI          URI
	LastModified Timestamp
	// Created is when the object came to be, by the clock of the service, whatever last_modified its client
	// chose; it stays the same while the object lives, and an object created anew has a later one.
	Created Timestamp
	// Deleted marks a tombstone.
	Deleted bool
	// Data is the normalised JSON object that clients see, "id" and "last_modified"
	// included; of a tombstone, these and "deleted": true.
	Data []byte
	// Permissions are the explicit ones; empty on tombstones.
	Permissions Permissions
}

// Live tells whether the object is there: neither missing (the zero Object) nor a
// tombstone.
func (o Object) Live() bool { return o.URI != "" && !o.Deleted }

// Permissions are an object's explicit access control entries: permission name to
// principals, which are sorted and distinct. No entry is empty.
type Permissions map[string][]string

// Allows tells whether one of the principals holds the permission explicitly.
func (p Permissions) Allows(permission string, principals []string) bool {
	holders := p[permission]
	if len(holders) > len(principals) {
		holders, principals = principals, holders
	}
	if len(holders) <= few {
		return slices.ContainsFunc(holders, func(holder string) bool { return slices.Contains(principals, holder) })
	}
	some := make(map[string]bool, len(holders))
	for _, holder := range holders {
		some[holder] = true
	}
	return slices.ContainsFunc(principals, func(principal string) bool { return some[principal] })
}

// shownTo are the permissions if one of the principals is allowed to write.
func (p Permissions) shownTo(principals []string) Permissions {
	if p.Allows("write", principals) {
		return p
	}
	return nil
}

// few principals are compared with many one by one. Both may be thousands, as anybody can put others into groups.
const few = 16

// Names are those of the permissions that somebody has, sorted.
func (p Permissions) Names() []string {
	names := make([]string, 0, len(p))
	for name := range p {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// With is a copy in which the principals of one permission are exactly these,
// sorted and distinct; none removes the entry.
func (p Permissions) With(permission string, principals ...string) Permissions {
	next := make(Permissions, len(p)+1)
	maps.Copy(next, p)
	if len(principals) == 0 {
		delete(next, permission)
		return next
	}
	sorted := slices.Clone(principals)
	slices.Sort(sorted)
	next[permission] = slices.Compact(sorted)
	return next
}

// Scope is what is known of a plural endpoint. The zero Scope was never written to.
type Scope struct {
	// Timestamp is the greatest last_modified ever assigned in it, tombstones included.
	Timestamp Timestamp
	// Live counts its objects without tombstones.
	Live int64
	// Cleared tells that it was last emptied by the deletion of an object above it, and not written to since.
	Cleared bool
}

// cleared is the scope when an object above it is deleted. Its timestamp is that moment, or a later one than it was, so that
// clients see that what they knew is gone. It stays as it is if there was nothing to know, and a later one that no client can
// poll with is not followed.
func (s Scope) cleared(at Timestamp) Scope {
	switch {
	case s.Timestamp == 0, s.Cleared:
	case s.Timestamp.InTime(at):
		s.Timestamp = max(s.Timestamp+1, at)
	default:
		s.Timestamp = at
	}
	return Scope{Timestamp: s.Timestamp, Cleared: s.Timestamp > 0}
}
