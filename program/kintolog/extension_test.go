package kintolog_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/program"
	"github.com/kintolog/kintolog/program/kintolog"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

// This program is the command with the extension, where it is asked to be.
func TestMain(m *testing.M) {
	if os.Getenv("AS_COMMAND") != "" {
		os.Exit(kintolog.Main(extension))
	}
	os.Exit(m.Run())
}

// extension has teams, whose members hold their URI, notes of who is in one, and a listener.
var extension = program.Extension{
	Plugins: []server.Plugin{{Name: "teams", Resources: []domain.Resource{
		{Name: "team", Path: "/teams", Members: func(data []byte) []string {
			name, _ := jsondoc.Lookup(data, "member")
			member, _ := jsondoc.String(name)
			return []string{member}
		}},
		{Name: "entry", Path: "/teams/{team}/entries", Derivation: &domain.Derivation{
			Into: func(e domain.Event) domain.Plural {
				if e.Resource != "team" || e.Action == domain.Deleted {
					return ""
				}
				return domain.Plural(e.Object.URI.Below() + "entries")
			},
			Derive: func(_ *domain.State, e domain.Event, at domain.Timestamp) domain.Object {
				id := fmt.Sprint(at)
				return domain.Object{
					URI:  domain.URI(e.Object.URI.Below() + "entries/" + id),
					Data: fmt.Appendf(nil, `{"id":%q,"last_modified":%d}`, id, at),
				}
			},
		}},
	}}},
	Listeners: []listeners.Listener{{Name: "own", Handle: func(context.Context, listeners.Event) error { return nil }}},
}

func TestTheCommandKnowsTheExtension(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "kinto.ini")
	settings := "[app:main]\nuserid_hmac_secret = s\nmultiauth.policies = basicauth\nteam_create_principals = system.Authenticated\n" +
		"data_dir = " + filepath.Join(dir, "data") + "\n"
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := func(use func(*server.Server)) {
		quiet := logrus.New()
		quiet.SetOutput(io.Discard)
		wanted, err := program.Options{Config: file, Extension: extension}.Service(quiet)
		if err != nil {
			t.Fatal(err)
		}
		s, err := server.Open(t.Context(), wanted.App, wanted.Config)
		if err != nil {
			t.Fatal(err)
		}
		use(s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	command := func(args ...string) (string, error) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self, append(args, "--config", file)...)
		cmd.Env = append(os.Environ(), "AS_COMMAND=1")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	var user string
	serve(func(s *server.Server) {
		_, user, _ = strings.Cut(servertest.Do(t, s, "bob", "GET /").Body.String(), `"id":"`)
		user, _, _ = strings.Cut(user, `"`)
		servertest.Do(t, s, "alice", "PUT /teams/a", `{"data":{"member":"`+user+`"}}`)
	})
	if out, err := command("rebuild"); err != nil || !strings.Contains(out, "made anew") {
		t.Fatalf("rebuild: %v: %s", err, out)
	}
	serve(func(s *server.Server) {
		if got := servertest.Do(t, s, "alice", "GET /teams/a/entries").Body.String(); !strings.Contains(got, `"id"`) {
			t.Errorf("what is derived is lost: %s", got)
		}
		if got := servertest.Do(t, s, "bob", "GET /").Body.String(); !strings.Contains(got, `"/teams/a"`) {
			t.Errorf("%s is in no team: %s", user, got)
		}
	})
	if out, err := command("undelivered", "own"); err != nil {
		t.Errorf("undelivered: %v: %s", err, out)
	}
	if out, err := command("undelivered", "nobody"); err == nil || !strings.Contains(out, `there is no listener "nobody"`) {
		t.Errorf("undelivered, of nobody: %v: %s", err, out)
	}
}
