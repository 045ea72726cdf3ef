package faults_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const records = "/buckets/b/collections/c/records"

// populated makes the bucket and the collection that tests write to.
func populated(p *program) {
	p.t.Helper()
	p.Must("PUT", "/buckets/b", "", 201)
	p.Must("PUT", "/buckets/b/collections/c", "", 201)
}

// ill is what the heartbeat says to be false.
func ill(p *program) map[string]bool {
	p.t.Helper()
	a := p.Must("GET", "/__heartbeat__", "", 503)
	var all map[string]*bool
	if err := json.Unmarshal([]byte(a.Body), &all); err != nil {
		p.t.Fatalf("heartbeat: %s: %v", a, err)
	}
	names := map[string]bool{}
	for name, well := range all {
		if well != nil && !*well {
			names[name] = true
		}
	}
	return names
}

// refused checks that a request gets 503 in the envelope of errors, and when to come back.
func refused(p *program, method, path, body string) {
	p.t.Helper()
	a := p.Must(method, path, body, http.StatusServiceUnavailable)
	var envelope struct{ Code, Errno int }
	if err := json.Unmarshal([]byte(a.Body), &envelope); err != nil || envelope.Code != 503 || envelope.Errno == 0 {
		p.t.Errorf("%s %s: got %s, %v, want the envelope", method, path, a, err)
	}
	if a.Header.Get("Retry-After") == "" {
		p.t.Errorf("%s %s: got no Retry-After", method, path)
	}
}

func TestWithoutPostgreSQLItRefusesAndComesBackByItself(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	p := api(t, t.TempDir(), d.settings(), "kinto.heartbeat_timeout_seconds = 5", "kinto.answer_timeout_ms = 300")
	populated(p)
	p.Must("PUT", records+"/r", `{"data":{"n":1}}`, 201)
	p.well() // all of it is in the read model
	d.kill()
	begin := time.Now()
	refused(p, "GET", records+"/r", "")
	refused(p, "GET", records, "")
	refused(p, "PUT", records+"/r", `{"data":{"n":2}}`)
	refused(p, "POST", "/batch", `{"requests":[{"method":"PUT","path":"/buckets/b/collections/c/records/s"}]}`)
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v to refuse four requests", took)
	}
	want := map[string]bool{"storage": true, "permission": true}
	if diff := cmp.Diff(want, ill(p)); diff != "" {
		t.Errorf("what the heartbeat says to fail: -want +got\n%s", diff)
	}
	d.start()
	eventually(t, "a write", func() error {
		if a := p.Do("PUT", records+"/s", `{"data":{"n":3}}`); a.Status >= 300 {
			return fmt.Errorf("%s", a)
		}
		return nil
	})
	if got := p.Must("GET", records+"/r", "", 200); !strings.Contains(got.Body, `"n":1`) {
		t.Errorf("what was refused is stored: %s", got)
	}
	p.well()
}

func TestWithoutAProjectorItAnswersUntilItLagsAndCatchesUp(t *testing.T) {
	t.Parallel()
	const lag = 5
	d := newDatabase(t)
	settings := file(t, "kinto.nats_url = "+single(t), d.settings(), "kinto.heartbeat_timeout_seconds = 1",
		"kinto.answer_timeout_ms = 50", fmt.Sprintf("kinto.max_lag = %d", lag))
	projector := start(t, "projector", "--config", settings)
	p := start(t, "api", "--config", settings, "--no-projector", "--listen", "127.0.0.1:0")
	populated(p)
	if err := projector.Stop(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM ended the projector with %v\n%s", err, projector.Log())
	}
	last := ""
	for i := range lag + 1 {
		a := p.Must("PUT", fmt.Sprintf("%s/r%d", records, i), "", 201)
		if last = a.Header.Get("Kintolog-Position"); last == "" {
			t.Errorf("write %d claims to be readable", i)
		}
	}
	refused(p, "PUT", records+"/late", "")
	if diff := cmp.Diff(map[string]bool{"projection": true}, ill(p)); diff != "" {
		t.Errorf("what the heartbeat says to fail: -want +got\n%s", diff)
	}
	if a := p.Do("GET", records+"/r0", ""); a.Status != http.StatusNotFound {
		t.Errorf("a read that asks for no position: got %s, want what is known", a)
	}
	start(t, "projector", "--config", settings)
	p.Must("GET", records+"/r5", "", 200, "Kintolog-Position", last)
	p.Must("GET", records+"/late", "", 404)
	if a := p.Must("PUT", records+"/late", "", 201); a.Header.Get("Kintolog-Position") != "" {
		t.Errorf("with a projector a write is not readable yet: %s", a)
	}
	p.well()
}

func TestWithoutTheLogItReadsAndRefusesWrites(t *testing.T) {
	t.Parallel()
	d, c := newDatabase(t), newSingle(t)
	settings := file(t, "kinto.nats_url = "+c.urls(), d.settings(), "kinto.heartbeat_timeout_seconds = 1")
	p := start(t, "api", "--config", settings, "--listen", "127.0.0.1:0")
	populated(p)
	p.Must("PUT", records+"/r", "", 201)
	c.stop(0, syscall.SIGKILL)
	p.Must("GET", records+"/r", "", 200)
	refused(p, "PUT", records+"/s", "")
	if diff := cmp.Diff(map[string]bool{"log": true, "projection": true}, ill(p)); diff != "" {
		t.Errorf("what the heartbeat says to fail: -want +got\n%s", diff)
	}
	c.start(0)
	eventually(t, "a write", func() error {
		if a := p.Do("PUT", records+"/t", ""); a.Status >= 300 {
			return fmt.Errorf("%s", a)
		}
		return nil
	})
	p.well()
}
