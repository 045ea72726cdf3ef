package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// hasher computes hashes of passwords, few at a time, since each keeps a processor busy. It may be used
// concurrently.
type hasher struct {
	cost  int
	slots chan struct{}
	// nobody is a hash that stands for that of an account which does not exist.
	nobody func() string
}

func newHasher(cost, concurrency int) *hasher {
	h := &hasher{cost: cost, slots: make(chan struct{}, concurrency)}
	h.nobody = sync.OnceValue(func() string {
		hash, _ := bcrypt.GenerateFromPassword(nil, cost) // fails only for a cost that no password can be hashed with
		return string(hash)
	})
	return h
}

// maxWait is how long a password waits for its turn.
const maxWait = 10 * time.Second

// errBusy is the error for a password whose turn did not come in time.
var errBusy = errors.New("too many passwords wait to be hashed")

// turn waits for a turn and returns what ends it.
func (h *hasher) turn(ctx context.Context) (end func(), err error) {
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-timer.C:
		return nil, errBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hash is the bcrypt hash of a password of at most 72 bytes. Other implementations write "2b" for what this one
// calls "2a"; the hashes are the same.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	end, err := h.turn(ctx)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	defer end()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), h.cost)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return "$2b" + strings.TrimPrefix(string(hash), "$2a"), nil
}

// matches tells whether the hash is that of the password. For the empty hash, that of nobody, it takes as long and is
// false; so it is for a password that is too long for hash, or has a zero byte. Whoever had to wait is asked by known whether
// the answer was found out meanwhile.
func (h *hasher) matches(ctx context.Context, hash, password string, known func() (is, ok bool)) (bool, error) {
	end, err := h.turn(ctx)
	if err != nil {
		return false, fmt.Errorf("check a password: %w", err)
	}
	defer end()
	if is, ok := known(); ok {
		return is, nil
	}
	exists := hash != ""
	if !exists {
		hash = h.nobody()
	}
	is := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil
	// bcrypt ignores what is longer, and takes a password for the same as its repetition with a zero byte in between.
	return is && exists && len(password) <= maxPassword && !strings.Contains(password, "\x00"), nil
}

// isHash tells whether the text is a hash of bcrypt: its version 2a, 2b or 2y, cost, and 53 letters of salt and hash.
func isHash(text string) bool {
	if len(text) != 60 || text[3] != '$' {
		return false
	}
	switch text[:3] {
	case "$2a", "$2b", "$2y":
		_, err := bcrypt.Cost([]byte(text))
		return err == nil
	}
	return false
}
