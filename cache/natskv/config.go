package natskv

import (
	"fmt"
	"regexp"

	"github.com/nats-io/nats.go/jetstream"
)

// Config says which bucket holds the cache, and what it is like when it has to be created.
type Config struct {
	// Bucket is its name, of letters, digits, "-" and "_". Default "kintolog-cache".
	Bucket string
	// Replicas is 1 or 3. Default 1.
	Replicas int
	// MaxBytes bounds the memory of the bucket on each server; what was written first goes when there is more. Default 64 MiB.
	MaxBytes int64
}

// WithDefaults is the configuration with every zero field set to its default.
func (c Config) WithDefaults() Config {
	if c.Bucket == "" {
		c.Bucket = "kintolog-cache"
	}
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 64 << 20
	}
	return c
}

var bucketSyntax = regexp.MustCompile(`\A[a-zA-Z0-9_-]+\z`)

// Validate tells in a sentence what is wrong.
func (c Config) Validate() error {
	switch {
	case !bucketSyntax.MatchString(c.Bucket):
		return fmt.Errorf("the bucket's name %q must match %s", c.Bucket, bucketSyntax)
	case c.Replicas != 1 && c.Replicas != 3:
		return fmt.Errorf("the cache has 1 or 3 replicas, not %d", c.Replicas)
	case c.MaxBytes < 0:
		return fmt.Errorf("the cache cannot be bounded to %d bytes", c.MaxBytes)
	}
	return nil
}

func (c Config) streamName() string { return "KV_" + c.Bucket }

func (c Config) subjects() string { return "$KV." + c.Bucket + "." }

// stream is a bucket as any client of NATS knows it, with two differences that a cache wants: when it is full, old
// values make room, and reads go to the leader, never to a replica that is behind.
func (c Config) stream() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:              c.streamName(),
		Description:       "Kintolog cache",
		Subjects:          []string{c.subjects() + ">"},
		Storage:           jetstream.MemoryStorage,
		Replicas:          c.Replicas,
		Discard:           jetstream.DiscardOld,
		MaxBytes:          c.MaxBytes,
		MaxMsgs:           -1,
		MaxMsgSize:        -1,
		MaxMsgsPerSubject: 1,
		AllowRollup:       true,
		AllowMsgTTL:       true,
		DenyDelete:        true,
	}
}
