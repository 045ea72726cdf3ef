// Package defaultbucket is the plug-in that gives every user a personal bucket (protocol 7.1): /buckets/default and
// everything below it is an alias of /buckets/{id}, the id being a keyed hash of the user's.
//
// A request for the alias goes to the endpoint that it would go to anyway; once it is known who calls, it is
// made one for the real path. What it takes for granted, the bucket and perhaps a collection, is created in the
// transaction of a request that writes, and by the reader of one that reads. When both are there, nothing more is loaded
// than for the real path.
//
// It is not the place of any permission: beyond that creation the personal bucket is a bucket as any other.
// Start with [New]; alias.go is what happens to a request, grant.go to what it takes for granted.
package defaultbucket
