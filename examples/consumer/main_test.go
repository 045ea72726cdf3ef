package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// things is a service whose events can be subscribed to.
func things(t *testing.T) (events string, put func(path string)) {
	t.Helper()
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	app := server.App{
		Name: "things", Resources: []domain.Resource{{Name: "thing", Path: "/things"}, {Name: "other", Path: "/others"}},
		Policy:         domain.Policy{Grants: map[string][]string{"thing_create": {domain.Authenticated}, "other_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{server.Static(web.BasicAuth{Secret: "s"})},
	}
	s, err := server.Open(t.Context(), app, server.Config{
		Memory: true, Logger: quiet, Log: server.LogConfig{Listen: "127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.EventsURL(), func(path string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPut, "/v1"+path, nil)
		r.SetBasicAuth("me", "secret")
		answer := httptest.NewRecorder()
		if s.ServeHTTP(answer, r); answer.Code != http.StatusCreated {
			t.Fatalf("PUT %s: %d %s", path, answer.Code, answer.Body)
		}
	}
}

// hear consumes until it has heard the wanted subject, and returns all it heard.
func hear(t *testing.T, url, until string) []string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := consume(ctx, url, "kintolog", "test", "kintolog.things", w)
		_ = w.CloseWithError(err)
		ended <- err
	}()
	var heard []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		subject := strings.Fields(lines.Text())[1]
		if heard = append(heard, subject); subject == until {
			break
		}
	}
	stop()
	if err := lines.Err(); err != nil {
		t.Fatalf("after %q: %v", heard, err)
	}
	_, _ = io.Copy(io.Discard, r)
	<-ended // it was told to end
	return heard
}

func TestItHearsThePastAndGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	events, put := things(t)
	put("/things/a")
	put("/others/x")
	put("/things/b")
	if got := strings.Join(hear(t, events, "/things/b"), " "); got != "/things/a /things/b" {
		t.Errorf("heard %q", got)
	}
	put("/things/c")
	// What was under way when it stopped may come again, what was acknowledged before does not.
	if got := strings.Join(hear(t, events, "/things/c"), " "); strings.Contains(got, "/things/a") || !strings.HasSuffix(got, "/things/c") {
		t.Errorf("heard later %q", got)
	}
}

// broken takes one line, and no more.
type broken struct{ lines int }

func (b *broken) Write(p []byte) (int, error) {
	if b.lines++; b.lines > 1 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestWhatComesAgainComesBeforeWhatFollows(t *testing.T) {
	t.Parallel()
	events, put := things(t)
	var want []string
	for i := range 600 { // more than a client asks for at once
		want = append(want, fmt.Sprint("/things/", i))
		put(want[i])
	}
	if err := consume(t.Context(), events, "kintolog", "test", "kintolog.things", &broken{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Fatalf("got %v", err)
	}
	if got := hear(t, events, want[len(want)-1]); !slices.Equal(got, want[1:]) {
		t.Errorf("heard %q", got)
	}
}
