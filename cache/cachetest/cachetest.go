// Package cachetest is the suite that every [domain.Cache] passes (protocol 11.3). Start with [Run].
package cachetest

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kintolog/kintolog/cache"
	"github.com/kintolog/kintolog/domain"
)

// Fixture is a cache under test.
type Fixture struct {
	// Cache is empty and used by nobody else.
	Cache domain.Cache
	// Shared is the same cache as another process has it. Nil if it is not shared.
	Shared domain.Cache
	// Advance moves the clock of the cache. Nil if the cache has the clock of the world; the suite then waits.
	Advance func(time.Duration)
}

// Run runs the suite; setup makes a fixture for each test.
func Run(t *testing.T, setup func(testing.TB) Fixture) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Fixture){
		"GetReturnsWhatWasSet":            getReturnsWhatWasSet,
		"SetReplaces":                     setReplaces,
		"AnUnknownKeyIsNoError":           anUnknownKeyIsNoError,
		"KeysAreAnyBytes":                 keysAreAnyBytes,
		"ValuesAreCopies":                 valuesAreCopies,
		"TakeReturnsOnce":                 takeReturnsOnce,
		"OneOfManyTakesWins":              oneOfManyTakesWins,
		"ASetAfterATakeCounts":            aSetAfterATakeCounts,
		"FlushRemovesEverything":          flushRemovesEverything,
		"ValuesExpire":                    valuesExpire,
		"ASetStartsTheTimeAnew":           aSetStartsTheTimeAnew,
		"AShortTimeIsRoundedUp":           aShortTimeIsRoundedUp,
		"APrefixKeepsKeysApart":           aPrefixKeepsKeysApart,
		"PingWritesAndReads":              pingWritesAndReads,
		"AnotherProcessSeesTheSameValues": anotherProcessSeesTheSameValues,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, setup(t))
		})
	}
}

func getReturnsWhatWasSet(t *testing.T, f Fixture) {
	large := bytes.Repeat([]byte("x"), 100_000)
	for key, value := range map[string][]byte{"a": []byte("1"), "empty": {}, "binary": {0, 255, '\n'}, "large": large} {
		set(t, f.Cache, key, value, time.Minute)
		wantValue(t, f.Cache, key, value)
	}
}

func setReplaces(t *testing.T, f Fixture) {
	set(t, f.Cache, "a", []byte("1"), time.Minute)
	set(t, f.Cache, "a", []byte("2"), time.Minute)
	wantValue(t, f.Cache, "a", []byte("2"))
}

func anUnknownKeyIsNoError(t *testing.T, f Fixture) {
	wantNone(t, f.Cache, "unknown")
	if got, ok := take(t, f.Cache, "unknown"); ok {
		t.Errorf("take an unknown key: got %q, want none", got)
	}
}

func keysAreAnyBytes(t *testing.T, f Fixture) {
	keys := []string{
		"/buckets/a", "a.b", "a.>", "a.*", ">", "*", ".", "a b", "a\n", "\x00", "\xff", "é", "=", "A", "a",
		strings.Repeat("k", 1000), strings.Repeat("k", 999) + "l",
	}
	for i, key := range keys {
		set(t, f.Cache, key, []byte{byte(i)}, time.Minute)
	}
	for i, key := range keys {
		wantValue(t, f.Cache, key, []byte{byte(i)})
	}
}

func valuesAreCopies(t *testing.T, f Fixture) {
	value := []byte("one")
	set(t, f.Cache, "a", value, time.Minute)
	copy(value, "two")
	got, _ := get(t, f.Cache, "a")
	copy(got, "six")
	wantValue(t, f.Cache, "a", []byte("one"))
}

func takeReturnsOnce(t *testing.T, f Fixture) {
	set(t, f.Cache, "a", []byte("1"), time.Minute)
	set(t, f.Cache, "b", []byte("2"), time.Minute)
	if got, ok := take(t, f.Cache, "a"); !ok || string(got) != "1" {
		t.Errorf("take: got %q %v, want 1", got, ok)
	}
	if got, ok := take(t, f.Cache, "a"); ok {
		t.Errorf("take again: got %q, want none", got)
	}
	wantNone(t, f.Cache, "a")
	wantValue(t, f.Cache, "b", []byte("2"))
}

func oneOfManyTakesWins(t *testing.T, f Fixture) {
	caches := []domain.Cache{f.Cache}
	if f.Shared != nil {
		caches = append(caches, f.Shared)
	}
	for range 20 {
		set(t, f.Cache, "a", []byte("1"), time.Minute)
		if won := takeAtOnce(t, caches, 8); won != 1 {
			t.Fatalf("eight take one key at once: got %d values, want 1", won)
		}
	}
}

