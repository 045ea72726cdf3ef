// Package projections folds the log into read models.
//
// A [Runner] follows the log and hands whole commits to a [Store], which applies them and
// moves its checkpoint in one transaction. Two stores exist, package projections/sqlite and
// package projections/postgres; package projections/backendtest is the suite that both
// pass, and a third store needs nothing but to pass it.
package projections

import (
	"context"
	"errors"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// Change is what a run of whole commits does to a read model, reduced to steps.
type Change struct {
	// From is the checkpoint on which the change builds, To the one after it.
	From, To eventstore.Tail
	Steps    []Step // applied in order
}

// Step is one reduced change. Flush comes first, then Purge, then Retain, then the rest, and Forget in the end.
type Step struct {
	// Flush empties the read model: objects, scopes, members, quarantine.
	Flush bool
	// Purge, if Top is not empty, removes everything below that object: objects, tombstones, permissions, memberships of
	// groups, what is in quarantine. Scopes below it keep their row and become domain.Scope.Cleared, with Live and Position
	// 0. Their timestamp becomes At if it is less, or not InTime at that moment, and else grows by one millisecond; it stays if
	// they were that already.
	Purge Purge
	// Retain, if its resource is not empty, removes old tombstones. Scopes stay as they are, and so does what is
	// in quarantine.
	Retain Retention
	// Release takes everything that is set aside for these objects out of the quarantine.
	Release []domain.URI
	// Objects are upserted by URI, at most one state for each.
	Objects []Row
	// Scopes are upserted by plural endpoint, at most one for each.
	Scopes []ScopeChange
	// Forget removes live objects with their permissions, also from the quarantine, and leaves no tombstone. Scopes
	// count those that were there no more; that is not part of ScopeChange.Live.
	Forget []domain.URI
}

// Purge is the deletion of an object with all that is below it.
type Purge struct {
	Top domain.URI
	At  domain.Timestamp // when
}

// Retention is how many tombstones of a resource stay in each plural endpoint: the newest, by timestamp.
type Retention struct {
	Resource string
	Newest   int64
}

// Row is the new state of an object.
type Row struct {
	domain.Object
	Resource string
	Position domain.Position // of the entry it comes from
	// Members are the principals that the object, as a group, makes members. Only
	// if IsGroup; they replace those it had.
	Members []string
	IsGroup bool
	// Fresh tells that no live object was there before.
	Fresh bool
	// Live is what the row adds to the count of live objects; it is part of ScopeChange.Live.
	Live int64
	// Refused, if not empty, is why the row goes to the quarantine instead of to the objects.
	Refused string
}

// ScopeChange moves a plural endpoint on.
type ScopeChange struct {
	Plural    domain.Plural
	Resource  string
	Timestamp domain.Timestamp // the scope's becomes the greater of both
	Live      int64            // added
	Position  domain.Position
}

// Errors of a Store, matched with errors.Is.
var (
	// ErrMoved: the checkpoint is not where the change builds on: another projector has moved it.
	ErrMoved = errors.New("checkpoint was moved by another projector")
	// ErrRefused: the store cannot hold this data, now or later. Nothing was changed.
	ErrRefused = errors.New("read model refuses the data")
	// ErrUnavailable: the store cannot be reached or cannot work now. Trying again later may help.
	ErrUnavailable = errors.New("read model is unavailable")
	// ErrDamaged: the store has lost some of what it holds, and needs to be made anew from the log.
	ErrDamaged = errors.New("read model is damaged")
	// ErrNewer: the schema is that of a later version of the program, which this one does not know.
	ErrNewer = errors.New("read model is of a later version")
	// ErrOlder: the schema is that of an earlier version, which opening the store brings up to date.
	ErrOlder = errors.New("read model is of an earlier version")
	// ErrMissing: there is no read model, until a store is opened there.
	ErrMissing = errors.New("there is no read model yet")
)

// Outline is what a read model tells of itself to who changes nothing of it.
type Outline struct {
	Checkpoint  eventstore.Tail
	Quarantined []Row
}

// Reader answers from a read model. Its methods may be called concurrently and each sees one
// consistent state, in one round trip.
type Reader interface {
	// Load returns what is needed, as of one position.
	Load(ctx context.Context, needs domain.Needs) (domain.Snapshot, error)
	// List returns the page for the query together with what is needed, as of one position.
	List(ctx context.Context, needs domain.Needs, query domain.Query) (domain.Snapshot, domain.Page, error)
}

// Census answers about the whole read model, over all plural endpoints.
type Census interface {
	// Accessible lists objects by plural endpoint and id.
	Accessible(ctx context.Context, q domain.AccessQuery) ([]domain.Access, error)
	// Counts counts all objects; it takes a scan.
	Counts(ctx context.Context) (domain.Counts, error)
	// Written are the resources that have, or had, objects since the last flush, each with one of their plural endpoints. It
	// takes a look at each endpoint.
	Written(ctx context.Context) (map[string]domain.Plural, error)
}

// Store is a read model. Its methods may be called concurrently.
type Store interface {
	Reader
	Census
	// Checkpoint is the tail of the log up to which everything is applied; zero when empty.
	Checkpoint(ctx context.Context) (eventstore.Tail, error)
	// Apply makes the change and moves the checkpoint from change.From to change.To in one
	// transaction, or does nothing: ErrMoved if the checkpoint is elsewhere, ErrRefused if the store
	// cannot hold the data of some row.
	Apply(ctx context.Context, change Change) error
	// Check tells whether the store can hold the row, and changes nothing: nil, ErrRefused, or that it
	// could not find out.
	Check(ctx context.Context, row Row) error
	// Quarantined lists what is set aside, by position.
	Quarantined(ctx context.Context) ([]Row, error)
	// Watch returns a channel that receives the position after each Apply by any process, the
	// latest one when several pass unread. It is closed when ctx ends.
	Watch(ctx context.Context) (<-chan domain.Position, error)
	// Dump writes the logical content, one line for each row, so that two read models of the same log, of whatever
	// backend, dump the same bytes. A line is the name of a table and the columns, separated by tabs. The tables come in
	// this order, the rows of each in the order of their bytes, column by column:
	//
	//	checkpoint  position, hash
	//	scopes      plural, resource, timestamp, live, position
	//	objects     plural, id, resource, last_modified, created, deleted (1 or 0), position, permissions, data
	//	aces        principal, plural, permission, id: a line for each principal with a permission on an object
	//	members     principal, URI of the group
	//	quarantine  plural, id, position
	//
	// Permissions are as rest.AppendPermissions writes them, empty if there are none.
	Dump(ctx context.Context, line func(string) error) error
	// Close releases the store. No method may be called afterwards.
	Close() error
}
