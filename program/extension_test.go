package program_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/openapi"
	"github.com/kintolog/kintolog/program"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

// extended are the settings of a program with an extension, and what is warned of.
func extended(t *testing.T, e program.Extension, lines ...string) (program.Service, string, error) {
	t.Helper()
	lines = append([]string{
		"[app:main]", "storage_backend = memory", "userid_hmac_secret = s", "multiauth.policies = basicauth",
		"includes = kinto.plugins.prometheus",
	}, lines...)
	file := filepath.Join(t.TempDir(), "kinto.ini")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var warnings bytes.Buffer
	logger := logrus.New()
	logger.SetOutput(&warnings)
	s, err := program.Options{Config: file, Extension: e}.Service(logger)
	return s, warnings.String(), err
}

// notes is a plug-in with a resource and a grant.
func notes(ids domain.IDs) server.Plugin {
	return server.Plugin{Name: "notes", Grants: []string{"board_clean"}, Resources: []domain.Resource{
		{Name: "note", Path: "/notes", Permissions: []string{"read", "write", "publish"}}, {Name: "card", Path: "/cards", IDs: ids},
	}}
}

func TestSettingsAreAboutAnExtensionAsWell(t *testing.T) {
	t.Parallel()
	plugin := notes(domain.SafeIDs)
	s, warnings, err := extended(t, program.Extension{Plugins: []server.Plugin{plugin}},
		"note_create_principals = system.Everyone", "card_create_principals = system.Everyone", "id_generator = uuid4",
		"plural_note_get_enabled = false", "board_clean_principals = system.Everyone", "note_publish_principals = a",
		"note_craete_principals = a")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(warnings, "\n") != 1 || !strings.Contains(warnings, "did you mean note_create_principals?") {
		t.Errorf("got warnings %s, want one of note_craete_principals", warnings)
	}
	service := servertest.Open(t, s.App, s.Config)
	servertest.Do(t, service, "alice", "PUT /notes/c8e6c2a7-0d4a-4d5a-9d3b-1f0c8f2f7a11", "{}")
	servertest.Refused(t, servertest.Send(t, service, "alice", "PUT /notes/n", "{}"), http.StatusBadRequest, "Invalid object id")
	servertest.Do(t, service, "alice", "PUT /cards/c", "{}") // has a rule of its own
	servertest.Refused(t, servertest.Send(t, service, "alice", "GET /notes", ""), http.StatusMethodNotAllowed, "")
	if plugin.Resources[0].IDs.New != nil {
		t.Error("the extension itself was changed")
	}
}

func TestAnIDGeneratorCanBeThatOfOneResourceOfAnExtension(t *testing.T) {
	t.Parallel()
	s, _, err := extended(t, program.Extension{Plugins: []server.Plugin{notes(domain.SafeIDs)}},
		"card_create_principals = system.Everyone", "card_id_generator = uuid4")
	if err != nil {
		t.Fatal(err)
	}
	service := servertest.Open(t, s.App, s.Config)
	servertest.Refused(t, servertest.Send(t, service, "alice", "PUT /cards/c", "{}"), http.StatusBadRequest, "Invalid object id")
}

// trusting knows who calls without looking.
type trusting struct{ servertest.Users }

func (trusting) Authenticate(*http.Request) (string, error) { return "proxy:alice", nil }

func TestAuthenticatorsOfAnExtensionAreAskedFirst(t *testing.T) {
	t.Parallel()
	s, _, err := extended(t, program.Extension{
		Authenticators: []server.Authentication{server.Static(trusting{})},
		Security:       map[string]openapi.Scheme{"proxy": {Header: "X-User"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	service := servertest.Open(t, s.App, s.Config)
	if got := servertest.Do(t, service, "bob", "GET /").Body.String(); !strings.Contains(got, `"id":"proxy:alice"`) {
		t.Errorf("got %s", got)
	}
	if got := servertest.Do(t, service, "bob", "GET /__api__").Body.String(); !strings.Contains(got, `"X-User"`) || !strings.Contains(got, `"basicauth"`) {
		t.Errorf("got %s", got)
	}
}

func TestListenersOfAnExtensionAreToldBesideThoseOfTheSettings(t *testing.T) {
	t.Parallel()
	told := make(chan string, 10)
	hook := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { hook <- r.Method }))
	t.Cleanup(receiver.Close)
	own := listeners.Listener{Name: "own", Resources: []string{"bucket"}, Handle: func(_ context.Context, e listeners.Event) error {
		told <- string(e.Object.URI)
		return nil
	}}
	settings := []string{"event_listeners = hook", "event_listeners.hook.use = webhook", "event_listeners.hook.url = " + receiver.URL}
	s, _, err := extended(t, program.Extension{Listeners: []listeners.Listener{own}}, settings...)
	if err != nil {
		t.Fatal(err)
	}
	service := servertest.Open(t, s.App, s.Config)
	servertest.Do(t, service, "alice", "PUT /buckets/b")
	if got := <-told; got != "/buckets/b" {
		t.Errorf("got %s", got)
	}
	<-hook
	if got := servertest.Do(t, service, "alice", "GET /__metrics__").Body.String(); !strings.Contains(got, "listeners_own_seconds") {
		t.Errorf("it is not measured: %s", got)
	}
	own.Name = "hook"
	_, _, err = extended(t, program.Extension{Listeners: []listeners.Listener{own}}, settings...)
	if err == nil || !strings.Contains(err.Error(), `listener "hook": there are two of this name`) {
		t.Errorf("two of one name: got %v", err)
	}
}

func TestAPluginThatTheSettingsHaveIsRefused(t *testing.T) {
	t.Parallel()
	s, _, err := extended(t, program.Extension{Plugins: []server.Plugin{{Name: "user-data"}}})
	if err == nil {
		_, err = server.Open(t.Context(), s.App, s.Config)
	}
	if err == nil || !strings.Contains(err.Error(), "plug-in user-data: there is another one of that name") {
		t.Errorf("got %v", err)
	}
}
