package readapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/web"
)

// list answers GET and HEAD on a plural endpoint (protocol 2.3).
//
// Who may list everything is answered in one call of the reader; nothing of the rows is shown before the snapshot
// that came with them says that the caller may see them. A poll that can be answered without rows loads none.
func (a *API) list(w http.ResponseWriter, r *web.Request) error {
	if err := a.catchUp(r); err != nil {
		return err
	}
	l := a.newListing(r)
	if l.mayNeedNoRows() {
		done, err := l.answerWithoutRows(w)
		if done || err != nil {
			return err
		}
	}
	page, err := l.fetch()
	if err != nil {
		return err
	}
	notModified, err := l.admit()
	if err != nil {
		return err
	}
	if notModified {
		l.notModified(w)
		return nil
	}
	return l.answer(w, page)
}

// Listable is the error with which GET would refuse to list a plural endpoint for a caller, without a query string.
func (a *API) Listable(ctx context.Context, c domain.Caller, r *domain.Resource, p domain.Plural) error {
	asked := &http.Request{Method: http.MethodGet, URL: &url.URL{}}
	l := a.newListing(&web.Request{Request: asked.WithContext(ctx), Resource: r, Plural: p, Caller: c})
	l.asked.Query.Limit = 1
	state, err := a.load(ctx, l.needs)
	if err != nil {
		return err
	}
	l.state = state
	if l.restricted = l.isRestricted(); l.restricted && !l.mayCreate() {
		if _, err := l.fetch(); err != nil {
			return err
		}
	}
	_, err = l.admit()
	return err
}

// listing is one list that is asked for, and what is known about it so far.
type listing struct {
	*web.Request
	api          *API
	asked        rest.List
	precondition domain.Precondition
	problem      *domain.Error // what is wrong with the request, told to those only who may ask
	needs        domain.Needs

	state *domain.State // the latest that was loaded
	// restricted tells that the caller sees shared objects only: a guess until the state agrees.
	restricted bool
}

func (a *API) newListing(r *web.Request) *listing {
	l := &listing{Request: r, api: a}
	asked, problem := rest.ParseQuery(r.URL.RawQuery, a.queryOptions(r.Resource))
	precondition, fault := rest.ParsePrecondition(r.Header)
	l.asked, l.precondition, l.problem = asked, precondition, rest.Join(fault, problem)
	l.asked.Query.Plural = r.Plural
	l.needs = domain.Needs{
		Objects: r.Plural.Ancestors(), Scopes: []domain.Plural{r.Plural, ""}, Members: r.Caller.Members(),
	}
	l.restricted = r.Resource.Parent() == nil && !a.grantsAll(r)
	return l
}

// grantsAll tells whether the policy lets the caller list everything at the root, whatever groups there are.
func (a *API) grantsAll(r *web.Request) bool {
	nothing := func(int) domain.Permissions { return nil }
	return a.catalog.Permits(domain.ListObjects, r.Resource, r.Caller.Principals(nil), nothing)
}

// counts tells that the total is asked for instead of objects.
func (l *listing) counts() bool {
	return l.Method == http.MethodHead && slices.Contains(l.Resource.PluralMethods, http.MethodHead)
}

// mayNeedNoRows tells that the answer is likely to be found in the state alone. That a poll has a second page
// means that it found something.
func (l *listing) mayNeedNoRows() bool {
	_, since := l.since()
	polls := since && l.asked.Token == nil
	return l.problem != nil || l.precondition.Given() || polls || l.counts() && len(l.asked.Query.Filters) == 0
}

// since is the greatest timestamp that only later objects are asked for.
func (l *listing) since() (t domain.Timestamp, ok bool) {
	for _, f := range l.asked.Query.Filters {
		if f.Field.Is("last_modified") && f.Op == domain.Greater {
			n, _ := jsondoc.Int(f.Values[0])
			t, ok = max(t, domain.Timestamp(n)), true
		}
	}
	return t, ok
}

