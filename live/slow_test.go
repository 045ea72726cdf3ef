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

// created are what a subscriber is told of the records from one on.
func created(from int) []string {
	var all []string
	for i := from; i < largeRecords; i++ {
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
	last, told := "", 0
	read(stream, func(m message) bool {
		if last = m.id; m.data != "" {
			told += len(m.changes(t))
		}
		return true
	})
	if last == "" || told == largeRecords {
		t.Fatalf("was told %d up to %q: it was not slow", told, last)
	}
	u := s.admits(t, "Last-Event-ID: "+last)
	u.begun(t)
	u.wants(t, created(told)...)
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
		if m.data != "" {
			for _, c := range m.changes(t) {
				got = append(got, c.Data.Action+" "+c.Subject[strings.LastIndex(c.Subject, "/")+1:])
			}
		}
		return len(got) < largeRecords
	})
	if want := created(0); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}
