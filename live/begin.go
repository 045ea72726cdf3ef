package live

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/web"
)

const (
	// patience is how long a client waits for the read model to be as far as what it was told elsewhere.
	patience = 5 * time.Second
	// maxAbove entries of the endpoints above, of which there are maxEndpoints, are looked through.
	maxAbove     = 10_000
	maxEndpoints = 100
)

// lastEventID is the position up to which the client knows everything; nil if it says nothing.
func lastEventID(r *web.Request) (*domain.Position, error) {
	const parameter = "_last_event_id"
	query := r.URL.Query()
	for name := range query {
		if name != parameter {
			return nil, domain.Invalidf(domain.InQuery, name, "Events are not filtered: the only parameter is %s.", parameter)
		}
	}
	location, name, text := domain.InHeader, "Last-Event-ID", r.Header.Get("Last-Event-ID")
	if query.Has(parameter) && text == "" { // the header is later: a client that reconnects repeats the URL
		location, name, text = domain.InQuery, parameter, query.Get(parameter)
	}
	if text == "" {
		return nil, nil
	}
	position, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return nil, domain.Invalidf(location, name, "The value should be the id of an event.")
	}
	at := domain.Position(position)
	return &at, nil
}

// begin finds out what the caller may read, and after which position it is told what happens: after the last one up to which
// it knows everything, if that is given. It has missed something if that cannot be told: because it is too old, all that there
// was is gone, others may read it than before, or the id is of another log.
func (u *subscription) begin(ctx context.Context, last *domain.Position) (missed bool, err error) {
	if last != nil {
		if missed, err = u.ahead(ctx, *last); err != nil {
			return false, err
		}
	}
	state, _, err := u.review(ctx, eventstore.Entry{})
	if err != nil {
		return false, err
	}
	if last != nil && !missed {
		// After the review, so that nothing has happened before it that this does not see.
		gone, err := u.gone(ctx, *last, u.groups(state))
		if err != nil {
			return false, unavailable(err)
		}
		if gone == 0 {
			u.at = *last
			return false, nil
		}
		missed = true
		if err := u.wait(ctx, gone); err != nil {
			return false, err
		}
		if _, _, err = u.review(ctx, eventstore.Entry{}); err != nil {
			return false, err
		}
	}
	u.at = u.seen
	return missed, nil
}

// ahead waits for the read model of this process, if the client was told more than it holds. If that is not in the log at all,
// the client was told of another one.
func (u *subscription) ahead(ctx context.Context, last domain.Position) (missed bool, err error) {
	if last <= u.parts.Progress.Position() {
		return false, nil
	}
	tail, err := u.parts.Log.Tail(ctx)
	if err != nil {
		return false, unavailable(err)
	}
	if last > tail.Position {
		return true, nil
	}
	return false, u.wait(ctx, last)
}

// gone is the position of an entry after the last one that makes it pointless to tell what happened since; 0 if there is
// none. Who was not a member of one of the groups before must not be told what only members could read.
func (u *subscription) gone(ctx context.Context, last domain.Position, groups []domain.URI) (domain.Position, error) {
	matters := func(e domain.Event) bool {
		return e.Empties(u.plural) || slices.ContainsFunc(groups, func(g domain.URI) bool {
			return e.Object.URI == g || e.Empties(g.Plural())
		})
	}
	endpoints, looked := with(u.above, groups), 0
	if len(endpoints) > maxEndpoints {
		return u.seen, nil
	}
	for entry, err := range u.parts.Log.Read(ctx, last, endpoints...) {
		if err != nil {
			return 0, err
		}
		if looked++; looked > maxAbove || u.concerns(entry) || slices.ContainsFunc(entry.Events, matters) {
			return entry.Position, nil
		}
	}
	oldest := domain.TimestampOf(u.parts.Config.Now().Add(-u.Replay))
	for entry, err := range u.parts.Log.Read(ctx, last, u.plural) {
		if err != nil {
			return 0, err
		}
		if entry.Events[0].At() < oldest {
			return entry.Position, nil
		}
		break
	}
	return 0, nil
}

// groups are those on whose members it depends what the caller may read: its own, and those that may read everything. None if
// it may read everything without any.
func (u *subscription) groups(state *domain.State) []domain.URI {
	if state.PermitsOne(u.caller.Principals(nil), domain.ListObjects, u.resource, u.plural.Object("")) {
		return nil
	}
	var groups []domain.URI
	add := func(principals []string) {
		for _, p := range principals {
			if r := u.parts.Catalog.Of(domain.URI(p)); r != nil && r.Members != nil && !slices.Contains(groups, domain.URI(p)) {
				groups = append(groups, domain.URI(p))
			}
		}
	}
	add(state.Principals(u.caller))
	for _, principals := range u.parts.Catalog.Policy.Grants {
		add(principals)
	}
	for _, above := range u.plural.Ancestors() {
		for _, principals := range state.Object(above).Permissions {
			add(principals)
		}
	}
	return groups
}

// with are plural endpoints and those of objects, each once.
func with(some []domain.Plural, objects []domain.URI) []domain.Plural {
	all := slices.Clone(some)
	for _, u := range objects {
		all = append(all, u.Plural())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (u *subscription) wait(ctx context.Context, position domain.Position) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := u.parts.Progress.Wait(ctx, position); err != nil {
		return unavailable(fmt.Errorf("wait for position %d: %w", position, err))
	}
	return nil
}

func unavailable(err error) error { return &domain.Error{Code: domain.Unavailable, Cause: err} }
