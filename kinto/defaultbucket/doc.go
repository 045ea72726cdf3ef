// Package defaultbucket is the plug-in that gives every user a personal bucket (protocol 7.1): /buckets/default and
// everything below it is an alias of /buckets/{id}, the id being a keyed hash of the user's.
//
// A request for the alias goes to the endpoint that it would go to anyway; once it is known who calls, it is
// made one for the real path. What it takes for granted, the bucket and perhaps a collection, is created in the
// transaction of a request that writes, and before a request that reads. When both are there, a write loads nothing more
// than for the real path, and a read asks for these two once.
//
// It is not the place of any permission: beyond that creation the personal bucket is a bucket as any other.
// Start with [New]; alias.go is what happens to a request.
package defaultbucket
