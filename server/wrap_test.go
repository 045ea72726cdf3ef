package server_test

import (
	"context"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/openapi"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

// wrapped runs a service of notes whose endpoints a plug-in wraps.
func wrapped(t *testing.T, wrap func(web.Endpoint) web.Endpoint) *server.Server {
	t.Helper()
	return servertest.Open(t, server.App{
		Name: "notes", Resources: []domain.Resource{{Name: "note", Path: "/notes"}},
		Policy:         domain.Policy{Grants: map[string][]string{"note_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{server.Static(servertest.Users("test"))},
		Security:       map[string]openapi.Scheme{"key": {Header: "X-Key"}},
		Plugins: []server.Plugin{{Name: "wrap", Wrap: server.Wrappers{
			Endpoint: func(_ server.Parts, e web.Endpoint) web.Endpoint { return wrap(e) },
		}}},
	}, server.Config{})
}

// shouting makes everything about notes upper case.
func shouting(e web.Endpoint) web.Endpoint {
	if e.Resource == nil {
		return e
	}
	return e.Wrap(func(next web.Handler) web.Handler {
		return next.Shape(func(_ *web.Request, a *web.Answer) error {
			a.Body = []byte(strings.ReplaceAll(string(a.Body), "hush", "HUSH HUSH"))
			return nil
		})
	})
}

func TestAnswersOfResourcesCanBeShaped(t *testing.T) {
	t.Parallel()
	s := wrapped(t, shouting)
	const note = `{"data": {"id": "n", "title": "hush"}}`
	for range 2 { // the second time it is the answer that was kept
		w := servertest.Send(t, s, "alice", "POST /notes", note, "Idempotency-Key: k")
		if w.Code != http.StatusCreated || !strings.Contains(w.Body.String(), `"title":"HUSH HUSH"`) {
			t.Errorf("POST: got %d %s", w.Code, w.Body)
		}
	}
	for _, request := range []string{"GET /notes", "GET /notes/n"} {
		if w := servertest.Do(t, s, "alice", request); !strings.Contains(w.Body.String(), `"title":"HUSH HUSH"`) {
			t.Errorf("%s: got %s", request, w.Body)
		}
	}
	w := servertest.Do(t, s, "alice", "POST /batch", `{"requests": [{"path": "/notes/n"}, {"method": "PUT", "path": "/notes/m", "body": `+note[:len(note)-1]+`}}]}`)
	if got := strings.Count(w.Body.String(), "HUSH HUSH"); got != 1 || !strings.Contains(w.Body.String(), `"status":400`) {
		t.Errorf("batch: got %s", w.Body)
	}
}

func TestTheQueryOfAListCanBeReplaced(t *testing.T) {
	t.Parallel()
	s := wrapped(t, func(e web.Endpoint) web.Endpoint {
		return e.Wrap(func(next web.Handler) web.Handler {
			return func(w http.ResponseWriter, r *web.Request) error {
				if r.Resource != nil && r.URL.RawQuery == "" {
					r.ReplaceQuery("done=false")
				}
				return next(w, r)
			}
		}, http.MethodGet)
	})
	servertest.Do(t, s, "alice", "PUT /notes/a", `{"data": {"done": true}}`)
	servertest.Do(t, s, "alice", "PUT /notes/b", `{"data": {"done": false}}`)
	if w := servertest.Do(t, s, "alice", "GET /notes"); strings.Contains(w.Body.String(), `"id":"a"`) || !strings.Contains(w.Body.String(), `"id":"b"`) {
		t.Errorf("got %s", w.Body)
	}
	if w := servertest.Do(t, s, "alice", "GET /notes?done=true"); !strings.Contains(w.Body.String(), `"id":"a"`) {
		t.Errorf("asked for: got %s", w.Body)
	}
}

func TestAnOperationIsDescribedAsItsMethodSays(t *testing.T) {
	t.Parallel()
	s := wrapped(t, func(e web.Endpoint) web.Endpoint {
		for i := range e.Methods {
			if e.Name == "note-object" && e.Methods[i].Name == http.MethodGet {
				e.Methods[i].Operation = map[string]any{"operationId": "read_note", "summary": "One note.", "tags": []string{"Reading"}}
			}
		}
		return e
	})
	got := servertest.Do(t, s, "", "GET /__api__").Body.String()
	for _, want := range []string{
		`"operationId":"read_note"`, `"summary":"One note."`, `{"name":"Reading"}`, `"operationId":"update_note"`,
		`"key":{"in":"header","name":"X-Key","type":"apiKey"}`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got no %s in %s", want, got)
		}
	}
}

func TestPluginsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	for want, plugin := range map[string]server.Plugin{
		"plug-in mine: there is a heartbeat cache already": {Heartbeats: map[string]func(context.Context) error{
			"cache": func(context.Context) error { return nil },
		}},
		`plug-in mine: there is no resource "unheard-of" to check`: {Checks: map[string]func(domain.Write) ([]byte, error){
			"unheard-of": func(w domain.Write) ([]byte, error) { return w.Data, nil },
		}},
		"plug-in mine: there is a setting readonly already": {Settings: map[string]any{"readonly": true}},
		"plug-in mine: its capability has no name":          {Capability: &server.Capability{Description: "D"}},
		"plug-in mine: its setting f is to be JSON: ":       {Settings: map[string]any{"f": func() {}}},
		"plug-in mine: what its capability tells is to be JSON: ": {Capability: &server.Capability{
			Name: "c", Extra: map[string]any{"x": math.NaN()},
		}},
	} {
		app, config := definition()
		plugin.Name = "mine"
		app.Plugins = []server.Plugin{plugin}
		if _, err := server.Open(t.Context(), app, config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open: got %v, want %s", err, want)
		}
	}
}

func TestAnAppThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	nothing := func(server.Parts) (web.Authenticator, error) { return nil, nil }
	grant := func(name string) func(*server.App) {
		return func(a *server.App) { a.Policy.Grants = map[string][]string{name: {domain.Everyone}} }
	}
	for want, change := range map[string]func(*server.App){
		"plug-in mine: there is another one of that name": func(a *server.App) { a.Plugins = []server.Plugin{{Name: "mine"}, {Name: "mine"}} },
		"authenticator 1 of 1 is nil":                     func(a *server.App) { a.Authenticators = []server.Authentication{nil} },
		"authenticator 2 of 2 is nil":                     func(a *server.App) { a.Authenticators = append(a.Authenticators, server.Static(nil)) },
		"authenticator 2 of 3 is nil": func(a *server.App) {
			a.Authenticators = append(a.Authenticators, nothing, server.Static(servertest.Users("u")))
		},
		"basic authentication needs a Secret": func(a *server.App) {
			a.Authenticators = []server.Authentication{server.Static(web.BasicAuth{})}
		},
		"give a long random text": func(a *server.App) {
			a.Authenticators = []server.Authentication{server.Static(&web.BasicAuth{})}
		},
		"what the app contributes (App.Contribute) is to be JSON":                     func(a *server.App) { a.Contribute = []byte("{") },
		`grants "bucket_craete", which nothing asks for: did you mean bucket_create?`: grant("bucket_craete"),
		`grants "bukket_create", which nothing asks for: did you mean bucket_create?`: grant("bukket_create"),
		`grants "position_read", which nothing asks for: the permissions of`:          grant("position_read"),
	} {
		app, config := definition()
		change(&app)
		if s, err := server.Open(t.Context(), app, config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open: got %v, want %s", err, want)
			if err == nil {
				_ = s.Close()
			}
		}
	}
}

