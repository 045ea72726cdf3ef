package domain

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/kintolog/kintolog/domain/jsondoc"
)

// Decide turns a state and a command into the events that carry it out, or into an error for the client. It
// changes nothing: the caller evolves the state with the events if it means them.
//
// What it looks at and the state does not know is remembered by the state; if [State.Missing] reports anything
// after Decide returned, the outcome means nothing and the decision is to be made again once that is loaded. Now is
// the wall clock. For DeleteMany see [DecideMany].
func Decide(s *State, c *Command, now Timestamp) ([]Event, Result, error) {
	switch {
	case c.Misplaced(s.catalog):
		return nil, Result{}, &Error{Code: MissingResource}
	case c.Resource.Derived():
		return nil, Result{}, &Error{Code: MethodNotAllowed}
	}
	if c.alone() {
		s.absent(c.URI)
	}
	d := decision{State: s, Command: c, now: now, old: s.Object(c.URI), data: c.Data}
	if err := d.parent(); err != nil {
		return nil, Result{}, err
	}
	if err := d.permitted(); err != nil {
		return nil, Result{}, err
	}
	if c.Fresh && d.old.Live() {
		return nil, Result{}, &Error{Code: Conflict}
	}
	if err := c.Problem.Early(); err != nil {
		return nil, Result{}, err
	}
	if err := d.replacement(); err != nil {
		return nil, Result{}, err
	}
	if !c.Resource.IDs.Valid(c.URI.ID()) {
		return nil, Result{}, InvalidID()
	}
	if !d.old.Live() && (c.Verb == Patch || c.Verb == Delete) {
		return nil, Result{}, &Error{Code: UnknownObject, Resource: c.Resource.Name, ID: c.URI.ID()}
	}
	if err := d.precondition(); err != nil {
		return nil, Result{}, err
	}
	if c.Problem != nil {
		return nil, Result{}, c.Problem
	}
	switch {
	case c.Verb == Delete:
		return d.delete()
	case c.Verb == Post && d.old.Live():
		return nil, Result{
			Object: d.old, Old: d.old, Unchanged: true, Timestamp: d.old.LastModified, Shown: s.Shown(c.Resource, d.old, c.Caller),
		}, nil
	case d.late != nil:
		return nil, Result{}, d.late
	default:
		return d.write()
	}
}

// InvalidID is the error for an id that its resource does not accept (protocol 1.2).
func InvalidID() *Error { return Invalidf(InPath, nil, "Invalid object id") }

type decision struct {
	*State
	*Command
	now  Timestamp
	old  Object // live, tombstone or none
	data []byte // of the command, as it can be stored
	late *Error // what is wrong with the data beside it, if the precondition holds
}

// parent checks that what is above is there, where that comes before permissions (protocol 2.9).
func (d *decision) parent() error {
	if d.Resource.NeedsParent {
		return d.State.ParentMissing(d.Resource, d.Plural())
	}
	return nil
}

// ParentMissing is the error for an endpoint whose parent is not there, nil if it is.
func (s *State) ParentMissing(r *Resource, p Plural) error {
	if r.parent == nil || s.Object(p.Parent()).Live() {
		return nil
	}
	return &Error{Code: MissingResource, Resource: r.parent.Name, ID: p.Parent().ID()}
}

// permitted checks the right that protocol 4.3 asks for.
func (d *decision) permitted() error {
	right := WriteObject
	switch exists := d.old.Live(); {
	case d.Verb == Post && exists && !d.Fresh:
		right = ReadObject
	case d.Verb == Post, d.Verb == Put && (!exists || d.Precondition.IfNoneMatch.Any()):
		right = CreateObject
	case !exists:
		right = ReadObject
	}
	if !d.Trusted && !d.Permits(d.Caller, right, d.Resource, d.URI) {
		return d.refusal(right)
	}
	if right == CreateObject {
		return d.ParentMissing(d.Resource, d.Plural())
	}
	return nil
}

// refusal says what the caller may not do, and where: objects are created in a plural endpoint.
func (d *decision) refusal(right Right) error {
	where := string(d.URI)
	if right == CreateObject {
		where = string(d.Plural())
	}
	return d.Caller.Refusal(right.Permission(d.Resource), where)
}

