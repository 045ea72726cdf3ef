// Package live tells clients over HTTP what changes in a plural endpoint, as it happens: "__events__" behind the path of a
// list answers with server-sent events, or with a WebSocket.
//
// A [New] plug-in serves it for all resources that can be listed and whose events are in the log for others to hear. The log
// is followed once for all subscribers of the process. One that does not keep up is not waited for, and a few entries are kept for
// it at most: it reads what it has missed from the log, by itself and at its own pace, and is let go when it takes nothing. The id
// of an event is the position in the log, so that a client that comes back with the last one it was given misses nothing
// and is told nothing twice.
//
// What cannot be told change by change is told as a reset: the client is to list anew. A subscriber hears no more than
// it may read at that moment.
//
// Start with subscription.go. Where it begins is in begin.go, what comes from the log in hub.go, what a caller may hear in
// view.go, and what is sent in sse.go and websocket.go.
package live
