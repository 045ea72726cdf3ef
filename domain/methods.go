package domain

import (
	"fmt"
	"slices"
)

// The methods that endpoints of resources can have, in the order of protocol 2.12.
var (
	pluralMethods = []string{"HEAD", "GET", "POST", "DELETE"}
	objectMethods = []string{"GET", "HEAD", "PUT", "PATCH", "DELETE"}
)

// setMethods fills in the methods that are not chosen, and refuses those that the resource cannot have.
func (r *Resource) setMethods() error {
	plural, object := pluralMethods, objectMethods
	if r.Derived() {
		plural, object = []string{"HEAD", "GET", "DELETE"}, objectMethods[:2]
	}
	var err error
	if r.PluralMethods, err = chosen(r.PluralMethods, plural); err != nil {
		return fmt.Errorf("its plural endpoint: %w", err)
	}
	if r.ObjectMethods, err = chosen(r.ObjectMethods, object); err != nil {
		return fmt.Errorf("its objects: %w", err)
	}
	return nil
}

func chosen(methods, possible []string) ([]string, error) {
	if methods == nil {
		return possible, nil
	}
	for _, m := range methods {
		if !slices.Contains(possible, m) {
			return nil, fmt.Errorf("there is no method %s", m)
		}
	}
	return methods, nil
}

// Internal tells that the resource has no endpoints: its objects are the service's own, of which clients are not told.
func (r *Resource) Internal() bool { return len(r.PluralMethods)+len(r.ObjectMethods) == 0 }
