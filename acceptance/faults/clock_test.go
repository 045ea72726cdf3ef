package faults_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/server"
)

func TestAClockThatJumpsBackKeepsTimestampsGrowing(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64
	clock.Store(1_800_000_000_000)
	dir := t.TempDir()
	timestamps := map[int64]bool{}
	var last int64
	for _, jump := range []int64{0, -3_600_000, 1, -86_400_000} { // ms, with a restart at each
		s := within(t, dir, &clock)
		for i := range 20 {
			if i == 10 {
				clock.Add(jump)
			}
			at := write(t, s, fmt.Sprintf("/v1/buckets/b%d", i))
			if at <= last || timestamps[at] {
				t.Fatalf("the clock at %d: got the timestamp %d after %d", clock.Load(), at, last)
			}
			timestamps[at], last = true, at
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// within runs a service in this process, by a clock.
func within(t *testing.T, dir string, clock *atomic.Int64) *server.Server {
	t.Helper()
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	s, err := server.Open(t.Context(), server.App{
		Name: "Kintolog", Resources: kinto.Resources(),
		Policy: domain.Policy{Grants: map[string][]string{"bucket_create": {domain.Everyone}}},
	}, server.Config{
		DataDir: dir, Logger: quiet, Now: func() time.Time { return time.UnixMilli(clock.Load()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// write puts an object that everybody may write again, and returns its timestamp.
func write(t *testing.T, s *server.Server, path string) int64 {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "PUT", path, strings.NewReader(`{"permissions":{"write":["system.Everyone"]}}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var object struct {
		Data struct {
			LastModified int64 `json:"last_modified"`
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &object); err != nil || w.Code >= 300 {
		t.Fatalf("PUT %s: got %d %s, %v", path, w.Code, w.Body, err)
	}
	return object.Data.LastModified
}
