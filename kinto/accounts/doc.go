// Package accounts is the plug-in that keeps users with passwords (protocol 5.3): the resource at /accounts, and the
// authentication of its users by Basic credentials.
//
// An account is an object like any other, but for its password: of that a bcrypt hash is stored, made before the
// command gets into a transaction, and the events of accounts stay out of what subscribers see.
//
// Whoever calls is looked up in the read model on every request for which that may have moved, so a changed password or
// a deleted account counts from the moment on at which the change was answered in the process that made it, and in
// others that share the read model as soon as they hear of it, within a second at most. What is remembered for longer is
// only that a password matches a hash.
//
// Start with [New]; prepare.go is what happens to passwords, policy.go how callers are recognised.
package accounts