func TestWhatIsDeclaredCanBeGranted(t *testing.T) {
	t.Parallel()
	s := start(t, func(app *server.App, _ *server.Config) {
		app.Policy.Grants = map[string][]string{
			"bucket_write": nil, "bucket_group:create": nil, "record_create": nil, "position_read": {domain.Everyone},
		}
		app.Plugins = []server.Plugin{{Name: "position", Grants: []string{"position_read"}}}
		app.Authenticators = []server.Authentication{server.Static(web.BasicAuth{WithoutSecret: true})}
	})
	servertest.Do(t, s, "", "GET /")
}

func TestALimitThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*server.Config){
		"Limits.ID must be from 36 to 255":         func(c *server.Config) { c.Limits.ID = 35 },
		"Limits.Waiting must not be negative":      func(c *server.Config) { c.Limits.Waiting = -1 },
		"TokenValidity must not be negative":       func(c *server.Config) { c.TokenValidity = -1 },
		"Readable must not be negative":            func(c *server.Config) { c.Readable = -1 },
		"ReadTimeout must not be negative":         func(c *server.Config) { c.ReadTimeout = -1 },
		"HeartbeatTimeout must not be negative":    func(c *server.Config) { c.HeartbeatTimeout = -1 },
		"the limits must be positive, not {Body:-": func(c *server.Config) { c.Web.Limits.Body = -1 },
	} {
		app, config := definition()
		change(&config)
		if _, err := server.Open(t.Context(), app, config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open: got %v, want %s", err, want)
		}
	}
}

func TestTheRootTellsOfThePolicyThatCounts(t *testing.T) {
	t.Parallel()
	s := start(t, func(app *server.App, _ *server.Config) {
		app.Plugins = []server.Plugin{{Name: "mine", Policy: func(p domain.Policy) domain.Policy {
			p.KeepExplicit = true
			return p
		}}}
	})
	if got := servertest.Do(t, s, "", "GET /").Body.String(); !strings.Contains(got, `"explicit_permissions":false`) {
		t.Errorf("got %s", got)
	}
}

func TestAPluginHasAName(t *testing.T) {
	t.Parallel()
	app, config := definition()
	app.Plugins = []server.Plugin{{}}
	if _, err := server.Open(t.Context(), app, config); err == nil || !strings.Contains(err.Error(), "a plug-in has no name") {
		t.Errorf("Open: got %v", err)
	}
}

func TestAPluginNeedNotLookAtRequests(t *testing.T) {
	t.Parallel()
	s := start(t, func(app *server.App, _ *server.Config) {
		app.Plugins = []server.Plugin{{Name: "mine", Before: func(server.Parts) func(*web.Request) error { return nil }}}
	})
	servertest.Do(t, s, "", "GET /")
}
