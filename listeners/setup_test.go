package listeners_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/listeners"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// The caches of otter end when they are collected as garbage, and the clock of the embedded NATS server never does.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/maypok86/otter/v2.periodicCleanUp[...]"),
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server/ats.Register.func1"),
	)
}

// open runs a service of lists, of items in them, and of secret tokens, with listeners.
func open(tb testing.TB, config server.Config, all ...listeners.Listener) *server.Server {
	tb.Helper()
	s, err := try(tb, config, all...)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(func() { shut(tb, s) })
	return s
}

func try(tb testing.TB, config server.Config, all ...listeners.Listener) (*server.Server, error) {
	tb.Helper()
	if all == nil {
		return serve(tb, config)
	}
	plugin, err := listeners.New(listeners.Options{Listeners: all, SaveEvery: time.Hour})
	if err != nil {
		return nil, err
	}
	return serve(tb, config, plugin)
}

func serve(tb testing.TB, config server.Config, plugins ...server.Plugin) (*server.Server, error) {
	tb.Helper()
	app := server.App{
		Name: "lists",
		Resources: []domain.Resource{
			{Name: "list", Path: "/lists"},
			{Name: "item", Path: "/lists/{list}/items", NeedsParent: true},
			{Name: "token", Path: "/tokens", Secret: true},
		},
		Policy: domain.Policy{Grants: map[string][]string{
			"list_create": {domain.Authenticated}, "token_create": {domain.Authenticated},
		}},
		Authenticators: []server.Authentication{server.Static(web.BasicAuth{Secret: "s"})},
		Plugins:        plugins,
	}
	if config.Logger == nil {
		config.Logger = logrus.New()
		config.Logger.SetOutput(io.Discard)
	}
	config.Memory = config.DataDir == ""
	return server.Open(tb.Context(), app, config)
}

func shut(tb testing.TB, s *server.Server) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Errorf("close: %v", err)
	}
}

// send sends a request such as "PUT /lists/a" as a user and wants a status.
func send(tb testing.TB, s http.Handler, user, request, body string, status int) []byte {
	tb.Helper()
	w := answer(tb, s, user, request, body)
	if w.Code != status {
		tb.Fatalf("%s: got %d %s, want %d", request, w.Code, w.Body, status)
	}
	return w.Body.Bytes()
}

// put creates or replaces objects.
func put(tb testing.TB, s http.Handler, paths ...string) {
	tb.Helper()
	for _, path := range paths {
		if w := answer(tb, s, "me", "PUT "+path, `{"data":{"of":"test"}}`); w.Code > 201 {
			tb.Fatalf("put %s: got %d %s", path, w.Code, w.Body)
		}
	}
}

func answer(tb testing.TB, s http.Handler, user, request, body string) *httptest.ResponseRecorder {
	tb.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(tb.Context(), method, "/v1"+path, strings.NewReader(body))
	r.SetBasicAuth(user, "secret")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// delivery is one request that a receiver got.
type delivery struct {
	id, action, subject string
	header              http.Header
	body                []byte
}

func (d delivery) String() string { return d.action + " " + d.subject }

// receiver is an HTTP server that webhooks deliver to, on a port of its own, which it keeps when it dies.
type receiver struct {
	tb      testing.TB
	address string
	got     chan delivery
	answer  func(http.ResponseWriter, delivery) // default: 200
	server  *httptest.Server
}

func newReceiver(tb testing.TB, answer func(http.ResponseWriter, delivery)) *receiver {
	tb.Helper()
	r := &receiver{tb: tb, address: "127.0.0.1:0", got: make(chan delivery, 1000), answer: answer}
	r.start()
	tb.Cleanup(func() { r.die() })
	return r
}

func (r *receiver) start() {
	r.tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", r.address)
	if err != nil {
		r.tb.Fatalf("listen: %v", err)
	}
	r.address = listener.Addr().String()
	r.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: r}}
	r.server.Start()
}

func (r *receiver) die() { r.server.CloseClientConnections(); r.server.Close() }

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	var ce struct {
		ID, Subject string
		Data        struct{ Action string }
	}
	if err == nil {
		err = json.Unmarshal(body, &ce, json.MatchCaseInsensitiveNames(true))
	}
	if err != nil {
		r.tb.Errorf("got %s: %v", body, err)
	}
	d := delivery{ce.ID, ce.Data.Action, ce.Subject, request.Header, body}
	if r.answer != nil {
		r.answer(w, d)
	}
	r.got <- d
}

// want waits for deliveries, in this order. What was delivered before and comes again is passed over.
func (r *receiver) want(tb testing.TB, wanted ...string) []delivery {
	tb.Helper()
	var all []delivery
	for _, want := range wanted {
		d := <-r.got
		for len(all) > 0 && d.id == all[len(all)-1].id {
			d = <-r.got
		}
		if d.String() != want {
			tb.Fatalf("got %s, want %s", d, want)
		}
		all = append(all, d)
	}
	return all
}

// hook is a listener that delivers to the receiver, and does not wait long.
func (r *receiver) hook(secret string) listeners.Listener {
	r.tb.Helper()
	w, err := listeners.NewWebhook("http://user:hush@"+r.address+"/in?token=hush", secret)
	if err != nil {
		r.tb.Fatalf("webhook: %v", err)
	}
	return listeners.Listener{Name: "hook", Handle: w.Handle, Close: w.Close, Backoff: time.Millisecond}
}

// record is a listener in code.
func record(got chan<- listeners.Event) func(context.Context, listeners.Event) error {
	return func(_ context.Context, e listeners.Event) error { got <- e; return nil }
}

// logged collects the lines of a log.
type logged struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String()
}
