package eventstore

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kintolog/kintolog/domain"
)

// Space is the part of the subject space that one log occupies: the first token of its
// subjects. Several logs share a server under different names.
//
// The endpoint "/buckets/blog/collections" has the subject "kintolog.buckets.blog.collections", the
// root has "kintolog". Secret events have "kintolog-secret" in place of "kintolog", so that
// a subscription to "kintolog.>" never sees them.
//
// Every path segment is one token. Letters, digits, "-", "_" and "~" stand for themselves, any
// other byte is "%" and two upper-case hexadecimal digits, and the empty segment is "%". So
// different endpoints have different subjects, and each can be read back.
type Space string

// DefaultSpace is the name of a log that is not named otherwise.
const DefaultSpace Space = "kintolog"

const (
	secretSuffix = "-secret"
	// maxSubject keeps subjects well below the longest line that a NATS server reads.
	maxSubject = 2048
	maxSpace   = 64
	upperHex   = "0123456789ABCDEF"
)

var errNotASubject = errors.New("not a subject of this log")

// Validate tells in a sentence why the name cannot be that of a log.
func (s Space) Validate() error {
	switch {
	case s == "" || len(s) > maxSpace:
		return fmt.Errorf("the name of a log has 1 to %d characters, not %d", maxSpace, len(s))
	case strings.HasSuffix(string(s), secretSuffix):
		return fmt.Errorf("the name of a log must not end in %q, as %q does", secretSuffix, s)
	}
	for i := range len(s) {
		if !plain(s[i]) || s[i] == '~' {
			return fmt.Errorf("the name of a log consists of letters, digits, \"-\" and \"_\", unlike %q", s)
		}
	}
	return nil
}

// Subjects are the wildcards that together cover all subjects of the log and no others.
func (s Space) Subjects() []string {
	open, secret := string(s), s.secret()
	return []string{open, open + ".>", secret, secret + ".>"}
}

// Subject is where the events of a plural endpoint are published. It fails with ErrTooLarge if
// the ids in the path are longer than a subject can hold.
func (s Space) Subject(plural domain.Plural, secret bool) (string, error) {
	prefix := string(s)
	if secret {
		prefix = s.secret()
	}
	if plural == "" {
		return prefix, nil
	}
	if plural[0] != '/' {
		return "", fmt.Errorf("plural endpoint %q does not begin with a slash", plural)
	}
	subject := appendEscaped(make([]byte, 0, len(prefix)+len(plural)+16), prefix, string(plural))
	if len(subject) > maxSubject {
		return "", fmt.Errorf("subject of %d characters for plural endpoint %.40q: %w", len(subject), plural, ErrTooLarge)
	}
	return string(subject), nil
}

// SubjectsOf are where the open events of plural endpoints are published, without those of which a subject cannot hold
// the path: nothing happens there.
func (s Space) SubjectsOf(plurals []domain.Plural) []string {
	subjects := make([]string, 0, len(plurals))
	for _, p := range plurals {
		if subject, err := s.Subject(p, false); err == nil {
			subjects = append(subjects, subject)
		}
	}
	return subjects
}

// Parse is the inverse of Subject.
func (s Space) Parse(subject string) (plural domain.Plural, secret bool, err error) {
	prefix, path, nested := strings.Cut(subject, ".")
	switch prefix {
	case string(s):
	case s.secret():
		secret = true
	default:
		return "", false, fmt.Errorf("%q: %w", subject, errNotASubject)
	}
	if !nested {
		return "", secret, nil
	}
	unescaped, ok := appendUnescaped(make([]byte, 0, len(path)+1), path)
	if !ok {
		return "", false, fmt.Errorf("%q: %w", subject, errNotASubject)
	}
	return domain.Plural(unescaped), secret, nil
}

func (s Space) secret() string { return string(s) + secretSuffix }

// plain tells whether the byte stands for itself in a token.
func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '~'
}

// appendEscaped turns a path, "/" before each segment, into tokens, "." before each.
func appendEscaped(dst []byte, prefix, path string) []byte {
	dst = append(dst, prefix...)
	for i := range len(path) {
		switch c := path[i]; {
		case c == '/':
			dst = append(dst, '.')
			if i+1 == len(path) || path[i+1] == '/' {
				dst = append(dst, '%')
			}
		case plain(c):
			dst = append(dst, c)
		default:
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

// appendUnescaped is the inverse. It accepts nothing that appendEscaped does not produce.
func appendUnescaped(dst []byte, tokens string) ([]byte, bool) {
	for token := range strings.SplitSeq(tokens, ".") {
		dst = append(dst, '/')
		if token == "" {
			return nil, false
		}
		if token == "%" {
			continue
		}
		for i := 0; i < len(token); i++ {
			c := token[i]
			if plain(c) {
				dst = append(dst, c)
				continue
			}
			if c != '%' || i+2 >= len(token) {
				return nil, false
			}
			high, low := strings.IndexByte(upperHex, token[i+1]), strings.IndexByte(upperHex, token[i+2])
			if high < 0 || low < 0 || plain(byte(high<<4|low)) || byte(high<<4|low) == '/' {
				return nil, false
			}
			dst = append(dst, byte(high<<4|low))
			i += 2
		}
	}
	return dst, true
}
