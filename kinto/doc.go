// Package kinto is the Kinto application: buckets, groups, collections and records, declared with the means that any
// user of the toolkit has. It imports package domain, and schema for the JSON schemas that users write.
//
// [Resources] declares them; what each checks beyond its permissions is in the file of its name.
package kinto
