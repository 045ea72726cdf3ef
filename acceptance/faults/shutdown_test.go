package faults_test

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kintolog/kintolog/internal/natstest"
	"github.com/kintolog/kintolog/internal/programtest"
)

// grace is how long the service takes at most to stop, and a little.
const grace = 25 * time.Second

func TestSIGTERMAmidRequestsAnswersThemOrLeavesThemUndone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	host := fmt.Sprintf("127.0.0.1:%d", natstest.FreePorts(t, 1)[0])
	settings := file(t)
	serve := func() *program {
		return start(t, "api", "--config", settings, "--data", dir, "--listen", host)
	}
	p := serve()
	w := load(t, 16, host)
	for round := range longer(3, 20) {
		w.await(60 + 7*round)
		begin := time.Now()
		if err := p.Stop(syscall.SIGTERM); err != nil {
			t.Fatalf("SIGTERM ended it with %v\n%s", err, p.Log())
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("it took %v to stop, though no request takes long", took)
		}
		p = serve()
	}
	w.await(20)
	w.stop()
	w.served(host)
	_ = p.Stop(syscall.SIGTERM)
	log := stopped(t, dir)
	w.logged(log)
	f := w.read(log)
	for token, why := range w.unknown {
		if n := f.events[token]; n > 0 {
			t.Errorf("%s was not acknowledged (%s) and is stored %d times", token, why, n)
		}
	}
}

func TestItStopsInTimeWithClientsThatDoNot(t *testing.T) {
	t.Parallel()
	p := api(t, t.TempDir())
	p.Must("PUT", "/buckets/b", "", 201)
	stall(p, "PUT /v1/buck")
	stall(p, "PUT /v1/buckets/c HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	stall(p, "")
	begin := time.Now()
	p.Signal(syscall.SIGTERM)
	if err := p.Wait(grace); err != nil {
		t.Errorf("SIGTERM ended it after %v with %v\n%s", time.Since(begin), err, p.Log())
	}
}

// stall sends the begin of a request and no more.
func stall(p *program, begin string) {
	p.t.Helper()
	if _, err := io.WriteString(p.dial(), begin); err != nil {
		p.t.Fatal(err)
	}
}

const credentials = "Authorization: Basic bWU6c2VjcmV0\r\n"

func TestSlowAndVanishingClientsDoNotHarmOthers(t *testing.T) {
	t.Parallel()
	p := api(t, t.TempDir())
	large(p)
	before := p.memory()
	for i := range longer(300, 1000) {
		stall(p, "")
		switch i % 10 {
		case 0:
			stall(p, "GET /v1/ HTTP/1.1\r\nHo")
		case 1:
			stall(p, fmt.Sprintf("PUT /v1/buckets/slow%d HTTP/1.1\r\nHost: x\r\n"+credentials+
				"Content-Type: application/json\r\nContent-Length: 4000000\r\n\r\n{", i))
		case 2, 3: // whole, and gone before the answer
			c := p.dial()
			_, _ = fmt.Fprintf(c, "PUT /v1/buckets/gone%d HTTP/1.1\r\nHost: x\r\n"+credentials+"Content-Length: 0\r\n\r\n", i)
			_ = c.Close()
		}
	}
	const deaf = 20
	for range deaf {
		c := p.dial()
		_, _ = io.WriteString(c, "GET /v1/buckets/large/collections/large/records HTTP/1.1\r\nHost: x\r\n"+credentials+"\r\n")
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil { // it is under way
			t.Fatal(err)
		}
	}
	begin := time.Now()
	p.Must("GET", "/buckets/large", "", 200)
	p.Must("PUT", "/buckets/other", "", 201)
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("others waited %v", took)
	}
	if status := p.Do("GET", "/buckets/slow1", "").Status; status != http.StatusForbidden && status != http.StatusNotFound {
		t.Errorf("what did not arrive whole is stored: got %d", status)
	}
	if grown := p.memory() - before; grown > 400<<20 {
		t.Errorf("memory has grown by %d MiB", grown>>20)
	} else {
		t.Logf("memory has grown by %d MiB", grown>>20)
	}
	if soak { // headers have 10 s, bodies and each part of an answer 30 s
		eventually(t, "the end of slow clients", func() error {
			if n := p.connections(); n > 40 {
				return fmt.Errorf("%d connections", n)
			}
			return nil
		})
	}
}

// large stores more in a collection than a client's and a server's buffers hold.
func large(p *program) {
	p.t.Helper()
	p.Must("PUT", "/buckets/large", "", 201)
	p.Must("PUT", "/buckets/large/collections/large", "", 201)
	text := make([]byte, 100<<10)
	for i := range text {
		text[i] = 'x'
	}
	var all sync.WaitGroup
	for i := range 80 {
		all.Go(func() {
			path := fmt.Sprintf("/buckets/large/collections/large/records/r%d", i)
			a, err := programtest.Ask(http.DefaultClient, p.Host, "PUT", path, fmt.Sprintf(`{"data":{"text":%q}}`, text))
			if err != nil || a.Status != http.StatusCreated {
				p.t.Errorf("%s: got %s, %v", path, a, err)
			}
		})
	}
	all.Wait()
}
