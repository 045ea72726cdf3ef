// Package memory is a [domain.Cache] inside one process, bounded in bytes and by time. It is not shared and does not
// outlive the process. Start with [New].
package memory

import (
	"context"
	"math"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/kintolog/kintolog/cache"
	"github.com/kintolog/kintolog/domain"
)

// DefaultMaxBytes is the bound of the setting cache_max_size_bytes.
const DefaultMaxBytes = 524288

// overhead is about what an entry takes beside its key and value, in bytes.
const overhead = 64

// Config says how much the cache holds.
type Config struct {
	// MaxBytes bounds keys and values together, with 64 bytes more for each entry. Default 524288. When there is more,
	// entries that are seldom used go before their time; an entry larger than all of it is not kept. Not positive is
	// the default.
	MaxBytes int64
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Cache is a cache in memory. All methods may be called concurrently, and none fails.
type Cache struct {
	entries *otter.Cache[string, entry]
}

var (
	_ domain.Cache = (*Cache)(nil)
	_ cache.Pinger = (*Cache)(nil)
)

type entry struct {
	value string // a string, so that nobody can change it
	ttl   time.Duration
}

// New makes an empty cache.
func New(config Config) *Cache {
	if config.MaxBytes <= 0 {
		config.MaxBytes = DefaultMaxBytes
	}
	options := &otter.Options[string, entry]{
		MaximumWeight: uint64(config.MaxBytes),
		Weigher:       weight,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, entry]) time.Duration {
			return e.Value.ttl
		}),
	}
	if config.Now != nil {
		options.Clock = clock{config.Now}
	}
	return &Cache{entries: otter.Must(options)}
}

func weight(key string, e entry) uint32 {
	return uint32(min(len(key)+len(e.value)+overhead, math.MaxUint32))
}

// Set implements [domain.Cache].
func (c *Cache) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	c.entries.Set(key, entry{string(value), cache.Seconds(ttl)})
	return nil
}

// Get implements [domain.Cache].
func (c *Cache) Get(_ context.Context, key string) (value []byte, ok bool, err error) {
	e, ok := c.entries.GetIfPresent(key)
	return e.bytes(ok), ok, nil
}

// Take implements [domain.Cache].
func (c *Cache) Take(_ context.Context, key string) (value []byte, ok bool, err error) {
	e, ok := c.entries.Invalidate(key)
	return e.bytes(ok), ok, nil
}

// Flush implements [domain.Cache].
func (c *Cache) Flush(context.Context) error {
	c.entries.InvalidateAll()
	return nil
}

// Ping implements [cache.Pinger].
func (c *Cache) Ping(ctx context.Context) error { return cache.WriteAndRead(ctx, c) }

func (e entry) bytes(ok bool) []byte {
	if !ok {
		return nil
	}
	return []byte(e.value)
}

// clock never ticks: what has expired is not seen, and goes with the next writes.
type clock struct{ now func() time.Time }

func (c clock) NowNano() int64                      { return c.now().UnixNano() }
func (c clock) Tick(time.Duration) <-chan time.Time { return nil }
