package domain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
)

// derived is a derivation of nothing.
var derived = &domain.Derivation{
	Into:   func(domain.Event) domain.Plural { return "" },
	Derive: func(*domain.State, domain.Event, domain.Timestamp) domain.Object { return domain.Object{} },
}

func TestADerivationIsWhole(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*domain.Derivation{
		"nothing": {}, "no place": {Derive: derived.Derive}, "no object": {Into: derived.Into},
	} {
		if _, err := domain.NewCatalog(domain.Policy{}, domain.Resource{Name: "thing", Path: "/things", Derivation: d}); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestDerivedObjectsAreNeitherGroupsNorAboveOthers(t *testing.T) {
	t.Parallel()
	change := domain.Resource{Name: "change", Path: "/changes", Derivation: derived}
	group := change
	group.Members = func([]byte) []string { return nil }
	for want, resources := range map[string][]domain.Resource{
		`resource "change": it is derived, and has no Members`:   {group},
		`resource "note": "change" is derived, and has nothing`:  {change, {Name: "note", Path: "/changes/{change}/notes"}},
		`resource "other": "change" is derived, and has nothing`: {change, {Name: "other", Path: "/changes/{change}/others", Derivation: derived}},
	} {
		if _, err := domain.NewCatalog(domain.Policy{}, resources...); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestMethodsAreThoseThatMakeSense(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		resource       domain.Resource
		plural, object []string // nil for a resource that is refused
	}{
		"by default":       {domain.Resource{}, []string{"HEAD", "GET", "POST", "DELETE"}, []string{"GET", "HEAD", "PUT", "PATCH", "DELETE"}},
		"of derived ones":  {domain.Resource{Derivation: derived}, []string{"HEAD", "GET", "DELETE"}, []string{"GET", "HEAD"}},
		"chosen":           {domain.Resource{PluralMethods: []string{"GET"}, ObjectMethods: []string{}}, []string{"GET"}, []string{}},
		"unknown":          {domain.Resource{PluralMethods: []string{"PUT"}}, nil, nil},
		"written, derived": {domain.Resource{Derivation: derived, ObjectMethods: []string{"PUT"}}, nil, nil},
	} {
		c.resource.Name, c.resource.Path = "thing", "/things"
		catalog, err := domain.NewCatalog(domain.Policy{}, c.resource)
		if err != nil || c.plural == nil {
			if (err != nil) != (c.plural == nil) {
				t.Errorf("%s: got %v, want an error: %t", name, err, c.plural == nil)
			}
			continue
		}
		r := catalog.Resource("thing")
		if !slices.Equal(r.PluralMethods, c.plural) || !slices.Equal(r.ObjectMethods, c.object) {
			t.Errorf("%s: got %v, %v, want %v, %v", name, r.PluralMethods, r.ObjectMethods, c.plural, c.object)
		}
	}
}

func TestClientsDoNotWriteDerivedObjects(t *testing.T) {
	t.Parallel()
	catalog, err := domain.NewCatalog(domain.Policy{},
		domain.Resource{Name: "bucket", Path: "/buckets"}, domain.Resource{Name: "change", Path: "/buckets/{bucket}/changes", Derivation: derived})
	if err != nil {
		t.Fatal(err)
	}
	if got := catalog.Resource("bucket").Permissions; !slices.Equal(got, []string{"read", "write"}) {
		t.Errorf("permissions of the parent: got %v, want no permission to create", got)
	}
	c := domain.Command{Verb: domain.Put, Resource: catalog.Resource("change"), URI: "/buckets/b/changes/c", Trusted: true}
	if _, _, err := domain.Decide(domain.NewState(catalog, nil, nil), &c, 1); domain.CodeOf(err) != domain.MethodNotAllowed {
		t.Errorf("got %v, want %s", err, domain.MethodNotAllowed)
	}
}
