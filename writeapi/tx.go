package writeapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/web"
)

// Tx is a transaction: reads and writes on one state of the log, of which the writes are committed together or
// not at all. It is valid only inside the function it is given to, which may be run several times, each
// time with a new Tx, before its outcome counts.
type Tx struct {
	ctx   context.Context
	loop  *Loop
	state *domain.State
	end   domain.Position // of the log this is decided on
	now   domain.Timestamp
	stale bool // what was loaded does not fit, so that nothing decided here counts

	changes  []Change // one for each pending event, if anybody reacts
	reacted  int      // how many of them were told
	reacting bool
}

// errStale ends a round whose state is older than what a load has seen, or than what others have appended.
//
// It is nothing to log: whatever came of the transaction is thrown away and decided again.
var errStale = web.Reported(errors.New("the log has gone on from its known end"))

// Execute decides a command and applies its events to the transaction. On an error nothing is applied; it is a
// *domain.Error if the client can act on it. The data can be any JSON object, such as json.Marshal makes. Permissions that the
// resource does not have are refused, and principals that are not domain.ValidPrincipal. What the resource prepares (domain.Resource.Prepare) is for the caller to have
// prepared, outside of the transaction.
func (t *Tx) Execute(c *domain.Command) (domain.Result, error) {
	normal := *c
	normalize(&normal)
	return t.execute(&normal)
}

// normalize makes data that may be any bytes what domain.Decide expects. What is wrong with them, or with the principals of
// permissions, is a problem of the command.
func normalize(c *domain.Command) {
	unfit := func(principal string) bool { return !domain.ValidPrincipal(principal) }
	for name, principals := range c.Permissions {
		switch {
		case c.Problem != nil, c.Resource == nil:
		case !slices.Contains(c.Resource.Permissions, name):
			c.Problem = domain.Invalidf(domain.InBody, "permissions", "%q is not one of %s", name, strings.Join(c.Resource.Permissions, ", "))
		case slices.ContainsFunc(principals, unfit):
			c.Problem = domain.Invalidf(domain.InBody, "permissions."+name, "A principal is empty, too long, or no text")
		}
	}
	if len(c.Data) == 0 {
		return
	}
	data, err := jsondoc.Normalize(c.Data, jsondoc.Limits{})
	switch {
	case c.Problem != nil:
	case err != nil:
		c.Problem = domain.Invalidf(domain.InBody, "data", "%v", err)
	case !jsondoc.IsObject(data):
		c.Problem = domain.Invalidf(domain.InBody, "data", "It must be a JSON object")
	}
	c.Data = data
}

// execute is Execute of a command whose data are normalised.
func (t *Tx) execute(c *domain.Command) (domain.Result, error) {
	switch c.Verb {
	case domain.Post, domain.Put, domain.Patch, domain.Delete:
	case domain.DeleteMany:
		return domain.Result{}, errors.New("use ExecuteMany for a command on many objects")
	default:
		return domain.Result{}, fmt.Errorf("there is no verb %d", c.Verb)
	}
	for {
		events, result, err := domain.Decide(t.state, c, t.now)
		if again, loadErr := t.loadMissing(); loadErr != nil {
			return domain.Result{}, loadErr
		} else if again {
			continue
		}
		if err != nil {
			return domain.Result{}, err
		}
		t.apply(events, result.Old)
		return result, nil
	}
}

// ExecuteMany deletes the objects that the query selects in the plural endpoint of the command, a DeleteMany; if that is not
// trusted, among those that the caller may write. More tells that there are more objects beyond what the query asks for at
// most, and last is the last object deleted, as it was.
func (t *Tx) ExecuteMany(c *domain.Command, query domain.Query) (result domain.Result, last domain.Object, more bool, err error) {
	if c.Verb != domain.DeleteMany {
		return domain.Result{}, domain.Object{}, false, errors.New("use Execute for a command on one object")
	}
	if c.Misplaced(t.loop.Catalog) {
		return domain.Result{}, domain.Object{}, false, &domain.Error{Code: domain.MissingResource}
	}
	shared, err := t.deletable(c)
	if err != nil {
		return domain.Result{}, domain.Object{}, false, err
	}
	if err := t.deletion(c); err != nil {
		return domain.Result{}, domain.Object{}, false, err
	}
	query.Plural, query.Shared, query.Tombstones = c.Plural(), shared, false
	_, page, err := t.List(t.ctx, domain.Needs{}, query)
	if err != nil {
		return domain.Result{}, domain.Object{}, false, err
	}
	events, result := domain.DecideMany(t.state, c, page.Objects, t.now)
	t.apply(events, page.Objects...)
	if n := len(page.Objects); n > 0 {
		last = page.Objects[n-1]
	}
	return result, last, page.More, nil
}

