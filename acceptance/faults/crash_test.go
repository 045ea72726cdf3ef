package faults_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/kintolog/kintolog/internal/natstest"
)

func TestKilledWithPostgreSQLItLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir, d := t.TempDir(), newDatabase(t)
	host := fmt.Sprintf("127.0.0.1:%d", natstest.FreePorts(t, 1)[0])
	settings := file(t, d.settings())
	serve := func() *program {
		return start(t, "api", "--config", settings, "--data", dir, "--listen", host)
	}
	p := serve()
	w := load(t, 6, host)
	h := hear(t, "/buckets/w/collections/a/records", host)
	for round := range longer(4, 30) {
		w.await(40 + 10*round)
		_ = p.Stop(syscall.SIGKILL)
		if round%2 == 1 {
			d.kill()
			d.start()
		}
		p = serve()
	}
	w.await(20)
	w.stop()
	w.served(host)
	h.ends()
	if err := p.Stop(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM ended it with %v\n%s", err, p.Log())
	}
	log := stopped(t, dir)
	w.logged(log)
	h.logged(log)
	rebuilt(t, log, d.model())
}
