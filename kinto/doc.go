// Package kinto is the Kinto application: buckets, groups, collections and records, declared with the means that any
// user of the toolkit has. It imports package domain alone.
//
// [Resources] declares them; what each checks beyond its permissions is in the file of its name.
package kinto
