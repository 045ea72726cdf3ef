package jsondoc

import "fmt"

// Fault tells what is wrong with bytes that [Normalize] refuses.
type Fault int

// The faults, one for each answer a caller may want to give.
const (
	Malformed        Fault = iota + 1 // not the grammar of RFC 8259
	TrailingData                      // something follows the value
	InvalidText                       // invalid UTF-8, or half a surrogate pair
	NulCharacter                      // U+0000 in a string or a name
	NumberOutOfRange                  // beyond the largest finite float64
	TooDeep                           // nested deeper than Limits.Depth
	TooLarge                          // longer than Limits.Bytes
	TooMany                           // more members than Limits.Members
)

// SyntaxError is the only error of [Normalize].
type SyntaxError struct {
	Fault  Fault
	Offset int    // where in the source, in bytes from 0
	Reason string // a clause without the offset, lower case, for people
}

// Error gives the reason and the offset.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("parse error at offset %d: %s", e.Offset, e.Reason)
}
