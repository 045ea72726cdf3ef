package natstest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
)

// Cluster is three servers that replicate streams.
type Cluster struct {
	options []*server.Options

	mu    sync.Mutex
	nodes []*server.Server // nil where stopped
}

// NewCluster starts three servers and waits until they can hold streams of three replicas.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{nodes: make([]*server.Server, 3)}
	var routes []*url.URL
	ports := FreePorts(t, 6)
	for _, port := range ports[:3] {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port)})
	}
	for i := range c.nodes {
		c.options = append(c.options, &server.Options{
			ServerName: fmt.Sprintf("node%d", i+1),
			Host:       "127.0.0.1", Port: ports[3+i],
			Cluster: server.ClusterOpts{Name: "natstest", Host: "127.0.0.1", Port: ports[i]},
			Routes:  routes, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true,
			MaxPayload: embedded.MaxPayload, NoSigs: true, NoLog: true,
		})
	}
	t.Cleanup(c.stop)
	for i := range c.nodes {
		c.Start(t, i)
	}
	c.waitReady(t)
	return c
}

// Start starts a node with the data it had.
func (c *Cluster) Start(t testing.TB, node int) {
	t.Helper()
	s, err := run(c.options[node].Clone())
	if err != nil {
		t.Fatalf("start node %d: %v", node, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[node] = s
}

// Stop stops a node.
func (c *Cluster) Stop(node int) {
	c.mu.Lock()
	s := c.nodes[node]
	c.nodes[node] = nil
	c.mu.Unlock()
	if s != nil {
		stop(s)
	}
}

// URLs are those of all nodes, as nats.Connect takes them.
func (c *Cluster) URLs() string {
	var all []string
	for _, o := range c.options {
		all = append(all, fmt.Sprintf("nats://127.0.0.1:%d", o.Port))
	}
	return strings.Join(all, ",")
}

// Leader is the node that leads a stream; it waits for one.
func (c *Cluster) Leader(t testing.TB, nc *nats.Conn, stream string) int {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	leader := -1
	eventually(t, "a leader of "+stream, func(ctx context.Context) bool {
		s, err := js.Stream(ctx, stream)
		if err != nil || s.CachedInfo().Cluster == nil {
			return false
		}
		for i, o := range c.options {
			if o.ServerName == s.CachedInfo().Cluster.Leader {
				leader = i
			}
		}
		return leader >= 0
	})
	return leader
}

// WaitLeaderless waits until the nodes that run know that none of them leads a stream.
func (c *Cluster) WaitLeaderless(t testing.TB, nc *nats.Conn, stream string) {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the leader of "+stream, func(ctx context.Context) bool {
		s, err := js.Stream(ctx, stream)
		return err == nil && s.CachedInfo().Cluster.Leader == ""
	})
}

func (c *Cluster) waitReady(t testing.TB) {
	t.Helper()
	nc := Dial(t, c.URLs())
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	probe := jetstream.StreamConfig{Name: "ready", Subjects: []string{"natstest.ready"}, Replicas: 3, Storage: jetstream.MemoryStorage}
	eventually(t, "a stream of three replicas", func(ctx context.Context) bool {
		_, err := js.CreateStream(ctx, probe)
		return err == nil && js.DeleteStream(ctx, probe.Name) == nil
	})
}

func (c *Cluster) stop() {
	for i := range c.options {
		c.Stop(i)
	}
}

// eventually asks a server, which has no way to tell by itself, until it agrees.
func eventually(t testing.TB, what string, ask func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		each, done := context.WithTimeout(ctx, 2*time.Second)
		ok := ask(each)
		done()
		if ok {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("gave up waiting for %s", what)
		}
	}
}

// FreePorts are so many ports of this machine that nobody listened at when it was asked.
func FreePorts(t testing.TB, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}
