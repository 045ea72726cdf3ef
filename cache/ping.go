package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kintolog/kintolog/domain"
)

// Pinger is a cache that can tell whether it works.
type Pinger interface {
	// Ping writes a key and reads it; nil means that both succeeded.
	Ping(ctx context.Context) error
}

var errLost = errors.New("a value just written is not there")

// Ping asks the cache itself if it is a [Pinger], and otherwise does what Pinger says, under the key "__heartbeat__".
// It may be called by several processes at once.
func Ping(ctx context.Context, c domain.Cache) error {
	if p, ok := c.(Pinger); ok {
		return p.Ping(ctx)
	}
	return WriteAndRead(ctx, c)
}

// WriteAndRead writes a key and reads it: the health check for a cache that has no better one.
func WriteAndRead(ctx context.Context, c domain.Cache) error {
	const key = "__heartbeat__"
	want := []byte("alive")
	if err := c.Set(ctx, key, want, time.Minute); err != nil {
		return fmt.Errorf("ping the cache: %w", err)
	}
	got, _, err := c.Get(ctx, key)
	if err == nil && !bytes.Equal(got, want) {
		err = errLost
	}
	if err != nil {
		return fmt.Errorf("ping the cache: %w", err)
	}
	return nil
}
