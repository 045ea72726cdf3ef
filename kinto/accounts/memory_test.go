package accounts_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto/accounts"
	"github.com/kintolog/kintolog/server"
)

// counting is a cache that counts what is asked of it.
type counting struct {
	domain.Cache
	gets, sets int
	fails      error
}

func (c *counting) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if c.gets++; c.fails != nil {
		return nil, false, c.fails
	}
	return c.Cache.Get(ctx, key)
}

func (c *counting) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if c.sets++; c.fails != nil {
		return c.fails
	}
	return c.Cache.Set(ctx, key, value, ttl)
}

// remembering is an authentication with a cache that counts and a clock that is set.
func remembering(t *testing.T, s *server.Server) (login func() string, cache *counting, clock *atomic.Int64) {
	t.Helper()
	parts := s.Parts()
	cache, clock = &counting{Cache: parts.Cache}, new(atomic.Int64)
	start := time.Now()
	parts.Cache = cache
	parts.Config.Now = func() time.Time { return start.Add(time.Duration(clock.Load())) }
	_, authentication := accounts.New(options)
	policy, err := authentication(parts)
	if err != nil {
		t.Fatal(err)
	}
	return func() string {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/v1/", nil)
		r.SetBasicAuth("alice", "alice-pw")
		id, err := policy.Authenticate(r)
		if err != nil {
			t.Errorf("authenticate: %v", err)
		}
		return id
	}, cache, clock
}

func TestWhatIsRememberedLastsAsLongAsItIsUsed(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "alice")
	login, cache, clock := remembering(t, s)
	for _, c := range []struct {
		after      time.Duration
		gets, sets int // more of them
	}{
		// Two looks, before and after its turn to be compared.
		{0, 2, 1},
		{time.Second, 0, 0},
		{time.Second, 0, 0},
		{8 * time.Second, 0, 1}, // so that other processes do not forget it either
		{29 * time.Second, 0, 1},
		{29 * time.Second, 0, 1},
		{31 * time.Second, 1, 1}, // forgotten here, and there by its own clock not yet
	} {
		clock.Add(int64(c.after))
		gets, sets := cache.gets, cache.sets
		if got := login(); got != "account:alice" {
			t.Fatalf("after %s: got %q, want account:alice", c.after, got)
		}
		got, want := []int{cache.gets - gets, cache.sets - sets}, []int{c.gets, c.sets}
		if !slices.Equal(got, want) {
			t.Errorf("after %s: got %d gets and sets, want %d", c.after, got, want)
		}
	}
}

func TestACacheThatFailsKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	s := start(t, open, server.Config{})
	register(t, s, "alice")
	login, cache, _ := remembering(t, s)
	cache.fails = errors.New("away")
	for range 2 {
		if got := login(); got != "account:alice" {
			t.Errorf("got %q, want account:alice", got)
		}
	}
}
