// Command bench measures the server over HTTP, durable and as it ships, and beside it what it cannot be faster
// than: the bare parts it is made of, measured in the same run on the same machine.
//
// It is not a profiler and not a test of correctness: an answer of the wrong kind or size fails
// the run, but its content is not looked at. Each server is a process of its own, on the loopback interface,
// with its data in temporary folders that are removed at the end. PostgreSQL is a throwaway server that fsyncs.
//
// Clients are closed loops: each sends its next request when it has the answer to the one before. They run in this
// process, which shares the cores with what it measures; CPU time is therefore counted by process.
//
// Each measurement has three short rounds, of which the fastest counts, for the server and for its parts alike.
//
// Start with [suite], the list of what is measured. Operations of the server are in cases.go, the bare parts
// in the limit_*.go files, what is expected of the numbers in aims.go.
package main
