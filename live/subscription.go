package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/readapi"
	"github.com/kintolog/kintolog/web"
)

// channel is what a subscriber is told through. An error means that the client is not there any more.
type channel interface {
	// begin tells that what happened up to a position will not be told.
	begin(at domain.Position) error
	// changes tells events, a JSON array of CloudEvents, which are all that the subscriber may hear of what happened at a
	// position.
	changes(at domain.Position, events string) error
	// reset tells that the client is to list anew, as of a position or later, and why is of no interest to it.
	reset(at domain.Position) error
	// alive keeps the connection open.
	alive() error
	// end is the last, with the reason.
	end(error)
}

// Reasons for which a subscription ends while its client is still there.
var (
	errAnew     = errors.New("the time is over, or the credentials are: subscribe again")
	errStopping = errors.New("the service is stopping: subscribe again")
)

// subscription is one caller who hears of one plural endpoint.
type subscription struct {
	*service
	request  *web.Request
	caller   domain.Caller
	resource *domain.Resource
	plural   domain.Plural
	above    []domain.Plural // where it can happen that all in the endpoint is gone, or that others may read it
	view     view            // what the caller was last found to see
	seen     domain.Position // of the state in which it was
	at       domain.Position // up to which there is nothing more to tell
	told     int             // events

	keepAlive *time.Ticker
	lifetime  *time.Timer
}

// subscribe answers GET and HEAD.
func (s *service) subscribe(w http.ResponseWriter, r *web.Request) error {
	path := r.Segments()
	r.Plural = domain.Plural("/" + strings.Join(path[:len(path)-1], "/")) // for those as well who want to know who reads what
	u := &subscription{service: s, request: r, caller: r.Caller, resource: r.Resource, plural: r.Plural, above: above(r.Plural)}
	if err := u.admitted(r.Context()); err != nil {
		return err
	}
	last, err := lastEventID(r)
	if err != nil {
		return err
	}
	open, err := opener(w, r, s.parts.Config.Web)
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if s.subscribers.Add(1) > int64(s.Max) {
		s.subscribers.Add(-1)
		return &domain.Error{Code: domain.Unavailable, Message: "There are as many subscribers as the service takes."}
	}
	defer s.subscribers.Add(-1)
	return u.serve(open, last)
}

// above are the plural endpoints of the objects above one, and that of events which concern the whole log.
func above(p domain.Plural) []domain.Plural {
	all := []domain.Plural{""}
	for _, u := range p.Ancestors() {
		all = append(all, u.Plural())
	}
	return all
}

// serve tells the client what happens for as long as it listens.
func (u *subscription) serve(open func(context.Context) (context.Context, channel, error), last *domain.Position) error {
	// What the request itself takes for granted, such as a personal bucket, is there. From now on it can go.
	ctx, cancel := context.WithCancel(readapi.WithReader(u.request.Context(), nil))
	defer cancel()
	missed, err := u.begin(ctx, last)
	if err != nil {
		return err
	}
	ctx, c, err := open(ctx)
	if err != nil {
		return err
	}
	if err = c.begin(u.at); err == nil && missed {
		err = c.reset(u.at)
	}
	if err == nil {
		err = u.follow(ctx, c)
	}
	c.end(err)
	u.request.Note("told", u.told)
	if ctx.Err() != nil || errors.Is(err, errGone) || errors.Is(err, errAnew) || errors.Is(err, errStopping) || refused(err) {
		return nil
	}
	return err
}

// refused tells that a subscription ends because its caller may not have it any more.
func refused(err error) bool {
	refusal, ok := errors.AsType[*domain.Error](err)
	return ok && refusal.Code != domain.Unavailable
}

// follow tells what happens. It returns why it ends, which is never nil.
func (u *subscription) follow(ctx context.Context, c channel) error {
	u.keepAlive = time.NewTicker(u.KeepAlive)
	defer u.keepAlive.Stop()
	u.lifetime = time.NewTimer(u.Lifetime - rand.N(u.Lifetime/4+1))
	defer u.lifetime.Stop()
	for {
		if err := u.join(ctx, c); err != nil {
			return err
		}
	}
}

// join tells what happens until the hub gives up on the subscriber, which then has to join again, without an error.
func (u *subscription) join(ctx context.Context, c channel) error {
	in, now := u.hub.join(u.plural)
	defer u.hub.leave(in)
	if err := u.catchUp(ctx, c, now); err != nil {
		return err
	}
	return u.listen(ctx, c, in)
}

