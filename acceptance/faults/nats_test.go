package faults_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
	"github.com/kintolog/kintolog/internal/natstest"
)

// nodeVariable makes the test program a NATS server in a process of its own, which can be killed.
const nodeVariable = "KINTOLOG_FAULTS_NODE"

// node is what such a server is told.
type node struct {
	Name          string
	Port, Cluster int // ports of clients and of other nodes
	Routes        []string
	Dir           string
}

// serveNode runs a node until it is killed, gets SIGTERM, or the test program ends, which closes standard input.
func serveNode(settings string) {
	var n node
	if err := json.Unmarshal([]byte(settings), &n); err != nil {
		panic(err)
	}
	options := &server.Options{
		ServerName: n.Name, Host: "127.0.0.1", Port: n.Port, JetStream: true, StoreDir: n.Dir, SyncAlways: true,
		MaxPayload: embedded.MaxPayload, NoLog: true,
	}
	if len(n.Routes) > 0 {
		options.Cluster = server.ClusterOpts{Name: "faults", Host: "127.0.0.1", Port: n.Cluster}
	}
	for _, route := range n.Routes {
		u, err := url.Parse(route)
		if err != nil {
			panic(err)
		}
		options.Routes = append(options.Routes, u)
	}
	s, err := server.NewServer(options)
	if err != nil {
		panic(err)
	}
	s.Start()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		s.Shutdown()
	}()
	s.WaitForShutdown()
}

// cluster is three nodes, or one alone.
type cluster struct {
	t     *testing.T
	nodes []node
	cmds  [3]*exec.Cmd
	nc    *nats.Conn
	js    jetstream.JetStream
}

// newCluster starts three nodes and waits until they can hold streams of three replicas.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t}
	ports := natstest.FreePorts(t, 6)
	var routes []string
	for _, port := range ports[3:] {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", port))
	}
	for i := range 3 {
		c.nodes = append(c.nodes, node{fmt.Sprintf("node%d", i), ports[i], ports[3+i], routes, t.TempDir()})
		c.start(i)
	}
	c.connect()
	probe := jetstream.StreamConfig{Name: "ready", Subjects: []string{"faults.ready"}, Replicas: 3, Storage: jetstream.MemoryStorage}
	eventually(t, "a stream of three replicas", func() error {
		_, err := c.js.CreateStream(t.Context(), probe)
		if err != nil {
			return err
		}
		return c.js.DeleteStream(t.Context(), probe.Name)
	})
	return c
}

// newSingle starts one node and waits until it serves.
func newSingle(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, nodes: []node{{Name: "alone", Port: natstest.FreePorts(t, 1)[0], Dir: t.TempDir()}}}
	c.start(0)
	c.connect()
	eventually(t, "the node", func() error {
		_, err := c.js.AccountInfo(t.Context())
		return err
	})
	return c
}

// single is where one node serves.
func single(t *testing.T) string {
	t.Helper()
	return newSingle(t).urls()
}

func (c *cluster) connect() {
	c.t.Helper()
	var err error
	c.nc, err = nats.Connect(c.urls(), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.RetryOnFailedConnect(true))
	if err == nil {
		c.js, err = jetstream.New(c.nc)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(c.nc.Close)
}

// start starts a node with the data it had.
func (c *cluster) start(i int) {
	c.t.Helper()
	settings, err := json.Marshal(c.nodes[i])
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), nodeVariable+"="+string(settings))
	cmd.Stderr = os.Stderr
	alive, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.t.Fatalf("start node %d: %v", i, err)
	}
	c.cmds[i] = cmd
	c.t.Cleanup(func() {
		_ = alive.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// stop ends a node: SIGTERM lets it hand over, SIGKILL does not.
func (c *cluster) stop(i int, s syscall.Signal) {
	_ = c.cmds[i].Process.Signal(s)
	_ = c.cmds[i].Wait()
}

// leader is the node that leads the log.
func (c *cluster) leader() int {
	c.t.Helper()
	leader := -1
	eventually(c.t, "a leader of the log", func() error {
		s, err := c.js.Stream(c.t.Context(), "kintolog")
		if err != nil {
			return err
		}
		for i, n := range c.nodes {
			if info := s.CachedInfo().Cluster; info != nil && n.Name == info.Leader {
				leader = i
				return nil
			}
		}
		return fmt.Errorf("none of ours in %+v", s.CachedInfo().Cluster)
	})
	return leader
}

func (c *cluster) urls() string {
	var all []string
	for _, n := range c.nodes {
		all = append(all, fmt.Sprintf("nats://127.0.0.1:%d", n.Port))
	}
	return strings.Join(all, ",")
}
