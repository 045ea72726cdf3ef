// Package acceptance holds the service to what its users see: it starts the real program and talks to it over HTTP, as
// the clients do. It has no code to import.
//
// The files in testdata/protocol are exchanges of requests and answers. They are the examples to learn the HTTP API
// from, and each runs as a test, once with everything embedded and once with PostgreSQL. They are named for the sections
// of the protocol. Start with testdata/protocol/README.md.
//
// The files in kintojs run the published JavaScript client against the program, and are the examples to learn that
// client from.
//
// The files in kintoadmin drive the published console, kinto-admin, in a browser: from where the program serves it, and from
// another origin.
package acceptance
