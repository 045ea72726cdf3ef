package faults_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/kintolog/kintolog/internal/natstest"
)

// fleet is a service of several processes.
type fleet struct {
	t          *testing.T
	cluster    *cluster
	database   *database
	settings   string
	hosts      []string
	apis       []*program
	projectors []*program
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{t: t, cluster: newCluster(t), database: newDatabase(t), apis: make([]*program, 2), projectors: make([]*program, 2)}
	f.settings = file(t, "kinto.nats_url = "+f.cluster.urls(), "kinto.nats_replicas = 3", f.database.settings(),
		"kinto.cache_backend = shared")
	for _, port := range natstest.FreePorts(t, 2) {
		f.hosts = append(f.hosts, fmt.Sprintf("127.0.0.1:%d", port))
	}
	for i := range 2 {
		f.project(i)
	}
	for i := range 2 {
		f.serve(i)
	}
	return f
}

func (f *fleet) serve(i int) {
	f.t.Helper()
	f.apis[i] = start(f.t, "api", "--config", f.settings, "--no-projector", "--listen", f.hosts[i])
}

func (f *fleet) project(i int) {
	f.t.Helper()
	f.projectors[i] = start(f.t, "projector", "--config", f.settings)
}

func TestWhateverPartIsKilledNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	w := load(t, 6, f.hosts...)
	h := hear(t, "/buckets/w/collections/a/records", f.hosts...)
	w.await(50)
	for round := range longer(1, 6) {
		for _, fault := range f.faults(round) {
			begin := time.Now()
			fault.break_()
			w.await(30)
			broken := time.Since(begin)
			fault.repair()
			w.await(30)
			t.Logf("%s: 30 writes in %v, and after the repair in %v", fault.name, broken, time.Since(begin)-broken)
		}
	}
	w.stop()
	h.ends()
	for _, p := range f.apis {
		w.served(p.Host)
		p.well()
	}
	log := external(t, f.cluster.nc, 3)
	w.logged(log)
	h.logged(log)
	model := f.database.model()
	eventually(t, "the read model", func() error {
		at, err := model.Checkpoint(t.Context())
		if tail, _ := log.Tail(t.Context()); err == nil && at != tail {
			err = fmt.Errorf("it is at %d of %d", at.Position, tail.Position)
		}
		return err
	})
	rebuilt(t, log, model)
}

// fault is what breaks, and how it is repaired, while clients write.
type fault struct {
	name           string
	break_, repair func()
}

func (f *fleet) faults(round int) []fault {
	i, leader := round%2, 0
	stop := func(s syscall.Signal) func() {
		return func() { leader = f.cluster.leader(); f.cluster.stop(leader, s) }
	}
	restart := func() { f.cluster.start(leader) }
	nothing := func() {}
	return []fault{
		{"an api is killed", func() { _ = f.apis[i].Stop(syscall.SIGKILL) }, func() { f.serve(i) }},
		{"a projector is killed", func() { _ = f.projectors[i].Stop(syscall.SIGKILL) }, func() { f.project(i) }},
		{"the leader of the log stops", stop(syscall.SIGTERM), restart},
		{"the leader of the log is killed", stop(syscall.SIGKILL), restart},
		{"PostgreSQL crashes and is started", func() { f.database.kill(); f.database.start() }, nothing},
		{"an api stops", func() {
			if err := f.apis[i].Stop(syscall.SIGTERM); err != nil {
				f.t.Errorf("SIGTERM ended it with %v\n%s", err, f.apis[i].Log())
			}
		}, func() { f.serve(i) }},
	}
}
