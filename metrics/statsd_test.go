package metrics_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/kintolog/kintolog/metrics"
)

func TestStatsDHearsWhatHappens(t *testing.T) {
	t.Parallel()
	listener, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	m, err := metrics.StatsD(listener.LocalAddr().String(), metrics.Options{
		Prefix: "kinto.core", Fields: fields, Disabled: []string{"request_size"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, m)
	ask(t, s, "PUT /buckets/b|x:1", "")
	ask(t, s, "PUT /buckets/b", "")
	wanted := []string{
		"kinto.core.request_summary.method.put.endpoint.bucket-object.bucket_id.b.status.201:1|c",
		"kinto.core.request_duration_seconds.method.put.endpoint.bucket-object.bucket_id.b:",
		"kinto.core.users:auth.basicauth.userid.", "kinto.core.authentication.type.basicauth:1|c",
		"kinto.core.commits:1|c", "kinto.core.commit_events:1|h",
	}
	heard := ""
	packet := make([]byte, 65536)
	for len(wanted) > 0 {
		if err := listener.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, _, err := listener.ReadFrom(packet)
		if err != nil {
			t.Fatalf("waiting for %q: %v\n%s", wanted, err, heard)
		}
		if n > 1400 {
			t.Errorf("a packet of %d bytes", n)
		}
		heard += "\n" + string(packet[:n])
		for len(wanted) > 0 && strings.Contains(heard, "\n"+wanted[0]) {
			wanted = wanted[1:]
		}
	}
	if strings.Contains(heard, "request_size") {
		t.Error("heard what is disabled")
	}
}

func TestStatsDGetsLinesWhateverTheServiceIsCalled(t *testing.T) {
	t.Parallel()
	listener, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	m, err := metrics.StatsD(listener.LocalAddr().String(), metrics.Options{Prefix: "Kinto: our | data"})
	if err != nil {
		t.Fatal(err)
	}
	ask(t, start(t, m), "PUT /buckets/b", "")
	if err := listener.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	packet := make([]byte, 65536)
	n, _, err := listener.ReadFrom(packet)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(packet[:n]), "\n") {
		if !strings.HasPrefix(line, "Kinto_our___data.") || strings.Count(line, ":") != 1 || strings.Count(line, "|") != 1 {
			t.Errorf("got %q, want a name, a value and a kind", line)
		}
	}
}

func TestStatsDNeedsAnAddress(t *testing.T) {
	t.Parallel()
	if _, err := metrics.StatsD("nowhere", metrics.Options{}); err == nil {
		t.Error("an address without port: got no error")
	}
}
