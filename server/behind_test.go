package server_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/server"
)

func TestItServesWhileTheReadModelIsMadeAgain(t *testing.T) {
	t.Parallel()
	var refuse atomic.Bool
	dir := t.TempDir()
	define := func() (server.App, server.Config) {
		app, config := definition()
		app.Plugins = []server.Plugin{{Name: "x", Wrap: server.Wrappers{
			Model: func(m projections.Store) projections.Store { return stuck{m, &refuse} },
		}}}
		config.Memory, config.DataDir = false, dir
		config.MaxLag, config.Readable = 3, time.Millisecond
		return app, config
	}
	open := func() *server.Server {
		app, config := define()
		s, err := server.Open(t.Context(), app, config)
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		return s
	}
	s := open()
	for _, request := range []string{"PUT /buckets/a", "PUT /buckets/b", "PUT /buckets/c", "PUT /buckets/d"} {
		if w := ask(t, s, "alice", request, ""); w.Code != 201 {
			t.Fatalf("%s: got %d %s", request, w.Code, w.Body)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"readmodel.db", "readmodel.db-wal", "readmodel.db-shm"} {
		if err := os.RemoveAll(filepath.Join(dir, file)); err != nil {
			t.Fatal(err)
		}
	}

	refuse.Store(true)
	s = open()
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for request, want := range map[string]int{"GET /": 200, "GET /buckets/a": 403, "PUT /buckets/e": 503} {
		if w := ask(t, s, "alice", request, ""); w.Code != want {
			t.Errorf("%s: got %d %s, want %d", request, w.Code, w.Body, want)
		}
	}
	w := ask(t, s, "", "GET /__heartbeat__", "")
	if diff := cmp.Diff(well(map[string]any{"projection": false, "log_durable": true}), decoded(t, w)); diff != "" || w.Code != 503 {
		t.Errorf("got %d, want 503; -want +got\n%s", w.Code, diff)
	}

	refuse.Store(false)
	end, err := s.Parts().Log.Tail(t.Context())
	if err == nil {
		err = s.Parts().Progress.Wait(t.Context(), end.Position)
	}
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]int{"GET /buckets/a": 200, "PUT /buckets/e": 201} {
		if w := ask(t, s, "alice", request, ""); w.Code != want {
			t.Errorf("%s: got %d %s, want %d", request, w.Code, w.Body, want)
		}
	}
}
