package live_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/live"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// largeRecords are more than all buffers on the way take, and than wait for a subscriber.
const largeRecords = 16

// writeLarge creates them.
func writeLarge(t *testing.T, s *service) {
	t.Helper()
	for i := range largeRecords {
		s.do(t, "alice", fmt.Sprintf("PUT %s/r%d", records, i), fmt.Sprintf(`{"data":{"text":"%s"}}`, strings.Repeat("x", 1<<20)))
	}
}

// created are what a subscriber is told of the records.
func created() []string {
	var all []string
	for i := range largeRecords {
		all = append(all, fmt.Sprintf("create r%d", i))
	}
	return all
}

// subscribeSlowly is a subscription of which nothing is taken but the headers until its body is read.
func (s *service) subscribeSlowly(t *testing.T) io.Reader {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", mustParse(t, s.url).Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(256 << 10); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+records+live.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("alice", "password")
	if err := r.Write(conn); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), r) //nolint:bodyclose // the connection is closed
	if err != nil {
		t.Fatal(err)
	}
	return answer.Body
}

// A client that takes nothing is let go, and hears the rest when it comes back.
func TestASlowClientIsLetGoAndMissesNothing(t *testing.T) {
	t.Parallel()
	config := server.Config{Web: web.Config{Limits: web.Limits{AnswerTime: 200 * time.Millisecond}}}
	s := start(t, live.Options{Max: 1}, config)
	stream := s.subscribeSlowly(t)
	writeLarge(t, s)
	s.admits(t)
	last, told := "", []string(nil)
	hear := func(m message) bool {
		if last = m.id; m.event == "" {
			told = append(told, m.told(t)...)
		}
		return len(told) < largeRecords
	}
	read(stream, hear)
	if last == "" || len(told) == largeRecords {
		t.Fatalf("was told %d up to %q: it was not slow", len(told), last)
	}
	for deadline := time.Now().Add(soon); len(told) < largeRecords; {
		if time.Now().After(deadline) {
			t.Fatalf("was told %v", told)
		}
		u := s.admits(t, "Last-Event-ID: "+last)
		for m := range u.messages {
			if !hear(m) {
				break
			}
		}
		u.leave()
	}
	if want := created(); !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// admits waits until there is room for one more subscriber.
func (s *service) admits(t *testing.T, headers ...string) *subscriber {
	t.Helper()
	deadline := time.Now().Add(soon)
	for {
		u := s.subscribe(t, "alice", records, headers...)
		if u.status == http.StatusOK {
			if len(headers) == 0 {
				u.leave()
			}
			return u
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %d %s", u.status, u.body)
		}
	}
}

// A client that is slow for a while reads what was not kept for it from the log.
func TestAClientThatIsSlowForAWhileMissesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, live.Options{}, server.Config{})
	stream := s.subscribeSlowly(t)
	writeLarge(t, s)
	var got []string
	read(stream, func(m message) bool {
		if m.event == "" {
			got = append(got, m.told(t)...)
		}
		return len(got) < largeRecords
	})
	if want := created(); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}