// replacement validates data that take the place of all there was: what they are is no question of what they replace. A patch
// is validated with what comes of it.
func (d *decision) replacement() error {
	if !d.Resource.validates() || !d.replaces() {
		return nil
	}
	data, err := d.identified(d.Data)
	if err != nil {
		data = d.Data // refused later
	}
	d.data, err = d.validated(data)
	if e, ok := errors.AsType[*Error](err); ok && e.Late {
		d.late, err = e, nil
	}
	return err
}

// replaces tells that there are data that take the place of all there was.
func (d *decision) replaces() bool { return d.Data != nil && (d.Verb == Post || d.Verb == Put) }

// precondition checks what the request demands of the object. Whoever may create objects here, and not read this one, is
// not told what is there, nor since when.
func (d *decision) precondition() error {
	err := d.Precondition.CheckWrite(d.old, d.Scope(d.Plural()).Timestamp)
	if err == nil {
		return nil
	}
	if d.old.Live() && !d.Trusted && !d.Permits(d.Caller, ReadObject, d.Resource, d.URI) {
		err.Existing, err.Unseen = nil, true
	}
	return err
}

// delete replaces the object by its tombstone.
func (d *decision) delete() ([]Event, Result, error) {
	at := d.next()
	if wanted := d.LastModified; wanted != nil && d.honors(*wanted) {
		at = *wanted
		if err := d.free(at); err != nil {
			return nil, Result{}, err
		}
	}
	e := d.tombstone(d.old, at)
	return []Event{e}, Result{Object: e.Object, Old: d.old, Timestamp: at}, nil
}

func (d *decision) tombstone(o Object, at Timestamp) Event {
	return Event{
		Action: Deleted, Resource: d.Resource.Name, Secret: d.Resource.Secret, Origin: d.Origin,
		Cascade: d.Resource.Cascades || len(d.Resource.children) > 0, Ordered: d.Resource.Derived(),
		Object: Object{
			URI: o.URI, LastModified: at, Created: o.Created, Deleted: true,
			Data: Tombstone(o.URI.ID(), at),
		},
	}
}

// Tombstone is what clients see of a deleted object.
func Tombstone(id string, at Timestamp) []byte {
	data := append([]byte(`{"id":`), jsondoc.Quote(id)...)
	data = append(data, `,"last_modified":`...)
	data = strconv.AppendInt(data, int64(at), 10)
	return append(data, `,"deleted":true}`...)
}

// write creates the object or replaces its state.
func (d *decision) write() ([]Event, Result, error) {
	data, permissions, err := d.proposed()
	if err != nil {
		return nil, Result{}, err
	}
	given := d.Data
	if d.Operations != nil {
		given = data
	}
	if d.Resource.validates() && !d.replaces() {
		if data, err = d.validated(data); err == nil {
			data, err = d.identified(data)
		}
		if err != nil {
			return nil, Result{}, err
		}
	}
	if data, err = d.checked(data); err != nil {
		return nil, Result{}, err
	}
	if err = d.Resource.checkMembers(data); err != nil {
		return nil, Result{}, err
	}
	at, err := d.timestamp(data)
	if err != nil {
		return nil, Result{}, err
	}
	if owner := d.owner(); owner != "" && !d.catalog.Policy.KeepExplicit {
		permissions = permissions.With("write", append(slices.Clone(permissions["write"]), owner)...)
	}
	e := Event{
		Action: Updated, Resource: d.Resource.Name, Secret: d.Resource.Secret, Origin: d.Origin,
		Object: Object{
			URI: d.URI, LastModified: at, Created: d.old.Created, Permissions: permissions,
			Data: jsondoc.With(data, jsondoc.Field{Name: "last_modified", Value: strconv.AppendInt(nil, int64(at), 10)}),
		},
	}
	if !d.old.Live() {
		e.Action, e.Object.Created = Created, d.created()
	}
	return []Event{e}, Result{
		Object: e.Object, Old: d.old, Given: given, Created: e.Action == Created, Timestamp: at,
		Shown: e.Object.Permissions.shownTo(append(d.Principals(d.Caller), d.owner())),
	}, nil
}

// owner is the principal that may write the object from now on because of this command, "" for none.
func (d *decision) owner() string {
	if d.Resource.Owner != nil {
		return d.Resource.Owner(d.URI, d.Caller)
	}
	if d.Trusted && d.Caller.Anonymous() {
		return ""
	}
	return d.Caller.Principal()
}

