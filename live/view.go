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

// look is what the caller may read now, and the state that tells whether that goes for the objects of an entry.
func (u *subscription) look(ctx context.Context, entry eventstore.Entry) (view, *domain.State, error) {
	needs := domain.Needs{Objects: u.plural.Ancestors(), Members: u.caller.Members()}
	for _, e := range entry.Events {
		if entry.Plural == u.plural {
			needs.Objects = append(needs.Objects, e.Object.URI)
		}
	}
	snapshot, err := u.parts.Read.Load(ctx, needs)
	if err != nil {
		return view{}, nil, err
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

// hear is the JSON array of those events of an entry that the caller may hear, and their number.
func (u *subscription) hear(state *domain.State, entry eventstore.Entry) ([]byte, int, error) {
	events, err := feed.EventsOf(entry)
	if err != nil {
		return nil, 0, err
	}
	heard, n := []byte{'['}, 0
	for _, e := range events {
		if !u.mayHear(state, e) {
			continue
		}
		if n++; n > 1 {
			heard = append(heard, ',')
		}
		heard = append(heard, u.shown(state, e)...)
	}
	return append(heard, ']'), n, nil
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

// shown is the CloudEvent as the caller may see it: with the permissions that GET on the object would show, and who did it
// in which request only for those who may write it.
func (u *subscription) shown(state *domain.State, e feed.Event) []byte {
	ce := e.CloudEvent
	if !state.Permits(u.caller, domain.WriteObject, u.resource, e.Object.URI) {
		ce = jsondoc.With(ce, jsondoc.Field{Name: "userid"}, jsondoc.Field{Name: "requestid"}, jsondoc.Field{Name: "traceparent"})
	}
	if len(e.Object.Permissions) == 0 || state.Shown(u.resource, e.Object, u.caller) != nil {
		return ce
	}
	data, _ := jsondoc.Lookup(ce, "data")
	return jsondoc.With(ce, jsondoc.Field{Name: "data", Value: jsondoc.With(data, jsondoc.Field{Name: "permissions"})})
}
