// Package pgtest gives tests an empty PostgreSQL database, and programs that
// demonstrate or measure something a whole throwaway server.
//
// It is not a mock and downloads nothing: it runs the PostgreSQL that is
// installed (13 or later), in a temporary folder, on a unix socket that only
// the current user can reach. It is not for production code.
//
// Start with [New] in a test and with [Start] anywhere else.
package pgtest
