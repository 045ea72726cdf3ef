// Package history keeps an account of every change in a bucket (protocol 7.2): what was changed, by whom, when, and what
// came of it, at /buckets/{bucket}/history; and shows collections as they were, at
// /buckets/{bucket}/snapshot/collections/{collection}@{timestamp}.
//
// Its entries are derived of the events in the log when those are folded into the read model: the log holds no
// entries, writers do nothing for them, and a read model that is rebuilt has them from the beginning of the log, by the
// options that it is rebuilt with. What is purged by clients stays purged.
//
// Start with entry.go, which makes an entry of an event.
package history
