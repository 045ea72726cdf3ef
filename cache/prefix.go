package cache

import (
	"context"
	"time"

	"github.com/kintolog/kintolog/domain"
)

// Prefixed puts the prefix before every key (setting cache_prefix), so that several applications can share a cache. Keys
// may then be as much shorter than 1000 bytes as the prefix is long. Flush still removes everything, also what has another
// prefix. An empty prefix returns the cache itself.
func Prefixed(c domain.Cache, prefix string) domain.Cache {
	if prefix == "" {
		return c
	}
	return prefixed{c, prefix}
}

type prefixed struct {
	domain.Cache
	prefix string
}

func (p prefixed) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return p.Cache.Set(ctx, p.prefix+key, value, ttl)
}

func (p prefixed) Get(ctx context.Context, key string) (value []byte, ok bool, err error) {
	return p.Cache.Get(ctx, p.prefix+key)
}

func (p prefixed) Take(ctx context.Context, key string) (value []byte, ok bool, err error) {
	return p.Cache.Take(ctx, p.prefix+key)
}

func (p prefixed) Ping(ctx context.Context) error { return Ping(ctx, p.Cache) }
