// Package listeners tells functions and webhooks what has happened, after it can be read.
//
// A [Listener] is told of each event that it asks for, one after another in the order of the log, at least once. What it
// does not take is tried again, and in the end set aside, in the log, so that the rest can go on. How far it is, is kept
// in the log as well. A listener cannot refuse a change: that is what domain.Resource.Check and server.Plugin.React are
// for, before the change is made (protocol 10.1).
//
// Several processes of a service with a shared cache take turns: one at a time runs a listener, and another takes over
// when it stops.
//
// Start with [New]. The feed of events is package eventstore/feed; what runs one listener is in worker.go.
package listeners
