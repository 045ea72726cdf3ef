package natstest

import (
	"bytes"
	"context"
	"net"
	"regexp"
	"sync"
	"testing"
)

// Proxy stands between a client and a server and breaks the connection when told to.
type Proxy struct {
	listener net.Listener
	target   string
	wait     sync.WaitGroup

	mu     sync.Mutex
	plan   plan
	closed bool // no new connections
	conns  map[net.Conn]bool
}

// Fault says where a connection breaks.
type Fault int

// The faults.
const (
	// BeforeForwarding: the server never sees what was sent.
	BeforeForwarding Fault = iota
	// AfterForwarding: it is on its way to the server, which may or may not act on it.
	AfterForwarding
	// BeforeAnswer: the server has acted on it and answered; the answer is lost.
	BeforeAnswer
)

type plan struct {
	armed bool
	match []byte
	fault Fault
	hit   chan struct{}
}

// NewProxy listens on a free port and forwards to a host:port.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, target: target, conns: map[net.Conn]bool{}}
	p.wait.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.Refuse()
		p.wait.Wait()
	})
	return p
}

// URL is where clients connect.
func (p *Proxy) URL() string { return "nats://" + p.listener.Addr().String() }

// Break breaks the next connection on which a client sends the text, once, and refuses
// connections from then on until Accept, so that the test can act in between. The channel is closed
// when it has happened.
func (p *Proxy) Break(match string, fault Fault) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plan = plan{armed: true, match: []byte(match), fault: fault, hit: make(chan struct{})}
	return p.plan.hit
}

// Refuse breaks all connections and lets no new ones through.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for c := range p.conns {
		c.Close()
	}
}

// Accept lets connections through again.
func (p *Proxy) Accept() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = false
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wait.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	upstream, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.target)
	if err != nil {
		return
	}
	defer upstream.Close()
	if !p.track(client, upstream) {
		return
	}
	defer p.untrack(client, upstream)
	silent := make(chan plan, 1) // a plan whose answer is to be lost
	p.wait.Go(func() {
		defer client.Close()
		answers(client, upstream, silent)
	})
	p.requests(client, upstream, silent)
}

// requests forwards what the client sends until the plan applies.
func (p *Proxy) requests(client, upstream net.Conn, silent chan<- plan) {
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		plan, ok := p.take(buf[:n])
		if ok && plan.fault == BeforeAnswer {
			silent <- plan
		}
		if ok && plan.fault == BeforeForwarding {
			close(plan.hit)
			return
		}
		if _, err := upstream.Write(buf[:n]); err != nil {
			return
		}
		if ok && plan.fault == AfterForwarding {
			close(plan.hit)
			return
		}
	}
}

// answer is what an acknowledgement contains, or an entry of a log.
var answer = regexp.MustCompile(`"seq"|Kintolog-Commit`)

// answers forwards what the server sends, until an answer arrives that is to be lost.
func answers(client, upstream net.Conn, silent <-chan plan) {
	buf := make([]byte, 64<<10)
	for {
		n, err := upstream.Read(buf)
		if err != nil {
			return
		}
		select {
		case plan := <-silent:
			for !answer.Match(buf[:n]) {
				if n, err = upstream.Read(buf); err != nil {
					return
				}
			}
			close(plan.hit)
			return
		default:
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (p *Proxy) take(sent []byte) (plan, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.plan.armed || !bytes.Contains(sent, p.plan.match) {
		return plan{}, false
	}
	p.plan.armed = false
	p.closed = true
	return p.plan, true
}

func (p *Proxy) track(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	for _, c := range conns {
		p.conns[c] = true
	}
	return true
}

func (p *Proxy) untrack(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
	}
}