// deletable is the restriction of what the caller may delete, nil for none. Who may delete nothing is refused, but for
// those who may create objects there.
func (t *Tx) deletable(c *domain.Command) (*domain.Shared, error) {
	if c.Trusted {
		return nil, nil
	}
	var mayCreate bool
	shared, err := look(t, func() *domain.Shared {
		mayCreate = t.state.Permits(c.Caller, domain.CreateObject, c.Resource, c.URI)
		return t.state.Listing(c.Caller, domain.DeleteObjects, c.Resource, c.Plural())
	})
	if err != nil || shared == nil || mayCreate {
		return shared, err
	}
	_, page, err := t.List(t.ctx, domain.Needs{}, domain.Query{Plural: c.Plural(), Limit: 1, Shared: shared})
	if err == nil && len(page.Objects) == 0 {
		err = c.Caller.Refusal("write", string(c.Plural()))
	}
	return shared, err
}

// deletion checks what comes before the selection, and after permissions.
func (t *Tx) deletion(c *domain.Command) error {
	problem, err := look(t, func() error { return t.state.Deletion(c) })
	if err != nil {
		return err
	}
	return problem
}

// Append adds events that were decided otherwise, with data that are normalised. Who reacts to them is told what was there
// before if the transaction has loaded it.
func (t *Tx) Append(events ...domain.Event) {
	for _, e := range events {
		u := e.Object.URI
		t.apply([]domain.Event{e}, t.state.Snapshot(domain.Needs{Objects: []domain.URI{u}}).Objects[u])
	}
}

// Latest is the greatest timestamp of all plural endpoints.
func (t *Tx) Latest() (domain.Timestamp, error) { return look(t, t.state.Latest) }

// Next is the timestamp that the server assigns to the next change in a plural endpoint.
func (t *Tx) Next(p domain.Plural) (domain.Timestamp, error) {
	return look(t, func() domain.Timestamp { return t.state.Next(p, t.now) })
}

// look looks at the state, and again after having loaded what was missing.
func look[T any](t *Tx, at func() T) (T, error) {
	for {
		value := at()
		again, err := t.loadMissing()
		if err != nil || !again {
			return value, err
		}
	}
}

// Savepoint marks the present state of the transaction.
func (t *Tx) Savepoint() int { return len(t.state.Pending()) }

// Rollback forgets what was decided since the savepoint.
func (t *Tx) Rollback(savepoint int) {
	t.state.Truncate(savepoint)
	t.changes = t.changes[:min(savepoint, len(t.changes))]
	t.reacted = min(t.reacted, len(t.changes))
}

// Now is the moment of the transaction.
func (t *Tx) Now() domain.Timestamp { return t.now }

// loadMissing loads what the last decision looked for; again tells that it has to be made again.
func (t *Tx) loadMissing() (again bool, err error) {
	missing, any := t.state.Missing()
	if !any {
		return false, nil
	}
	return true, t.load(missing)
}

func (t *Tx) load(needs domain.Needs) error {
	loaded, err := t.loop.Model.Load(t.ctx, needs)
	if err != nil {
		return unavailable("load state", err)
	}
	if err := t.fits(loaded.Position); err != nil {
		return err
	}
	t.state.Add(needs, loaded)
	return nil
}

// fits checks that what was loaded at a position can be brought to the end of the log.
func (t *Tx) fits(position domain.Position) error {
	if position > t.end || position < t.loop.tail.from {
		t.stale = true
		return errStale
	}
	return nil
}

