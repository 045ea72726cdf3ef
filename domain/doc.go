// Package domain holds the words and the rules of Kintolog and does no I/O.
//
// The words: an [Object] lives under a [Plural] endpoint and is named by a
// [URI]; a [Resource] declares a kind of object and a [Catalog] is the set of
// them; an [Event] is one fact about one object; a [Query] asks for a list.
//
// The rules are pure functions. [Decide] turns a state and a [Command] into
// events or an [Error]; [State.Evolve] turns a state and an event into the next
// state; [Query.Match] and [Query.Compare] say which objects a list holds and in
// which order. Everything else in this module carries what these return.
//
// What is not here: HTTP (package domain/rest turns requests into commands and
// queries), the log (package eventstore), the read models (package projections).
//
// Read decide.go first.
package domain
