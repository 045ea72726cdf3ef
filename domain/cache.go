package domain

import (
	"context"
	"time"
)

// Cache keeps small values for a while. What is in it can be lost at any moment; nothing that must not be forgotten
// belongs there. Keys are 1 to 1000 bytes. All methods may be called concurrently, and by several processes where the
// implementation is shared.
type Cache interface {
	// Set stores a copy of the value for the time to live, which is positive and is rounded up to whole seconds; an
	// implementation may be up to a second late with its end.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Get returns a copy of the value; ok is false if there is none or its time is over.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Take removes the value and returns it. Of several that take one key at the same time, one gets it.
	Take(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Flush removes everything.
	Flush(ctx context.Context) error
}
