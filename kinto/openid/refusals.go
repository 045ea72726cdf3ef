package openid

import (
	"sync"
	"time"
)

const (
	// refusalTTL is for how long a token that was not accepted is not asked about again.
	refusalTTL = 10 * time.Second
	// maxRefusals bounds how many of them are known.
	maxRefusals = 10_000
)

// refusals are the tokens that a provider has not accepted lately, by their keys. It may be used concurrently.
type refusals struct {
	mu    sync.Mutex
	since map[string]time.Time
}

func (r *refusals) has(key string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	since, ok := r.since[key]
	return ok && now.Sub(since) < refusalTTL
}

// add makes one known. When there is no room, all are forgotten: the provider is asked once more.
func (r *refusals) add(key string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since == nil || len(r.since) >= maxRefusals {
		r.since = map[string]time.Time{}
	}
	r.since[key] = now
}
