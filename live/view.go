package live

import (
	"context"
	"slices"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/feed"
)

// view is which objects of an endpoint a caller may read: all of them, or those that are shared with these principals.
type view struct {
	shared     bool
	principals []string
}

func (v view) equal(other view) bool {
	return v.shared == other.shared && slices.Equal(v.principals, other.principals)
}

// admitted is the error for a caller who may not list the endpoint now.
func (u *subscription) admitted(ctx context.Context) error {
	return u.parts.Read.Listable(ctx, u.caller, u.resource, u.plural)
}

// look is what the caller may read now, and the state that tells how much is shown of the events of an entry.
func (u *subscription) look(ctx context.Context, entry eventstore.Entry) (view, *domain.State, error) {
	needs := domain.Needs{Objects: u.plural.Ancestors(), Members: u.caller.Members()}
	var own []domain.Event
	if entry.Plural == u.plural {
		own = entry.Events
	}
	if u.view.shared { // and what counts is whether they still are
		for _, e := range own {
			needs.Objects = append(needs.Objects, e.Object.URI)
		}
	}
	snapshot, err := u.parts.Read.Load(ctx, needs)
	if err != nil {
		return view{}, nil, err
	}
	u.seen = snapshot.Position
	if !u.view.shared {
		for _, e := range own {
			snapshot.Objects[e.Object.URI] = e.Object
		}
	}
	state := domain.NewState(u.parts.Catalog, nil, nil)
	state.Add(needs, snapshot)
	if u.resource.NeedsParent {
		if err := state.ParentMissing(u.resource, u.plural); err != nil {
			return view{}, nil, err
		}
	}
	if shared := state.Listing(u.caller, domain.ListObjects, u.resource, u.plural); shared != nil {
		return view{true, shared.Principals}, state, nil
	}
	return view{}, state, nil
}

// hear is the JSON array of those events that the caller may hear, and their number.
func (u *subscription) hear(state *domain.State, n *news) (string, int) {
	heard, details := make([]feed.Event, 0, len(n.events)), make([]detail, 0, len(n.events))
	for _, e := range n.events {
		if u.mayHear(state, e) {
			heard, details = append(heard, e), append(details, u.detail(state, e))
		}
	}
	uniform := len(heard) == len(n.events) && !slices.ContainsFunc(details, func(d detail) bool { return d != details[0] })
	switch {
	case len(heard) == 0:
		return "", 0
	case uniform && details[0] == detail{true, true}:
		return n.whole(), len(heard)
	case uniform && details[0] == detail{}:
		return n.reduced(), len(heard)
	}
	all := make([][]byte, len(heard))
	for i, e := range heard {
		all[i] = shown(e, details[i])
	}
	return string(jsondoc.Array(all)), len(heard)
}

// mayHear tells whether the caller could read the object as the event left it, and can now.
func (u *subscription) mayHear(state *domain.State, e feed.Event) bool {
	if !u.view.shared {
		return true
	}
	shares := func(o domain.Object) bool {
		return slices.ContainsFunc(u.resource.SharedBy(domain.ListObjects), func(permission string) bool {
			return o.Permissions.Allows(permission, u.view.principals)
		})
	}
	return shares(e.Object) && shares(state.Object(e.Object.URI))
}

// detail is what the caller may know of an event: its origin if it may write the object, and the permissions that GET on
// the object would show.
func (u *subscription) detail(state *domain.State, e feed.Event) detail {
	d := detail{origin: state.Permits(u.caller, domain.WriteObject, u.resource, e.Object.URI)}
	if d.permissions = d.origin; len(e.Object.Permissions) > 0 {
		d.permissions = state.Shown(u.resource, e.Object, u.caller) != nil
	}
	return d
}
