package faults_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/internal/programtest"
)

func TestUnderMixedLoadItStaysInBounds(t *testing.T) {
	t.Parallel()
	p := api(t, t.TempDir(), "kinto.paginate_by = 50")
	populated(p)
	const clients = 16
	mix := &mixed{p: p}
	mix.run(clients, longer(time.Second, 10*time.Second))
	before := p.memory()
	mix.run(clients, longer(3*time.Second, time.Minute))
	grown, requests := p.memory()-before, mix.requests.Load()
	t.Logf("%d requests, memory is %d MiB, %d MiB more than after the beginning", requests, p.memory()>>20, grown>>20)
	if grown > 256<<20 {
		t.Errorf("memory has grown by %d MiB", grown>>20)
	}
	want := int(mix.created.Load() - mix.deleted.Load())
	a := p.Must("HEAD", records, "", 200)
	if got, err := strconv.Atoi(a.Header.Get("Total-Objects")); err != nil || got != want {
		t.Errorf("the total is %d, %v, want %d created and not deleted", got, err, want)
	}
	if got := p.count(); got != want {
		t.Errorf("the pages hold %d records, want %d", got, want)
	}
	if n := p.goroutines(); n > 400 {
		t.Errorf("%d goroutines are left: %s", n, p.Log())
	} else {
		t.Logf("%d goroutines are left", n)
	}
}

// count is how many records there are, page by page.
func (p *program) count() (n int) {
	p.t.Helper()
	for path := records + "?_fields=id"; path != ""; {
		a := p.Must("GET", path, "", 200)
		n += strings.Count(a.Body, `"id"`)
		_, path, _ = strings.Cut(a.Header.Get("Next-Page"), "/v1")
	}
	return n
}

// mixed is clients that do what clients do.
type mixed struct {
	p                          *program
	requests, created, deleted atomic.Int64
	rounds                     int
}

func (m *mixed) run(clients int, length time.Duration) {
	m.rounds++
	end := time.Now().Add(length)
	var all sync.WaitGroup
	for i := range clients {
		client := transport()
		all.Go(func() {
			for n := 0; time.Now().Before(end); n++ {
				m.session(client, fmt.Sprintf("%s/r%d-%d-%d", records, m.rounds, i, n))
			}
			client.CloseIdleConnections()
		})
	}
	all.Wait()
}

// session creates a record, uses it, and deletes every second one.
func (m *mixed) session(client *http.Client, path string) {
	a := m.ask(client, "PUT", path, `{"data":{"n":1}}`, 201)
	m.created.Add(1)
	etag := a.Header.Get("ETag")
	m.ask(client, "GET", path, "", 200)
	m.ask(client, "PATCH", path, `{"data":{"n":2}}`, 200, "If-Match", etag)
	m.ask(client, "PUT", path, `{"data":{"n":3}}`, 412, "If-Match", etag)
	m.ask(client, "GET", records+"?_limit=5&_sort=-last_modified", "", 200)
	m.ask(client, "GET", records+"?_since="+strings.Trim(etag, `"`)+"&n=2", "", 200)
	m.ask(client, "POST", "/batch", fmt.Sprintf(
		`{"defaults":{"method":"PUT"},"requests":[{"path":%q,"body":{"data":{"n":4}}},{"method":"GET","path":%q}]}`, path, path), 200)
	if m.created.Load()%2 == 0 {
		m.ask(client, "DELETE", path, "", 200)
		m.deleted.Add(1)
	}
}

func (m *mixed) ask(client *http.Client, method, path, body string, want int, header ...string) programtest.Answer {
	a, err := programtest.Ask(client, m.p.Host, method, path, body, header...)
	m.requests.Add(1)
	if err != nil || a.Status != want {
		m.p.t.Errorf("%s %s: got %s, %v, want %d", method, path, a, err, want)
	}
	return a
}
