package domain

// AccessQuery asks which objects someone holds an explicit permission on, over all plural endpoints (protocol 4.9).
type AccessQuery struct {
	// Principals hold permissions themselves, Members through the groups that list them.
	Principals, Members []string
	// Resources restricts the answer to these; nil for all.
	Resources []string
	// Granted are resources of which every live object is wanted, whoever holds what: without permissions, if nobody
	// asked for does.
	Granted []string
}

// Access is one object with the permissions explicitly held on it, sorted.
type Access struct {
	URI         URI
	Resource    string
	Permissions []string
}

// Counts are numbers of objects by resource, without those of which there are none.
type Counts struct {
	Live, Tombstones map[string]int64
}
