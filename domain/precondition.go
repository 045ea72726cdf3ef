package domain

// Match is what an If-Match or If-None-Match header asks for: nothing, any state (*), or the one that has
// a timestamp. The zero Match asks for nothing. Matches compare with ==.
type Match struct {
	kind      matchKind
	timestamp Timestamp
}

type matchKind uint8

const (
	matchNothing matchKind = iota
	matchAny
	matchExact
)

// MatchAny is the condition "*".
var MatchAny = Match{kind: matchAny}

// MatchTimestamp is the condition that this is the current timestamp.
func MatchTimestamp(t Timestamp) Match { return Match{matchExact, t} }

// Given tells that there is a condition at all.
func (m Match) Given() bool { return m.kind != matchNothing }

// Any tells that the condition is "*".
func (m Match) Any() bool { return m.kind == matchAny }

// Timestamp is the one asked for; ok is false if the condition is "*" or not given.
func (m Match) Timestamp() (t Timestamp, ok bool) { return m.timestamp, m.kind == matchExact }

func (m Match) is(t Timestamp) bool { return m.kind == matchExact && m.timestamp == t }

func (m Match) isNot(t Timestamp) bool { return m.kind == matchExact && m.timestamp != t }

// Precondition is what a request demands of the state it finds (protocol 2.13). The zero value demands nothing.
// A check that does not hold gives a PreconditionFails error.
type Precondition struct {
	IfMatch     Match
	IfNoneMatch Match
}

// Given tells that there is anything to check.
func (p Precondition) Given() bool { return p.IfMatch.Given() || p.IfNoneMatch.Given() }

// CheckRead is for GET and HEAD on a live object or a plural endpoint. current is the timestamp of either, existing
// the data of the object and nil for a plural endpoint. notModified asks for the answer 304.
func (p Precondition) CheckRead(current Timestamp, existing []byte) (notModified bool, err *Error) {
	if p.IfNoneMatch.is(current) {
		return true, nil
	}
	return false, p.check(current, existing)
}

// CheckWrite is for any change of one object, creations included. o is the object as it is, missing, a tombstone or
// live; scope is the timestamp of its plural endpoint, which the error carries if the object is not live.
// An If-None-Match with a timestamp is ignored.
func (p Precondition) CheckWrite(o Object, scope Timestamp) *Error {
	if o.Live() {
		return p.check(o.LastModified, o.Data)
	}
	if p.IfMatch.Given() {
		return preconditionFailed(scope, nil)
	}
	return nil
}

// CheckPlural is for DELETE on a plural endpoint with this timestamp. An If-None-Match with a timestamp is ignored.
func (p Precondition) CheckPlural(scope Timestamp) *Error { return p.check(scope, nil) }

// check is about something that exists.
func (p Precondition) check(current Timestamp, existing []byte) *Error {
	if p.IfNoneMatch.Any() || p.IfMatch.isNot(current) {
		return preconditionFailed(current, existing)
	}
	return nil
}

func preconditionFailed(current Timestamp, existing []byte) *Error {
	return &Error{Code: PreconditionFails, Timestamp: current, Existing: existing}
}