func takeAtOnce(t *testing.T, caches []domain.Cache, takers int) int {
	var (
		mu    sync.Mutex
		won   int
		done  sync.WaitGroup
		start = make(chan struct{})
	)
	for i := range takers {
		done.Go(func() {
			<-start
			_, ok, err := caches[i%len(caches)].Take(t.Context(), "a")
			if err != nil {
				t.Errorf("take: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			if ok {
				won++
			}
		})
	}
	close(start)
	done.Wait()
	return won
}

func aSetAfterATakeCounts(t *testing.T, f Fixture) {
	set(t, f.Cache, "a", []byte("1"), time.Minute)
	take(t, f.Cache, "a")
	set(t, f.Cache, "a", []byte("2"), time.Minute)
	wantValue(t, f.Cache, "a", []byte("2"))
}

func flushRemovesEverything(t *testing.T, f Fixture) {
	set(t, f.Cache, "a", []byte("1"), time.Minute)
	set(t, f.Cache, "b", []byte("1"), time.Minute)
	if err := f.Cache.Flush(t.Context()); err != nil {
		t.Fatalf("flush: %v", err)
	}
	wantNone(t, f.Cache, "a")
	wantNone(t, f.Cache, "b")
	set(t, f.Cache, "a", []byte("2"), time.Minute)
	wantValue(t, f.Cache, "a", []byte("2"))
}

func valuesExpire(t *testing.T, f Fixture) {
	set(t, f.Cache, "short", []byte("1"), time.Second)
	set(t, f.Cache, "long", []byte("1"), time.Minute)
	f.pass(t, time.Second, "short")
	wantNone(t, f.Cache, "short")
	if got, ok := take(t, f.Cache, "short"); ok {
		t.Errorf("take an expired key: got %q, want none", got)
	}
	wantValue(t, f.Cache, "long", []byte("1"))
}

func aSetStartsTheTimeAnew(t *testing.T, f Fixture) {
	set(t, f.Cache, "a", []byte("1"), time.Second)
	set(t, f.Cache, "b", []byte("1"), time.Second)
	set(t, f.Cache, "a", []byte("2"), time.Minute)
	f.pass(t, time.Second, "b")
	wantValue(t, f.Cache, "a", []byte("2"))
}

func aShortTimeIsRoundedUp(t *testing.T, f Fixture) {
	set(t, f.Cache, "a", []byte("1"), time.Millisecond)
	wantValue(t, f.Cache, "a", []byte("1"))
	if f.Advance != nil {
		f.Advance(999 * time.Millisecond)
		wantValue(t, f.Cache, "a", []byte("1"))
	}
	f.pass(t, time.Millisecond, "a")
	wantNone(t, f.Cache, "a")
}

// pass lets the time pass after which the key has expired.
func (f Fixture) pass(t *testing.T, d time.Duration, key string) {
	if f.Advance != nil {
		f.Advance(d)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		if _, ok := get(t, f.Cache, key); !ok {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%q has not expired after 20 s", key)
		}
	}
}

func aPrefixKeepsKeysApart(t *testing.T, f Fixture) {
	one, two := cache.Prefixed(f.Cache, "one-"), cache.Prefixed(f.Cache, "two-")
	set(t, one, "a", []byte("1"), time.Minute)
	set(t, two, "a", []byte("2"), time.Minute)
	wantValue(t, one, "a", []byte("1"))
	wantValue(t, f.Cache, "two-a", []byte("2"))
	wantNone(t, f.Cache, "a")
	take(t, one, "a")
	wantNone(t, f.Cache, "one-a")
	wantValue(t, two, "a", []byte("2"))
	if err := cache.Ping(t.Context(), one); err != nil {
		t.Errorf("ping: %v", err)
	}
}

func pingWritesAndReads(t *testing.T, f Fixture) {
	for range 2 {
		if err := cache.Ping(t.Context(), f.Cache); err != nil {
			t.Errorf("ping: %v", err)
		}
	}
}

func anotherProcessSeesTheSameValues(t *testing.T, f Fixture) {
	if f.Shared == nil {
		return
	}
	for i := range 50 {
		set(t, f.Cache, "a", []byte{byte(i)}, time.Minute)
		wantValue(t, f.Shared, "a", []byte{byte(i)})
		take(t, f.Shared, "a")
		wantNone(t, f.Cache, "a")
	}
}

func set(t *testing.T, c domain.Cache, key string, value []byte, ttl time.Duration) {
	t.Helper()
	if err := c.Set(t.Context(), key, value, ttl); err != nil {
		t.Fatalf("set %q: %v", key, err)
	}
}

func get(t *testing.T, c domain.Cache, key string) ([]byte, bool) {
	t.Helper()
	value, ok, err := c.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	return value, ok
}

func take(t *testing.T, c domain.Cache, key string) ([]byte, bool) {
	t.Helper()
	value, ok, err := c.Take(t.Context(), key)
	if err != nil {
		t.Fatalf("take %q: %v", key, err)
	}
	return value, ok
}

func wantValue(t *testing.T, c domain.Cache, key string, want []byte) {
	t.Helper()
	if got, ok := get(t, c, key); !ok || !bytes.Equal(got, want) {
		t.Errorf("get %.40q: got %.40q %v, want %.40q", key, got, ok, want)
	}
}

func wantNone(t *testing.T, c domain.Cache, key string) {
	t.Helper()
	if got, ok := get(t, c, key); ok {
		t.Errorf("get %q: got %.40q, want none", key, got)
	}
}
