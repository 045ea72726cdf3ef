// Package natskv is a [domain.Cache] in a key-value bucket of NATS, shared by all processes that use the server. It is not
// durable: the bucket lives in the memory of the servers. Start with [Open].
package natskv

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/cache"
	"github.com/kintolog/kintolog/domain"
)

// Cache is a shared cache. All methods may be called concurrently. They fail when the server cannot be reached before
// ctx ends, or within two seconds, and then, for two more, with [ErrSilent] at once: who asks several times waits once. Every operation is decided by one server, the leader of the
// bucket, so what one process has set another one sees at once. A value larger than what the server takes for a
// message is refused. A bucket that is gone, as after a restart of its server, is made again, empty.
type Cache struct {
	config Config
	js     jetstream.JetStream
	stream jetstream.Stream
	kv     jetstream.KeyValue
	prefix string                    // of the subjects
	silent atomic.Pointer[time.Time] // until when nobody is asked, nil if all have answered so far
}

// ErrSilent: the server did not answer a moment ago, and is not asked now.
var ErrSilent = errors.New("the server of the cache did not answer")

var (
	_ domain.Cache = (*Cache)(nil)
	_ cache.Pinger = (*Cache)(nil)
)

// Open uses the bucket, and creates it if it is missing. A bucket that exists stays as it is; one that cannot expire
// keys is an error. While no server leads the bucket, as after a failure, it waits for one, for half a minute.
func Open(ctx context.Context, nc *nats.Conn, config Config) (*Cache, error) {
	config = config.WithDefaults()
	c, err := open(ctx, nc, config)
	if err != nil {
		return nil, fmt.Errorf("open cache bucket %q: %w", config.Bucket, err)
	}
	return c, nil
}

func open(ctx context.Context, nc *nats.Conn, config Config) (*Cache, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	stream, err := backoff.Retry(ctx, func() (jetstream.Stream, error) {
		stream, err := ensure(ctx, js, config)
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			err = backoff.Permanent(err)
		}
		return stream, err
	}, backoff.WithMaxElapsedTime(patience))
	if err != nil {
		return nil, err
	}
	kv, err := js.KeyValue(ctx, config.Bucket)
	if err != nil {
		return nil, err
	}
	return &Cache{config: config, js: js, stream: stream, kv: kv, prefix: config.subjects()}, nil
}

// How long a leader is waited for, and for its answer; for as long it is not asked again if it gives none.
const (
	patience = 30 * time.Second
	each     = 2 * time.Second
)

func ensure(ctx context.Context, js jetstream.JetStream, config Config) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, each)
	defer cancel()
	stream, err := js.Stream(ctx, config.streamName())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = js.CreateStream(ctx, config.stream())
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // by another process, just now
			stream, err = js.Stream(ctx, config.streamName())
		}
	}
	if err != nil {
		return nil, err
	}
	if !stream.CachedInfo().Config.AllowMsgTTL {
		return nil, errors.New("it exists and its keys cannot expire one by one")
	}
	return stream, nil
}

// Set implements [domain.Cache].
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	// As kv.Put, which has no time to live.
	err := c.inBucket(ctx, func(ctx context.Context) error {
		_, err := c.js.Publish(ctx, c.prefix+name(key), value, jetstream.WithMsgTTL(cache.Seconds(ttl)))
		return err
	})
	if err != nil {
		return fmt.Errorf("set a key of the cache: %w", err)
	}
	return nil
}

// Get implements [domain.Cache].
func (c *Cache) Get(ctx context.Context, key string) (value []byte, ok bool, err error) {
	entry, err := c.entry(ctx, name(key))
	if entry == nil || err != nil {
		return nil, false, err
	}
	return entry.Value(), true, nil
}

// Take implements [domain.Cache]. When it fails, the value may be gone.
func (c *Cache) Take(ctx context.Context, key string) (value []byte, ok bool, err error) {
	for {
		entry, err := c.entry(ctx, name(key))
		if entry == nil || err != nil {
			return nil, false, err
		}
		// The marker that it leaves goes by itself.
		err = c.ask(ctx, func(ctx context.Context) error {
			return c.kv.Purge(ctx, entry.Key(), jetstream.LastRevision(entry.Revision()), jetstream.PurgeTTL(time.Second))
		})
		switch {
		case err == nil:
			return entry.Value(), true, nil
		case !errors.Is(err, jetstream.ErrKeyRevisionMismatch):
			return nil, false, fmt.Errorf("take a key of the cache: %w", err)
		}
		// Somebody else took it or set it anew.
	}
}

// entry is nil if there is none.
func (c *Cache) entry(ctx context.Context, name string) (entry jetstream.KeyValueEntry, err error) {
	err = c.inBucket(ctx, func(ctx context.Context) error {
		entry, err = c.kv.Get(ctx, name)
		return err
	})
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrKeyDeleted):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read a key of the cache: %w", err)
	}
	return entry, nil
}

// Flush implements [domain.Cache].
func (c *Cache) Flush(ctx context.Context) error {
	if err := c.inBucket(ctx, func(ctx context.Context) error { return c.stream.Purge(ctx) }); err != nil {
		return fmt.Errorf("flush the cache: %w", err)
	}
	return nil
}

// inBucket does something once more if there is no bucket, after making it.
func (c *Cache) inBucket(ctx context.Context, do func(context.Context) error) error {
	err := c.ask(ctx, do)
	if !errors.Is(err, jetstream.ErrStreamNotFound) && !errors.Is(err, jetstream.ErrNoStreamResponse) {
		return err
	}
	if _, err := ensure(ctx, c.js, c.config); err != nil {
		return fmt.Errorf("make the bucket again: %w", err)
	}
	return c.ask(ctx, do)
}

// ask does something that the server answers, in time or not at all.
func (c *Cache) ask(ctx context.Context, do func(context.Context) error) error {
	if until := c.silent.Load(); until != nil && time.Now().Before(*until) {
		return ErrSilent
	}
	limited, cancel := context.WithTimeout(ctx, each)
	defer cancel()
	err := do(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		until := time.Now().Add(each)
		c.silent.Store(&until)
	}
	return err
}

// Ping implements [cache.Pinger].
func (c *Cache) Ping(ctx context.Context) error { return cache.WriteAndRead(ctx, c) }

// name is the key in the bucket, where few characters are valid and what is a secret in a key is not to be seen.
func name(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
