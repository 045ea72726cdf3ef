// Package config is where settings come from and what they mean: environment variables, then one
// configuration file in the format of Kinto, then defaults (protocol section 9), as plain Go values.
//
// It starts nothing and opens no connection; all it reads is the file and the environment that [Load] is
// given, and, when asked, the generated secret of [LoadOrCreateSecret].
//
// Start with [Settings], every field of which names its setting. A setting is one line in table.go, which ties a name to a
// field; names that contain the names of other things ("multiauth.policy.{n}.use") are in families.go. Those of
// Kinto that mean nothing here are in obsolete.go, so that nobody is left to find out.
package config
