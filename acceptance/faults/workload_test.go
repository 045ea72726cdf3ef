package faults_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kintolog/kintolog/internal/programtest"
)

// workload is clients that write until they are told to end, and what they were told. Every write has a token of its
// own in its data, by which it is found in the log.
type workload struct {
	t     *testing.T
	hosts []string
	end   chan struct{}
	done  sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{} // closed, and replaced, when something is acknowledged
	// acknowledged has how many objects the write of a token concerns; refused has what a 4xx was told of, and
	// unknown the rest, with the reason.
	acknowledged map[string]int
	refused      map[string]int
	unknown      map[string]string
	stored       map[string]string // path to the answer it was acknowledged with, of what is never written again
	gone         map[string]bool   // collections of which the deletion was acknowledged
	increments   int
}

const counters = 4

// load starts as many clients, which prefer one host each and go to the next when it fails.
func load(t *testing.T, clients int, hosts ...string) *workload {
	t.Helper()
	w := &workload{
		t: t, hosts: hosts, end: make(chan struct{}), changed: make(chan struct{}),
		acknowledged: map[string]int{}, refused: map[string]int{}, unknown: map[string]string{},
		stored: map[string]string{}, gone: map[string]bool{},
	}
	w.prepare()
	for i := range clients {
		c := &client{workload: w, id: i, host: i, http: transport()}
		w.done.Go(c.run)
	}
	t.Cleanup(w.stop)
	return w
}

// prepare makes the bucket and the collections that clients share.
func (w *workload) prepare() {
	w.t.Helper()
	for _, path := range []string{"", "/collections/counters", "/collections/a", "/collections/b", "/collections/c"} {
		a, err := programtest.Ask(http.DefaultClient, w.hosts[0], "PUT", "/buckets/w"+path, "")
		if err != nil || a.Status >= 300 {
			w.t.Fatalf("PUT %s: %s, %v", path, a, err)
		}
	}
}

// stop ends the clients after the request each is at.
func (w *workload) stop() {
	w.mu.Lock()
	select {
	case <-w.end:
	default:
		close(w.end)
	}
	w.mu.Unlock()
	w.done.Wait()
}

// await waits until as many more writes are acknowledged.
func (w *workload) await(n int) {
	w.t.Helper()
	late := time.After(time.Minute)
	w.mu.Lock()
	until := len(w.acknowledged) + n
	w.mu.Unlock()
	for {
		w.mu.Lock()
		now, changed := len(w.acknowledged), w.changed
		w.mu.Unlock()
		if now >= until {
			return
		}
		select {
		case <-changed:
		case <-late:
			w.t.Fatalf("%d writes are acknowledged, and no more: want %d", now, until)
		}
	}
}

// settle keeps the outcome of a write of so many objects.
func (w *workload) settle(token string, objects int, a programtest.Answer, err error) (ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil:
		w.unknown[token] = err.Error()
	case a.Status < 300:
		w.acknowledged[token] = objects
		close(w.changed)
		w.changed = make(chan struct{})
		return true
	case a.Status == http.StatusServiceUnavailable:
		w.unknown[token] = a.String()
		if a.Header.Get("Retry-After") == "" {
			w.t.Errorf("no Retry-After: %s", a)
		}
	case a.Status == http.StatusPreconditionFailed:
		w.refused[token] = a.Status
	default:
		w.t.Errorf("%s: got %s", token, a)
	}
	return false
}

// client does one thing after another.
type client struct {
	*workload
	http *http.Client
	id   int
	host int
	n    int // things done
}

func (c *client) run() {
	for c.n = 0; ; c.n++ {
		select {
		case <-c.end:
			return
		default:
		}
		switch c.n % 5 {
		case 0, 1:
			c.create()
		case 2:
			c.increment()
		case 3:
			c.batch()
		case 4:
			if c.n%20 == 4 {
				c.cascade()
			}
			c.increment()
		}
	}
}

func (c *client) token() string { return fmt.Sprintf("t%d-%d", c.id, c.n) }

// ask makes a request, and goes to another host if there is no answer.
func (c *client) ask(method, path, body string, header ...string) (programtest.Answer, error) {
	a, err := programtest.Ask(c.http, c.hosts[c.host%len(c.hosts)], method, path, body, header...)
	if err != nil {
		c.host++
		select {
		case <-time.After(10 * time.Millisecond): // it may be refused at once everywhere
		case <-c.end:
		}
	}
	return a, err
}

// create makes a new record, which is never written again.
func (c *client) create() {
	token := c.token()
	path := "/buckets/w/collections/a/records/" + token
	a, err := c.ask("PUT", path, fmt.Sprintf(`{"data":{"token":%q}}`, token), "If-None-Match", "*")
	if !c.settle(token, 1, a, err) {
		return
	}
	c.mu.Lock()
	c.stored[path] = a.Body
	c.mu.Unlock()
	if a.Header.Get("Kintolog-Position") != "" {
		return // it was not readable yet
	}
	if got, err := c.ask("GET", path, ""); err == nil && got.Status != http.StatusOK && got.Status != http.StatusServiceUnavailable {
		c.t.Errorf("%s was acknowledged, and is answered with %s", path, got)
	}
}

// increment adds one to a counter that all clients share, if nobody else does meanwhile.
func (c *client) increment() {
	token := c.token() + "-i"
	path := fmt.Sprintf("/buckets/w/collections/counters/records/n%d", (c.id+c.n)%counters)
	a, err := c.ask("GET", path, "")
	precondition, value := []string{"If-None-Match", "*"}, 0
	if err != nil || a.Status != http.StatusOK && a.Status != http.StatusNotFound {
		return
	}
	if a.Status == http.StatusOK {
		var record struct{ Data struct{ N int } }
		if err := json.Unmarshal([]byte(a.Body), &record); err != nil {
			c.t.Errorf("%s: %s: %v", path, a, err)
		}
		precondition, value = []string{"If-Match", a.Header.Get("ETag")}, record.Data.N
	}
	a, err = c.ask("PUT", path, fmt.Sprintf(`{"data":{"token":%q,"n":%d}}`, token, value+1), precondition...)
	if c.settle(token, 1, a, err) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.increments++
	}
}

// batch makes a record in each of three collections.
func (c *client) batch() {
	token := c.token()
	var requests []string
	for _, collection := range []string{"a", "b", "c"} {
		requests = append(requests, fmt.Sprintf(`{"method":"PUT","path":"/buckets/w/collections/%s/records/%s","body":{"data":{"token":%q}}}`,
			collection, token, token))
	}
	a, err := c.ask("POST", "/batch", `{"requests":[`+strings.Join(requests, ",")+`]}`)
	if c.settle(token, len(requests), a, err) && strings.Count(a.Body, `"status":201`) != len(requests) {
		c.t.Errorf("batch %s: got %s", token, a)
	}
}

// cascade makes a collection with a record and deletes it with all that is in it.
func (c *client) cascade() {
	token := c.token()
	path := "/buckets/w/collections/" + token
	for i, below := range []string{"", "/records/r"} {
		token := fmt.Sprintf("%s-%d", token, i)
		a, err := c.ask("PUT", path+below, fmt.Sprintf(`{"data":{"token":%q}}`, token))
		if !c.settle(token, 1, a, err) {
			return
		}
	}
	a, err := c.ask("DELETE", path, "")
	if err == nil && a.Status == http.StatusOK {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.gone[path] = true
	}
}
