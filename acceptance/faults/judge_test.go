package faults_test

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/eventstore/jetstream"
	"github.com/kintolog/kintolog/eventstore/jetstream/embedded"
	"github.com/kintolog/kintolog/idempotency"
	"github.com/kintolog/kintolog/internal/programtest"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/postgres"
	"github.com/kintolog/kintolog/projections/sqlite"
)

// served checks that a host tells of everything that was acknowledged, as it was.
func (w *workload) served(host string) {
	w.t.Helper()
	for path, want := range w.stored {
		got, err := programtest.Ask(http.DefaultClient, host, "GET", path, "")
		if err != nil || got.Status != http.StatusOK || got.Body != want {
			w.t.Errorf("%s: got %s, %v, was acknowledged as %s", path, got, err, want)
		}
	}
	for path := range w.gone {
		for _, below := range []string{"", "/records/r"} {
			got, err := programtest.Ask(http.DefaultClient, host, "GET", path+below, "")
			if err != nil || got.Status != http.StatusNotFound {
				w.t.Errorf("%s was deleted, got %s, %v", path+below, got, err)
			}
		}
	}
	w.t.Logf("%d writes acknowledged, %d refused, %d unknown, %d increments, %d deletions",
		len(w.acknowledged), len(w.refused), len(w.unknown), w.increments, len(w.gone))
}

// found is where the log has the writes of the workload.
type found struct {
	events  map[string]int             // of a token
	commits map[string]map[string]bool // of a token
}

// logged checks what the clients were told against the log, from the first entry on, and thereby its hash chain.
func (w *workload) logged(log eventstore.Log) {
	w.t.Helper()
	f := w.read(log)
	for token, want := range w.acknowledged {
		if got := f.events[token]; got != want {
			w.t.Errorf("%s was acknowledged, and is %d times in the log, want %d", token, got, want)
		}
	}
	for token, status := range w.refused {
		if f.events[token] > 0 {
			w.t.Errorf("%s was refused with %d and is in the log", token, status)
		}
	}
	kept := 0
	for token, why := range w.unknown {
		got := f.events[token]
		if got > 1 && got != 3 {
			w.t.Errorf("%s (%s) is %d times in the log, want all of it, once, or nothing", token, why, got)
		}
		if got > 0 {
			kept++
			if strings.HasPrefix(why, "503") && !strings.Contains(why, "not known") {
				w.t.Errorf("%s is stored, and was answered %s", token, why)
			}
		}
	}
	for token, commits := range f.commits {
		if len(commits) != 1 {
			w.t.Errorf("%s is in %d commits, want one", token, len(commits))
		}
	}
	w.t.Logf("of %d unknown writes %d are stored", len(w.unknown), kept)
}

// read reads the log, and checks on the way that each counter counts.
func (w *workload) read(log eventstore.Log) found {
	w.t.Helper()
	f := found{map[string]int{}, map[string]map[string]bool{}}
	counts := map[domain.URI]int{}
	for entry, err := range log.Read(w.t.Context(), 0) {
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range entry.Events {
			var data struct {
				Token string
				N     int
			}
			if e.Action == domain.Deleted || json.Unmarshal(e.Object.Data, &data) != nil || data.Token == "" {
				continue
			}
			f.events[data.Token]++
			if f.commits[data.Token] == nil {
				f.commits[data.Token] = map[string]bool{}
			}
			f.commits[data.Token][entry.Commit] = true
			if data.N == 0 {
				continue
			}
			if counts[e.Object.URI]++; data.N != counts[e.Object.URI] {
				w.t.Errorf("%s became %d at %d, want %d: an update is lost", e.Object.URI, data.N, entry.Position, counts[e.Object.URI])
			}
		}
	}
	return f
}

// external is the log in NATS servers.
func external(t *testing.T, nc *nats.Conn, replicas int) eventstore.Log {
	t.Helper()
	log, err := jetstream.Open(t.Context(), nc, jetstream.Config{Name: eventstore.DefaultSpace, Replicas: replicas})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// stopped is the log in the data folder of a service that does not run.
func stopped(t *testing.T, dir string) eventstore.Log {
	t.Helper()
	s, err := embedded.Start(embedded.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	nc, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return external(t, nc, 1)
}

// rebuilt checks that a read model is what the log makes of an empty one.
func rebuilt(t *testing.T, log eventstore.Log, live projections.Store) {
	t.Helper()
	catalog, err := domain.NewCatalog(domain.Policy{}, append(kinto.Resources(), idempotency.Resources()...)...)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "fresh.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	if err := projections.Rebuild(t.Context(), log, fresh, catalog, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dump(t, fresh), dump(t, live)); diff != "" {
		t.Errorf("the read model is not what the log says: -rebuilt +live\n%s", diff)
	}
}

func dump(t *testing.T, s projections.Store) []string {
	t.Helper()
	var lines []string
	err := s.Dump(context.WithoutCancel(t.Context()), func(line string) error {
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// model opens the read model of a database.
func (d *database) model() projections.Store {
	d.t.Helper()
	s, err := postgres.Open(d.t.Context(), postgres.Options{URL: d.url})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = s.Close() })
	return s
}