// proposed is the data, with its id, and the permissions that the command asks for.
func (d *decision) proposed() ([]byte, Permissions, error) {
	var before Object
	if d.old.Live() {
		before = d.old
	}
	data := d.data
	var permissions Permissions
	var err error
	switch {
	case d.Verb == Patch && d.PatchKind == JSONPatch:
		data, permissions, err = patched(d.Resource, before, d.Operations)
	case d.Verb == Patch:
		data, err = d.merged(before)
		permissions = mergedPermissions(before.Permissions, d.Permissions, d.PatchKind == MergePatch)
	default:
		permissions = replacedPermissions(before.Permissions, d.Permissions)
		if data == nil {
			data = before.Data
		}
	}
	if err != nil {
		return nil, nil, err
	}
	data, err = d.identified(data)
	return data, permissions, err
}

// merged is the data of a patch that need not give any, if it gives permissions.
func (d *decision) merged(before Object) ([]byte, error) {
	switch {
	case d.Data == nil && d.Permissions == nil:
		return nil, Invalidf(InBody, "data", "Provide at least one of data or permissions")
	case d.Data == nil:
		return before.Data, nil
	case d.PatchKind == MergeAttributes:
		return jsondoc.Merge(before.Data, d.Data), nil
	}
	merged, err := jsondoc.MergePatch(before.Data, d.Data)
	if err != nil {
		return nil, Invalidf(InBody, "data", "%v", err)
	}
	return merged, nil
}

// identified gives the data its id; one that says otherwise is refused.
func (d *decision) identified(data []byte) ([]byte, error) {
	if data == nil {
		data = []byte("{}")
	}
	id := d.URI.ID()
	if value, ok := jsondoc.Lookup(data, "id"); ok {
		if given, isString := jsondoc.String(value); !isString || given != id {
			return nil, Invalidf(InBody, "id", "Object id does not match existing object")
		}
		return data, nil
	}
	return jsondoc.With(data, jsondoc.Field{Name: "id", Value: jsondoc.Quote(id)}), nil
}

// validated is the data as the attributes and Validate of the resource have it.
func (d *decision) validated(data []byte) ([]byte, error) {
	w := d.of(data)
	data, err := d.Resource.conform(w)
	if err != nil || d.Resource.Validate == nil {
		return data, err
	}
	valid, err := d.Resource.Validate(Write{URI: w.URI, Data: data, Given: w.Given, Partial: w.Partial})
	if err != nil || bytes.Equal(valid, data) {
		return valid, err
	}
	return d.normalized(valid)
}

// checked is the data as the Check of the resource has it.
func (d *decision) checked(data []byte) ([]byte, error) {
	if d.Resource.Check == nil {
		return data, nil
	}
	w := d.of(data)
	w.Ancestor, w.Granted, w.Holds = d.ancestor, d.granted, d.holds
	w.Caller, w.Now = d.Caller, d.now
	checked, err := d.Resource.Check(w)
	if err != nil || bytes.Equal(checked, data) {
		return checked, err
	}
	if checked, err = d.normalized(checked); err != nil {
		return nil, err
	}
	return d.identified(checked)
}

// of is the write of the data.
func (d *decision) of(data []byte) Write {
	w := Write{
		URI: d.URI, Data: data, Given: d.Data != nil || d.Operations != nil, Partial: d.Verb == Patch, Trusted: d.Trusted,
	}
	if d.old.Live() {
		w.Old = d.old
	}
	return w
}

// normalized is what a check returned, as it can be stored.
func (d *decision) normalized(data []byte) ([]byte, error) {
	normal, err := jsondoc.Normalize(data, jsondoc.Limits{})
	if err == nil && !jsondoc.IsObject(normal) {
		err = errors.New("it is no object")
	}
	if err != nil {
		return nil, fmt.Errorf("what a check of %s returned: %w", d.Resource.Name, err)
	}
	return normal, nil
}

// holds tells whether the caller explicitly holds a permission on an object.
func (d *decision) holds(permission string, on Object) bool {
	return on.Permissions.Allows(permission, d.Principals(d.Caller))
}

// granted tells whether the policy grants the caller a permission on all objects of the resource.
func (d *decision) granted(permission string) bool {
	return Permissions(d.catalog.Policy.Grants).Allows(d.Resource.Name+"_"+permission, d.Principals(d.Caller))
}

