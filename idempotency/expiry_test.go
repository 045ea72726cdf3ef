package idempotency_test

import (
	"testing"
	"time"

	"github.com/kintolog/kintolog/server"
)

func TestAKeyCountsForADay(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2030, 5, 1, 22, 0, 0, 0, time.UTC)}
	s := open(t, server.Config{Memory: true, Now: c.now})
	prepare(t, s)
	first := send(t, s, "POST "+records, `{"data":{}}`, key)
	c.at = c.at.Add(24*time.Hour - time.Second)
	wantReplay(t, send(t, s, "POST "+records, `{"data":{}}`, key), first)
	c.at = c.at.Add(time.Minute)
	second := send(t, s, "POST "+records, `{"data":{"another":true}}`, key)
	wantFresh(t, second, 201)
	wantReplay(t, send(t, s, "POST "+records, `{"data":{"another":true}}`, key), second)
	wantTotal(t, s, records, "2")
}

func TestClocksMayDiffer(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2030, 5, 2, 0, 0, 1, 0, time.UTC)}
	s := open(t, server.Config{Memory: true, Now: c.now})
	prepare(t, s)
	first := send(t, s, "POST "+records, `{"data":{}}`, key)
	c.at = c.at.Add(-time.Minute) // to the day before
	wantReplay(t, send(t, s, "POST "+records, `{"data":{}}`, key), first)
	wantTotal(t, s, records, "1")
}

func TestAClockThatJumpsForwardForgetsNoKey(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2030, 5, 1, 22, 0, 0, 0, time.UTC)}
	s := open(t, server.Config{Memory: true, Now: c.now})
	prepare(t, s)
	first := send(t, s, "POST "+records, `{"data":{}}`, key)
	c.at = c.at.Add(27 * time.Hour)
	wantFresh(t, send(t, s, "POST "+records, `{"data":{}}`, "Idempotency-Key: other"), 201)
	c.at = c.at.Add(-24 * time.Hour)
	wantReplay(t, send(t, s, "POST "+records, `{"data":{}}`, key), first)
	wantTotal(t, s, records, "2")
}

func TestExpiredDaysAreRemoved(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)}
	s := open(t, server.Config{Memory: true, Now: c.now})
	prepare(t, s)
	for range 10 {
		for _, header := range []string{key, "Idempotency-Key: other"} {
			wantFresh(t, send(t, s, "POST "+records, `{"data":{}}`, header), 201)
		}
		wantKept(t, s, min(6, 2*int64(c.at.Day())))
		c.at = c.at.Add(24*time.Hour + time.Minute)
	}
	c.at = c.at.Add(30 * 24 * time.Hour)
	wantFresh(t, send(t, s, "POST "+records, `{"data":{}}`, key), 201)
	wantKept(t, s, 1)
}

// wantKept checks how many answers the read model holds.
func wantKept(t testing.TB, s *server.Server, want int64) {
	t.Helper()
	counts, err := s.Parts().Model.Counts(t.Context())
	if got := counts.Live["idempotency-answer"]; err != nil || got != want {
		t.Errorf("got %d answers, %v, want %d", got, err, want)
	}
}