// Load returns what is needed as the transaction sees it. With List and Accessible it lets what reads from a read model read
// from the transaction.
func (t *Tx) Load(_ context.Context, needs domain.Needs) (domain.Snapshot, error) {
	if unknown := t.state.Unknown(needs); !unknown.Empty() {
		if err := t.load(unknown); err != nil {
			return domain.Snapshot{}, err
		}
	}
	snapshot := t.state.Snapshot(needs)
	for _, p := range needs.Scopes {
		if t.loop.Catalog.IsDerived(p) {
			var err error
			if snapshot.Scopes[p], err = t.derivedScope(p); err != nil {
				return domain.Snapshot{}, err
			}
		}
	}
	return snapshot, nil
}

// List returns a page as the transaction sees it: that of the read model without the objects that changed since, merged
// with those.
func (t *Tx) List(ctx context.Context, needs domain.Needs, q domain.Query) (domain.Snapshot, domain.Page, error) {
	if q.Shared != nil {
		held, err := t.held(q.Shared.Principals, q.Shared.Members)
		if err != nil {
			return domain.Snapshot{}, domain.Page{}, err
		}
		q.Shared = &domain.Shared{Permissions: q.Shared.Permissions, Principals: held}
	}
	needs.Scopes, q.DataOnly = append(needs.Scopes, q.Plural), false // what is mixed in is compared with what is there
	if t.loop.Catalog.IsDerived(q.Plural) {
		return t.listDerived(needs, q)
	}
	snapshot, err := t.Load(ctx, needs)
	if err != nil {
		return domain.Snapshot{}, domain.Page{}, err
	}
	touched, all := t.state.Touched(q.Plural)
	var page domain.Page
	if !all {
		if page, err = t.untouched(q, touched); err != nil {
			return domain.Snapshot{}, domain.Page{}, err
		}
	}
	t.mix(&page, q, snapshot, touched)
	return snapshot, page, nil
}

// Accessible lists what is accessible as the transaction sees it.
func (t *Tx) Accessible(_ context.Context, q domain.AccessQuery) ([]domain.Access, error) {
	var err error
	if q.Principals, err = t.held(q.Principals, q.Members); err != nil {
		return nil, err
	}
	q.Members = nil
	held, err := t.loop.Model.Accessible(t.ctx, q)
	if err != nil {
		return nil, unavailable("list what is accessible", err)
	}
	// What was read does not tell its position, which is not beyond that of what is read after it.
	after, err := t.loop.Model.Load(t.ctx, domain.Needs{Scopes: []domain.Plural{""}})
	if err != nil {
		return nil, unavailable("load the position", err)
	}
	return t.state.Accessible(q, held), t.fits(after.Position)
}

// held are the principals with the groups of the members as the transaction sees them. A read model would find those that it
// has, of an earlier state.
func (t *Tx) held(principals, members []string) ([]string, error) {
	snapshot, err := t.Load(t.ctx, domain.Needs{Members: members})
	if err != nil {
		return nil, err
	}
	return domain.WithGroups(principals, members, snapshot.Groups), nil
}

func (t *Tx) untouched(q domain.Query, touched map[string]domain.Object) (domain.Page, error) {
	loaded, page, err := t.loop.Model.List(t.ctx, domain.Needs{}, without(q, touched))
	if err != nil {
		return domain.Page{}, unavailable("list", err)
	}
	return page, t.fits(loaded.Position)
}

// without is the query for all other objects.
func without(q domain.Query, touched map[string]domain.Object) domain.Query {
	q.Except = slices.AppendSeq(slices.Clip(q.Except), maps.Keys(touched))
	return q
}

// mix adds what changed to a page of what did not. If there is more of that, the page ends at the same object, or before.
func (t *Tx) mix(page *domain.Page, q domain.Query, s domain.Snapshot, touched map[string]domain.Object) {
	for _, o := range touched {
		if !q.Match(o) || !q.Shared.Holds(o, s.Groups) {
			continue
		}
		if o.Live() {
			page.Total++
		}
		if q.Beyond(o) {
			page.Objects = append(page.Objects, o)
		}
	}
	slices.SortFunc(page.Objects, q.Compare)
	var cut bool
	page.Objects, cut = q.Cut(page.Objects)
	page.More = page.More || cut
}
