package domain_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/kintolog/kintolog/domain"
)

func TestATrustedCommandNeedsNoPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := &domain.Command{Verb: domain.Post, Resource: w.catalog.Resource("shelf"), URI: "/shelves/a"}
	if _, _, err := domain.Decide(w.state, c, 2000); domain.CodeOf(err) != domain.Unauthenticated {
		t.Errorf("got %v, want it to be refused to nobody", err)
	}
	c.Trusted = true
	if _, result, err := domain.Decide(w.state, c, 2000); err != nil || !result.Created {
		t.Errorf("trusted: got %+v, %v, want it created", result, err)
	}
	c.Resource, c.URI = w.catalog.Resource("book"), "/shelves/a/books/x"
	if _, _, err := domain.Decide(w.state, c, 2000); domain.CodeOf(err) != domain.MissingResource {
		t.Errorf("without parent: got %v, want it to be missing", err)
	}
}

func TestACommandIsOfTheResourceOfItsURI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, u := range []domain.URI{"/shelves/a", "/shelves/a/books/x", "/shelves/a/clubs/x", "/shelves/a/books/x/pages/y", "/nothing/a", ""} {
		for _, r := range append(w.catalog.Resources(), nil) {
			c := &domain.Command{Verb: domain.Put, Resource: r, URI: u, Trusted: true}
			_, _, err := domain.Decide(w.state, c, 2000)
			e, _ := errors.AsType[*domain.Error](err)
			if refused := e != nil && e.Code == domain.MissingResource && e.Resource == ""; refused != (r == nil || r != w.catalog.Of(u)) {
				t.Errorf("%q as %+v: got %v", u, r, err)
			}
		}
	}
}

func TestWhatTheServiceWritesIsWritableByNobodyElse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		caller domain.Caller
		want   domain.Permissions
	}{{domain.Caller{}, nil}, {alice, domain.Permissions{"write": {alice.UserID}}}} {
		w := newWorld(t)
		command := &domain.Command{Verb: domain.Put, Resource: w.catalog.Resource("shelf"), URI: "/shelves/a", Caller: c.caller, Trusted: true}
		_, result, err := domain.Decide(w.state, command, 2000)
		if err != nil || !maps.EqualFunc(result.Object.Permissions, c.want, slices.Equal) {
			t.Errorf("%q: got %v, %v, want %v", c.caller.UserID, result.Object.Permissions, err, c.want)
		}
	}
}

func TestACheckKnowsWhatThePolicyGrants(t *testing.T) {
	t.Parallel()
	errGranted := errors.New("granted")
	catalog, err := domain.NewCatalog(
		domain.Policy{Grants: map[string][]string{"card_create": {domain.Everyone}, "card_write": {alice.UserID}}},
		domain.Resource{Name: "card", Path: "/cards", Check: func(w domain.Write) ([]byte, error) {
			if w.Granted("write") {
				return nil, errGranted
			}
			return w.Data, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		caller domain.Caller
		want   error
	}{{alice, errGranted}, {domain.Caller{UserID: "bob"}, nil}, {domain.Caller{}, nil}} {
		command := &domain.Command{Verb: domain.Post, Resource: catalog.Resource("card"), URI: "/cards/a", Caller: c.caller}
		state := domain.NewState(catalog, nil, nil)
		state.Add(command.Needs(), domain.Snapshot{})
		if _, _, err := domain.Decide(state, command, 1); !errors.Is(err, c.want) {
			t.Errorf("%q: got %v, want %v", c.caller.UserID, err, c.want)
		}
	}
}
