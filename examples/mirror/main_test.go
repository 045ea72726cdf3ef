package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/live"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

func open(t *testing.T, dir string) *server.Server {
	t.Helper()
	return servertest.Open(t, server.App{
		Name: "things", Resources: []domain.Resource{{Name: "box", Path: "/boxes"}, {Name: "thing", Path: "/boxes/{box}/things", NeedsParent: true}},
		Policy:         domain.Policy{Grants: map[string][]string{"box_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{server.Static(servertest.Users("test"))},
		Plugins:        []server.Plugin{live.New(live.Options{})},
	}, server.Config{DataDir: dir})
}

// serve listens at an address until it is told to stop, and then closes the service.
func serve(t *testing.T, s *server.Server, address string) (listens string, stop func()) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	h := s.HTTPServer()
	go func() { _ = h.Serve(listener) }()
	return listener.Addr().String(), func() {
		if err := errors.Join(h.Shutdown(context.WithoutCancel(t.Context())), s.Close()); err != nil {
			t.Error(err)
		}
	}
}

func do(t *testing.T, s *server.Server, request, body string) {
	t.Helper()
	if w := servertest.Send(t, s, "me", request, body); w.Code >= 300 {
		t.Fatalf("%s: %d %s", request, w.Code, w.Body)
	}
}

func TestTheCopyIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	address, stop := serve(t, s, "127.0.0.1:0")
	do(t, s, "PUT /boxes/b", "")
	do(t, s, "PUT /boxes/b/things/one", `{"data":{"n":1}}`)
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		m := &mirror{list: "http://" + address + "/v1/boxes/b/things", user: "me:secret", out: w}
		ended <- m.run(t.Context())
	}()
	lines := bufio.NewScanner(r)
	wants := func(want string) {
		t.Helper()
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), want) {
			t.Fatalf("got %q, want %q", lines.Text(), want)
		}
	}
	wants("loaded: 1 objects")
	do(t, s, "PUT /boxes/b/things/two", `{"data":{"n":2}}`)
	wants("create: 2 objects")
	do(t, s, "DELETE /boxes/b/things/one", "")
	wants("delete: 1 objects")
	stop()
	s = open(t, dir)
	do(t, s, "PUT /boxes/b/things/three", "") // before the mirror can come back
	_, stop = serve(t, s, address)
	wants("create: 2 objects")
	do(t, s, "DELETE /boxes/b", "")
	if err := <-ended; !errors.Is(err, errRefused) {
		t.Errorf("ended with %v, want that there is no list any more", err)
	}
	stop()
}

func TestARefusalIsTheEnd(t *testing.T) {
	t.Parallel()
	address, stop := serve(t, open(t, ""), "127.0.0.1:0")
	defer stop()
	for user, status := range map[string]int{"": http.StatusUnauthorized, "me:secret": http.StatusForbidden} {
		m := &mirror{list: "http://" + address + "/v1/boxes/none/things", user: user, out: io.Discard}
		if err := m.run(t.Context()); !errors.Is(err, errRefused) || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("%q: got %v, want %d", user, err, status)
		}
	}
}
