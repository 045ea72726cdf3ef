package memory_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/kintolog/kintolog/cache/cachetest"
	"github.com/kintolog/kintolog/cache/memory"
	"github.com/kintolog/kintolog/domain"
)

func TestCache(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(testing.TB) cachetest.Fixture {
		clock := &clock{now: time.Unix(1_700_000_000, 0)}
		return cachetest.Fixture{Cache: memory.New(memory.Config{Now: clock.Now}), Advance: clock.Advance}
	})
}

func TestTheSuiteAsksForNothingBeyondTheContract(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(testing.TB) cachetest.Fixture {
		clock := &clock{now: time.Unix(1_700_000_000, 0)}
		type contract struct{ domain.Cache }
		return cachetest.Fixture{Cache: contract{memory.New(memory.Config{Now: clock.Now})}, Advance: clock.Advance}
	})
}

func TestCacheKeepsToItsBound(t *testing.T) {
	t.Parallel()
	const bound, size, entries = 100_000, 1_000, 1_000
	c := memory.New(memory.Config{MaxBytes: bound})
	for i := range entries {
		if err := c.Set(t.Context(), fmt.Sprint(i), make([]byte, size), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	// Old entries go in the background.
	for deadline := time.Now().Add(10 * time.Second); ; {
		held := count(t, c, entries)
		if held > 0 && held*size <= bound {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %d entries of %d bytes, want some that fit into %d bytes", held, size, bound)
		}
	}
}

func count(t *testing.T, c *memory.Cache, entries int) int {
	t.Helper()
	held := 0
	for i := range entries {
		if _, ok, err := c.Get(t.Context(), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		} else if ok {
			held++
		}
	}
	return held
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