// catchUp tells what has happened up to a position.
func (u *subscription) catchUp(ctx context.Context, c channel, until domain.Position) error {
	if u.at >= until {
		return nil
	}
	for entry, err := range u.parts.Log.Read(ctx, u.at, append(slices.Clip(u.above), u.plural)...) {
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if entry.Position > until {
			break
		}
		if err := u.due(ctx, c); err != nil {
			return err
		}
		n, err := newsOf(entry)
		if err == nil {
			err = u.tell(ctx, c, n)
		}
		if err != nil {
			return err
		}
	}
	u.at = max(u.at, until)
	return nil
}

// due does what is due by now, and returns why the subscription should end.
func (u *subscription) due(ctx context.Context, c channel) error {
	select {
	case <-u.keepAlive.C:
		return u.reassure(ctx, c)
	case <-u.lifetime.C:
		return errAnew
	case <-u.request.Ending():
		return errStopping
	default:
		return ctx.Err()
	}
}

// listen tells what happens, as it happens. It returns without error when the hub gave up on it.
func (u *subscription) listen(ctx context.Context, c channel, in *inbox) error {
	for {
		var err error
		select {
		case n, open := <-in.news:
			if !open {
				return in.err
			}
			err = u.tell(ctx, c, n)
		case <-u.keepAlive.C:
			err = u.reassure(ctx, c)
		case <-u.lifetime.C:
			err = errAnew
		case <-u.request.Ending():
			err = errStopping
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// tell tells what the caller may hear of news, unless that is nothing new.
func (u *subscription) tell(ctx context.Context, c channel, n *news) error {
	if n.Position <= u.at {
		return nil
	}
	u.at = n.Position
	if n.Plural != u.plural {
		return u.tellOfAbove(ctx, c, n.Entry)
	}
	state, changed, err := u.review(ctx, n.Entry)
	if err != nil {
		return err
	}
	if changed { // there may be objects that it was not told of, or that it sees no more
		return u.reset(c)
	}
	events, count := u.hear(state, n)
	if count == 0 {
		return nil
	}
	u.told += count
	return c.changes(n.Position, events)
}

// tellOfAbove tells that what happened above an endpoint changes what is in it, or what the caller sees of it.
func (u *subscription) tellOfAbove(ctx context.Context, c channel, entry eventstore.Entry) error {
	gone := u.empties(entry)
	if !gone && !u.concerns(entry) {
		return nil
	}
	return u.check(ctx, c, gone)
}

// reassure looks whether the credentials still are those of the caller, who may still list, and tells the client that the service is
// there.
func (u *subscription) reassure(ctx context.Context, c channel) error {
	caller, err := u.parts.Identify(u.request.WithContext(ctx))
	if err != nil {
		return err
	}
	if caller != u.caller {
		return errAnew
	}
	if err := u.check(ctx, c, false); err != nil {
		return err
	}
	return c.alive()
}

// check looks whether the caller may still list, and tells it to list anew if it may read other objects than before, or if those
// that it knew are gone.
func (u *subscription) check(ctx context.Context, c channel, gone bool) error {
	changed, err := false, u.admitted(ctx)
	if err == nil {
		_, changed, err = u.review(ctx, eventstore.Entry{})
	}
	if gone || changed {
		if err := u.reset(c); err != nil {
			return err
		}
	}
	return err
}

// reset tells that the client is to list anew. What happened before the caller was found to see what it sees now is not told any
// more: it may not have been allowed to read it.
func (u *subscription) reset(c channel) error {
	u.at = max(u.at, u.seen)
	return c.reset(u.at)
}

// review looks again, and tells whether the caller may read other objects than before.
func (u *subscription) review(ctx context.Context, entry eventstore.Entry) (state *domain.State, changed bool, err error) {
	before := u.view
	if u.view, state, err = u.look(ctx, entry); err != nil {
		return nil, false, err
	}
	return state, !u.view.equal(before), nil
}

// empties tells whether nothing that was in the endpoint before an entry is there after it.
func (u *subscription) empties(entry eventstore.Entry) bool {
	return slices.ContainsFunc(entry.Events, func(e domain.Event) bool { return e.Empties(u.plural) })
}

// concerns tells whether an entry changes what is above the endpoint, and with it perhaps who may read it.
func (u *subscription) concerns(entry eventstore.Entry) bool {
	return slices.ContainsFunc(entry.Events, func(e domain.Event) bool {
		return slices.Contains(u.plural.Ancestors(), e.Object.URI)
	})
}
