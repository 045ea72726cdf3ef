package accounts

import (
	"context"
	"crypto/subtle"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
)

// memory remembers for a while what was found out about passwords: in the process, and what was right also in the
// cache that processes share. It may be used concurrently.
type memory struct {
	shared domain.Cache
	ttl    time.Duration
	now    func() time.Time
	log    logrus.FieldLogger

	mu    sync.Mutex
	facts map[string]*remembered
}

// remembered is a fact about a password. It is under its key if the password was right, otherwise under itself.
type remembered struct {
	fact   string
	until  time.Time
	shared time.Time // when it was last put into the shared cache
}

// maxFacts bounds what is in the memory of the process.
const maxFacts = 10_000

func newMemory(shared domain.Cache, ttl time.Duration, now func() time.Time, log logrus.FieldLogger) *memory {
	return &memory{shared: shared, ttl: ttl, now: now, log: log, facts: map[string]*remembered{}}
}

// recall tells what is known of a fact, and that it was of use again; ok is false if it is not known.
func (m *memory) recall(ctx context.Context, key, fact string) (is, ok bool) {
	is, ok, stale := m.local(key, fact)
	if ok && !stale {
		return is, true
	}
	if !ok {
		value, found, err := m.shared.Get(ctx, key)
		if err != nil {
			m.log.WithError(err).Warn("passwords cannot be looked up in the shared cache")
		}
		if !found || !same(string(value), fact) {
			return false, false
		}
	}
	m.remember(ctx, key, fact, true)
	return true, true
}

// local is what the process knows; stale tells that the shared cache may forget it before the process does.
func (m *memory) local(key, fact string) (is, ok, stale bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if f := m.facts[fact]; f != nil && now.Before(f.until) {
		return false, true, false
	}
	f := m.facts[key]
	if f == nil || !now.Before(f.until) || !same(f.fact, fact) {
		return false, false, false
	}
	f.until = now.Add(m.ttl)
	return true, true, now.Sub(f.shared) > m.ttl/4
}

// remember keeps a fact for a while. A cache that fails makes it forgotten earlier, and is no reason to fail.
func (m *memory) remember(ctx context.Context, key, fact string, is bool) {
	now := m.now()
	f := &remembered{fact: fact, until: now.Add(m.ttl), shared: now}
	m.mu.Lock()
	m.makeRoom(now)
	if is {
		m.facts[key] = f
	} else {
		m.facts[fact] = f
	}
	m.mu.Unlock()
	if !is {
		return
	}
	if err := m.shared.Set(ctx, key, []byte(fact), m.ttl); err != nil {
		m.log.WithError(err).Warn("a password cannot be remembered in the shared cache")
	}
}

// makeRoom forgets what is over, and any others, if there are too many facts.
func (m *memory) makeRoom(now time.Time) {
	if len(m.facts) < maxFacts {
		return
	}
	for key, f := range m.facts {
		if !now.Before(f.until) {
			delete(m.facts, key)
		}
	}
	for key := range m.facts {
		if len(m.facts) < maxFacts*9/10 {
			return
		}
		delete(m.facts, key)
	}
}

// same compares in a time that tells nothing about how much of both agrees.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
