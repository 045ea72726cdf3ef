package config

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden stands for a secret in whatever is printed.
const hidden = "[hidden]"

// Secret is a value that must not be seen: however it is printed, logged or encoded, it shows as
// "[hidden]", or as "" when there is none. It must not be the key of a map, of which encoding/json
// takes no notice, nor in a field that is not exported, of which package fmt takes none.
type Secret string

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the value.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// Format hides the value, whatever the verb.
func (s Secret) Format(f fmt.State, verb rune) { writeHidden(f, verb, s.String()) }

// MarshalText hides the value, in JSON as well.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON hides the value.
func (s Secret) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%q", s.String()), nil }

// LogValue hides the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

func writeHidden(f fmt.State, verb rune, text string) {
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		text = fmt.Sprintf("%q", text)
	}
	_, _ = io.WriteString(f, text) // fmt keeps the error
}
