package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/kintolog/kintolog/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, "api") }

// start runs the program on a free port and returns when it serves.
func start(t *testing.T, args ...string) *programtest.Process {
	t.Helper()
	return programtest.Start(t, programtest.Command("api", append([]string{"--listen", "127.0.0.1:0"}, args...)...))
}

const records = "/buckets/b/collections/c/records"

func TestItServesANewcomer(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.Must("PUT", "/buckets/b", "", 201)
	p.Must("PUT", "/buckets/b/collections/c", "", 201)
	p.Must("PUT", records+"/r", `{"data":{"n":1}}`, 201)
	if got := p.Must("GET", records+"/r", "", 200).Body; !strings.Contains(got, `"n":1`) {
		t.Errorf("got %s", got)
	}
	if _, err := os.Stat(filepath.Join(p.Dir(), "data")); err != nil {
		t.Errorf("the data folder: %v", err)
	}
	if err := p.Stop(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM ended it with %v\n%s", err, p.Log())
	}
}

func TestASecondProcessOnOneDataFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, "--data", dir)
	out, err := programtest.Command("api", "--listen", "127.0.0.1:0", "--data", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "in use by another process") {
		t.Errorf("got %v: %s", err, out)
	}
}

func TestItSaysWhatToDoWhenItCannotStart(t *testing.T) {
	t.Parallel()
	other := start(t)
	for _, c := range []struct {
		listen, environment, says string
	}{
		{other.Host, "", "set another port"},
		{"127.0.0.1:0", "KINTO_NATS_LISTEN=" + other.Host, "set another port"},
		{"127.0.0.1:0", "KINTO_NATS_URL=nats://me:hush@127.0.0.1:1", "at 127.0.0.1:1: nats: no servers available for connection: start the NATS servers, or correct nats_url"},
		{"127.0.0.1:0", "KINTO_INCLUDES=kinto.plugins.openid,KINTO_MULTIAUTH_POLICIES=o,KINTO_MULTIAUTH_POLICY_O_USE=openid," +
			"KINTO_MULTIAUTH_POLICY_O_CLIENT_ID=c,KINTO_MULTIAUTH_POLICY_O_ISSUER=http://127.0.0.1:1", "correct the issuer"},
		{"127.0.0.1:0", "KINTO_STORAGE_BACKEND=postgresql,KINTO_STORAGE_URL=postgresql://me:hush@127.0.0.1:1/db", "correct storage_url"},
	} {
		cmd := programtest.Command("api", "--listen", c.listen, "--data", t.TempDir())
		cmd.Env = append(os.Environ(), strings.Split(c.environment, ",")...)
		out, err := cmd.CombinedOutput()
		if said := string(out); err == nil || !strings.Contains(said, c.says) || strings.Contains(said, "hush") {
			t.Errorf("%s %s: %v: %s", c.listen, c.environment, err, said)
		}
	}
}

func TestKilledAtAnyMomentItLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, "--data", dir)
	p.Must("PUT", "/buckets/b", "", 201)
	p.Must("PUT", "/buckets/b/collections/c", "", 201)
	acknowledged := map[string]string{} // record to the answer it was acknowledged with
	for round := range 6 {
		crash(t, p, round, acknowledged)
		p = start(t, "--data", dir)
		for path, answer := range acknowledged {
			if got := p.Must("GET", path, "", 200).Body; got != answer {
				t.Fatalf("round %d: %s is %s, was acknowledged as %s", round, path, got, answer)
			}
		}
		total := p.Do("HEAD", records, "").Header.Get("Total-Objects")
		list := p.Must("GET", records+"?_fields=id", "", 200).Body
		if count := fmt.Sprint(strings.Count(list, `"id"`)); total != count {
			t.Fatalf("round %d: the total is %s, the list has %s", round, total, count)
		}
	}
	if len(acknowledged) < 100 {
		t.Errorf("only %d writes were acknowledged in all: too few to prove anything", len(acknowledged))
	}
}

// crash writes from eight clients until enough is acknowledged, and kills the program in the middle of it.
func crash(t *testing.T, p *programtest.Process, round int, acknowledged map[string]string) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var n atomic.Int64
	for client := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				path := fmt.Sprintf("%s/r%d-%d-%d", records, round, client, i)
				answer, err := programtest.Ask(http.DefaultClient, p.Host, "PUT", path, fmt.Sprintf(`{"data":{"i":%d}}`, i))
				if err != nil {
					return
				}
				if answer.Status != http.StatusCreated {
					t.Errorf("%s: %s", path, answer)
					return
				}
				mu.Lock()
				acknowledged[path] = answer.Body
				mu.Unlock()
				if n.Add(1) == int64(40+30*round) {
					p.Signal(os.Kill)
				}
			}
		})
	}
	wg.Wait()
	_ = p.Stop(os.Kill)
}
