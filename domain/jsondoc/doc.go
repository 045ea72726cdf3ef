// Package jsondoc works on JSON documents that are kept as bytes: it checks
// them, reads and replaces members, patches, compares, sorts, and selects.
//
// A document inside the system is always normalised: it has come out of
// [Normalize], or of another function of this package that was given
// normalised values. Normalised means
//
//   - compact: no white space between tokens;
//   - ASCII only: other characters are \uXXXX with upper-case digits, as
//     surrogate pairs above U+FFFF; control characters have their short escape
//     where JSON has one; nothing else is escaped, so a string has exactly one
//     spelling;
//   - without the character U+0000 and without half surrogate pairs;
//   - no name twice in one object: the last value wins, at the place of the
//     first;
//   - numbers canonical: an integer in [-2^63, 2^64) as its digits, anything
//     else as the shortest decimal text of its float64 that still reads as a
//     float (1.0, 100.0, 1e+22).
//
// These rules exist because PostgreSQL jsonb and SQLite disagree about
// everything beyond them. Except where a function says that it takes any bytes,
// its arguments must be normalised; it does not check that again, and given
// anything else its result is undefined, but it does not panic. An empty value
// (nil or no bytes) means "missing" throughout.
//
// All functions are pure and safe to call at the same time. Results never
// share memory with arguments, except where a function returns a part of
// its argument and says so.
//
// The package does no I/O and knows nothing of resources, permissions or
// timestamps. Start with [Normalize], [Lookup] and [With]; the order of values
// is in [Compare].
package jsondoc
