// Package writeapi decides writes and appends them to the log.
//
// Every change is made in a transaction of the [Loop], the group commit of a writer: transactions that wait are
// run one after another, each on the effects of those before it, and what they decided is appended as one commit
// at the tail of the log that they were decided on. If somebody else appended meanwhile they are all run again on the newer
// state. So writes are serializable, with any number of writers, and the log holds facts only.
//
// [API] has the handlers of POST, PUT, PATCH and DELETE; each turns a request into a domain.Command
// and runs it in a transaction.
//
// Read tx.go for what a transaction can do, loop.go for how they are committed.
package writeapi