// ancestor is the live object above with this resource name.
func (d *decision) ancestor(resource string) Object {
	above := d.Plural().Ancestors()
	for i, r := range d.Resource.ancestors {
		if r.Name == resource {
			if o := d.Object(above[i]); o.Live() {
				return o
			}
		}
	}
	return Object{}
}

// timestamp chooses the new last_modified (protocol 1.3).
func (d *decision) timestamp(data []byte) (Timestamp, error) {
	value, _ := jsondoc.Lookup(data, "last_modified")
	wanted, isInt := jsondoc.Int(value)
	at := Timestamp(wanted)
	switch {
	case !isInt, !d.honors(at):
		return d.next(), nil
	case at > MaxTimestamp:
		return 0, Invalidf(InBody, "data.last_modified", "%d is greater than maximum value %d", at, MaxTimestamp)
	}
	return at, d.free(at)
}

// honors tells whether a timestamp that the client wants counts, instead of one that the server assigns: it is later than the
// object's own, and not the last one of the plural endpoint.
func (d *decision) honors(wanted Timestamp) bool {
	return (!d.old.Live() || wanted > d.old.LastModified) && wanted != d.Scope(d.Plural()).Timestamp
}

// next is the timestamp the server assigns.
func (d *decision) next() Timestamp { return d.Next(d.Plural(), d.now) }

// created is the moment at which the object comes to be, from which what is below it dates. A client may choose any
// last_modified, also one that others then follow, so it is the clock that tells; but it is always after what is above,
// and after what was there under the same URI.
func (d *decision) created() Timestamp {
	return max(d.now, max(d.origin(d.Plural()), d.old.Created)+1)
}

// free checks that no other object has a timestamp wanted by the client.
func (d *decision) free(at Timestamp) error {
	if at > d.Scope(d.Plural()).Timestamp {
		return nil
	}
	if by := d.Taken(d.Plural(), at); by != "" && by != d.URI {
		return &Error{Code: Conflict}
	}
	return nil
}

// Shown are the permissions of an object of the resource if the caller may see them: those explicitly allowed to write,
// and those who may write in the name of its Owner (protocol 4.5, 5.3).
func (s *State) Shown(r *Resource, o Object, c Caller) Permissions {
	writers := s.Principals(c)
	if r.Owner != nil && s.Permits(c, WriteObject, r, o.URI) {
		writers = append(writers, r.Owner(o.URI, c))
	}
	return o.Permissions.shownTo(writers)
}

// Listing is how a caller may list, or delete, the objects of a plural endpoint: all of them, those shared
// explicitly. It returns the restriction, nil for all. Whoever asks refuses those with whom nothing is shared and who may not
// create objects there (protocol 4.4).
func (s *State) Listing(c Caller, right Right, r *Resource, p Plural) *Shared {
	if s.Permits(c, right, r, p.Object("")) {
		return nil
	}
	return &Shared{Permissions: r.SharedBy(right), Principals: s.Principals(c)}
}

// Deletion is the error that a DeleteMany has before objects are selected, for a caller who may delete any or create them.
func (s *State) Deletion(c *Command) error {
	if c.Resource.NeedsParent {
		if err := s.ParentMissing(c.Resource, c.Plural()); err != nil {
			return err
		}
	}
	if err := c.Problem.Early(); err != nil {
		return err
	}
	if err := c.Precondition.CheckPlural(s.Scope(c.Plural()).Timestamp); err != nil {
		return err
	}
	if c.Problem != nil {
		return c.Problem
	}
	return nil
}

// DecideMany deletes the selected live objects of one plural endpoint, in their order. Whether the caller may is for
// [State.Listing] to say before the selection is made.
func DecideMany(s *State, c *Command, selected []Object, now Timestamp) ([]Event, Result) {
	d := decision{State: s, Command: c, now: now}
	result := Result{Timestamp: s.Scope(c.Plural()).Timestamp}
	at := s.settledAt(c.Plural(), now)
	events := make([]Event, 0, len(selected))
	for _, o := range selected {
		at = max(now, at+1)
		e := d.tombstone(o, at)
		events = append(events, e)
		result.Tombstones = append(result.Tombstones, e.Object)
		result.Timestamp = at
	}
	return events, result
}