// answerWithoutRows answers if the state alone allows it.
func (l *listing) answerWithoutRows(w http.ResponseWriter) (done bool, err error) {
	if l.state, err = l.api.load(l.Context(), l.needs); err != nil {
		return false, err
	}
	l.restricted = l.isRestricted()
	if l.restricted && !l.mayCreate() {
		return false, nil // whether anything is shared with the caller is to be seen
	}
	notModified, err := l.admit()
	if err != nil {
		return false, err
	}
	scope := l.state.Scope(l.Plural)
	since, given := l.since()
	switch {
	case notModified:
		l.notModified(w)
		return true, nil
	case given && since >= scope.Timestamp && !l.counts():
		return true, l.answer(w, domain.Page{})
	case l.counts() && len(l.asked.Query.Filters) == 0 && !l.restricted:
		return true, l.answer(w, domain.Page{Total: scope.Live})
	}
	return false, nil
}

// isRestricted tells whether the state leaves the caller with shared objects only.
func (l *listing) isRestricted() bool {
	return l.state.Listing(l.Caller, domain.ListObjects, l.Resource, l.Plural) != nil
}

func (l *listing) mayCreate() bool {
	return l.state.Permits(l.Caller, domain.CreateObject, l.Resource, l.Plural.Object(""))
}

// admit checks the state: what is above must be there, and as the request wants it; notModified asks for the answer 304.
func (l *listing) admit() (notModified bool, err error) {
	if l.Resource.NeedsParent {
		if err := l.state.ParentMissing(l.Resource, l.Plural); err != nil {
			return false, err
		}
	}
	if err := l.problem.Early(); err != nil {
		return false, err
	}
	notModified, failed := l.precondition.CheckRead(l.state.Scope(l.Plural).Timestamp, nil)
	switch {
	case failed != nil:
		return false, failed
	case l.problem != nil && !notModified:
		return false, l.problem
	}
	return notModified, nil
}

// fetch returns the objects, all or those shared, and the state they go with.
func (l *listing) fetch() (domain.Page, error) {
	query := l.asked.Query
	query.Total = l.counts()
	query.DataOnly = !slices.ContainsFunc(query.Order(), func(s domain.Sort) bool { return s.Field.Is("deleted") })
	switch {
	case query.Total:
		query.Limit = 0
	case l.problem != nil:
		query.Limit = 1 // who may see nothing is not told what is wrong
	}
	page, err := l.listAsPermitted(query)
	if err != nil || !l.restricted || len(page.Objects) > 0 || page.Total > 0 || l.mayCreate() {
		return page, err
	}
	return page, l.sharedAnything(query)
}

// listAsPermitted lists with the restriction that the state which comes along asks for.
func (l *listing) listAsPermitted(query domain.Query) (domain.Page, error) {
	for range maxGuesses {
		query.Shared = l.shared()
		page, err := l.list(query)
		if err != nil {
			return domain.Page{}, err
		}
		guess := l.restricted
		if l.restricted = l.isRestricted(); l.restricted == guess {
			return page, nil
		}
	}
	return domain.Page{}, &domain.Error{Code: domain.Unavailable, Cause: errUnsteady}
}

// maxGuesses is how often a list is fetched while the permissions of the caller change.
const maxGuesses = 4

var errUnsteady = errors.New("the permissions of the caller keep changing")

// list fetches the objects and, in the same moment, the state.
func (l *listing) list(query domain.Query) (domain.Page, error) {
	snapshot, page, err := l.api.From(l.Context()).List(l.Context(), l.needs, query)
	if err != nil {
		return domain.Page{}, unavailable(err)
	}
	l.state = l.api.state(l.needs, snapshot)
	return page, nil
}

// shared is the restriction of the query; nil for none. The reader resolves the groups.
func (l *listing) shared() *domain.Shared {
	if !l.restricted {
		return nil
	}
	return &domain.Shared{
		Permissions: l.Resource.SharedBy(domain.ListObjects),
		Principals:  l.Caller.Principals(nil),
		Members:     l.Caller.Members(),
	}
}

// sharedAnything refuses a caller whom nothing is shared with, after a query that found nothing.
func (l *listing) sharedAnything(query domain.Query) error {
	if len(query.Filters) > 0 || query.After != nil || len(query.Except) > 0 {
		page, err := l.list(domain.Query{Plural: query.Plural, Limit: 1, Shared: l.shared()})
		if err != nil || len(page.Objects) > 0 {
			return err
		}
	}
	return l.Caller.Refusal("read", string(query.Plural))
}
