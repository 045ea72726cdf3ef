// Package schema validates objects of Kinto against JSON schemas that its users write (protocol 1.6): the schema of a
// collection, and those that a bucket has for its groups, collections and records.
//
// A [Checker] does it. Schema documents must satisfy draft 7 of JSON Schema when they are written; objects are validated in
// the dialect that the document names, or else 2020-12. Formats are not asserted, nothing is ever loaded from elsewhere,
// patterns are those of RE2 (so no look-around and no back references), and what a schema can cost is bounded.
//
// It is not the library that knows the keywords, which is github.com/santhosh-tekuri/jsonschema; it adds which of the
// errors is told, and its name and text, as clients of Kinto know them. Start with checker.go, then failure.go.
package schema
