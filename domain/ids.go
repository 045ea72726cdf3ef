package domain

import (
	"crypto/rand"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

var uuidSyntax = regexp.MustCompile(`\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z`)

// MaxIDLength bounds ids of every kind, in bytes.
const MaxIDLength = 255

// SafeIDs accepts letters, digits, "_" and "-", the first a letter or digit, and makes names of eight
// characters (protocol 1.2).
var SafeIDs = IDs{New: newName, Valid: isSafe}

// RelaxedUUIDs accepts what SafeIDs accepts and makes version 4 UUIDs, which grow.
var RelaxedUUIDs = IDs{New: newUUID, Unique: true, Valid: isSafe}

// UUIDs accepts lower-case UUIDs alone, and makes the same as RelaxedUUIDs.
var UUIDs = IDs{New: newUUID, Unique: true, Valid: uuidSyntax.MatchString}

// UpTo are the ids of at most so many bytes. It must leave room for those that are made.
func (ids IDs) UpTo(length int) IDs {
	if ids.Valid == nil && ids.New == nil {
		ids = SafeIDs
	}
	if ids.Valid == nil {
		return ids // which no catalog takes
	}
	valid := ids.Valid
	ids.Valid = func(id string) bool { return len(id) <= length && isSegment(id) && valid(id) }
	return ids
}

// isSegment tells whether a path can have the id in it: it is a text that every read model holds, and one segment.
func isSegment(id string) bool {
	return id != "" && !strings.ContainsAny(id, "/\x00") && utf8.ValidString(id)
}

func isSafe(id string) bool {
	for i, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case i == 0 || c != '_' && c != '-':
			return false
		}
	}
	return id != "" && len(id) <= MaxIDLength
}

// newUUID makes a UUID that is marked as version 4, which clients may check, and begins with the time as one of version 7 does
// (RFC 9562, 5.7): what is created one after another is side by side in the indexes of read models. 62 bits are random. Those
// of one process grow.
func newUUID() string {
	u := uuid.Must(uuid.NewV7()) // fails only if there is no randomness, and then nothing goes on
	u[6] = u[6]&0x0f | 0x40
	return u.String()
}

func newName() string {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	var b [8]byte
	for {
		_, _ = rand.Read(b[:]) // never fails
		for i := range b {
			b[i] = alphabet[b[i]&63] // 64 letters: no bias
		}
		if b[0] != '-' && b[0] != '_' {
			return string(b[:])
		}
	}
}
