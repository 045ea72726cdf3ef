package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// seen is what the test looks at in a request.
type seen struct {
	method, url, ifNoneMatch string
	records                  int // how many records the body holds
}

// record answers requests with a status and size, and remembers them.
func record(t *testing.T, status, size int) (address string, requests func() []seen) {
	t.Helper()
	var mu sync.Mutex
	var all []seen
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		records := 0
		type object struct{ Data map[string]any }
		var content struct {
			object
			Requests []struct{ Body object }
		}
		if json.Unmarshal(body, &content) == nil {
			for _, r := range content.Requests {
				records += min(1, len(r.Body.Data))
			}
			records += min(1, len(content.Data))
		}
		mu.Lock()
		all = append(all, seen{r.Method, r.URL.String(), r.Header.Get("If-None-Match"), records})
		mu.Unlock()
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.Repeat("x", size))
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), func() []seen {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

func TestExchangesSendTheirRequests(t *testing.T) {
	t.Parallel()
	const records = "/v1/buckets/bench/collections/of-1/records"
	want := map[string]seen{
		get:        {"GET", records + "/r0000000", "", 0},
		list:       {"GET", records + "?_limit=100", "", 0},
		filtered:   {"GET", records + "?_limit=100&section=s0", "", 0},
		poll304:    {"GET", records, `"123"`, 0},
		pollSince:  {"GET", records + "?_since=123", "", 0},
		total:      {"HEAD", records, "", 0},
		update:     {"PUT", records + "/r0000000", "", 1},
		createPUT:  {"PUT", records + "/run-0-1", "", 1},
		createPOST: {"POST", records, "", 1},
		batched:    {"POST", "/v1/batch", "", 25},
	}
	for _, e := range append(reads(1, "123"), writes()...) {
		address, requests := record(t, e.want, e.min)
		c, err := e.operation(address, 1, "run").join(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Do(t.Context()); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
		_ = c.Close()
		if got := requests(); len(got) != 1 || got[0] != want[e.name] {
			t.Errorf("%s: got %+v, want %+v", e.name, got, want[e.name])
		}
	}
}

func TestAnExchangeRefusesAnAnswerOfTheWrongKind(t *testing.T) {
	t.Parallel()
	for _, answer := range []struct{ status, size int }{{404, 500}, {200, 11}, {200, 100_001}} {
		address, _ := record(t, answer.status, answer.size)
		op := reads(1000, "123")[1].operation(address, 1000, "run")
		if _, err := measure(t.Context(), op, 1, bound{time.Second, 1, 1}, nil); err == nil {
			t.Errorf("%+v: got no error, want one", answer)
		}
	}
}

func TestCreatesNeverUseAnIDTwice(t *testing.T) {
	t.Parallel()
	address, requests := record(t, http.StatusCreated, 500)
	for _, run := range []string{"a", "b"} {
		op := writes()[1].operation(address, 1000, run)
		if _, err := measure(t.Context(), op, 4, bound{time.Minute, 100, 1}, nil); err != nil {
			t.Fatal(err)
		}
	}
	urls := map[string]int{}
	for _, r := range requests() {
		if urls[r.url]++; urls[r.url] > 1 {
			t.Errorf("%s was used twice", r.url)
		}
	}
	if len(urls) < 200 {
		t.Errorf("got %d creates, want at least 200", len(urls))
	}
}
