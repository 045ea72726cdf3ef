// Package batch carries out several requests in one (protocol 6.11).
//
// Each request of a batch is served by the same frame as if it had come alone, with headers and a caller of its own. If
// any of them may write, all that concern resources run in one transaction of the commit loop: each sees the
// effects of those before it, and what they wrote is one commit, or nothing is written.
//
// What needs no transaction is done once and before it, also if the batch is itself part of a transaction, as one with an
// idempotency key is.
//
// How a batch is read is in package domain/rest. Start with batch.go; transaction.go is what happens to the requests,
// answer.go what the client sees of it.
package batch
