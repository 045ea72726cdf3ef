package openid_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/cache/memory"
	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto/openid"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// process is one of those that serve: the endpoints of the plug-in, and /whoami, in a frame.
type process struct {
	*httptest.Server
	log *journal
}

// start makes a process with providers, and a cache that may be shared.
func start(t *testing.T, cache domain.Cache, providers ...openid.Provider) process {
	t.Helper()
	return startAt(t, time.Now, cache, openid.Options{Providers: providers})
}

// startAt makes a process with a clock.
func startAt(t *testing.T, now func() time.Time, cache domain.Cache, o openid.Options) process {
	t.Helper()
	log := &journal{}
	o.Secret = "hmac"
	plugin, authentications := openid.New(o)
	parts := server.Parts{Cache: cache, Config: server.Config{Logger: log.logger(), Now: now}}
	endpoints, err := plugin.Endpoints(parts)
	if err != nil {
		t.Fatal(err)
	}
	endpoints = append(endpoints, web.Endpoint{Name: "whoami", Path: "/whoami", Methods: []web.Method{{
		Name: http.MethodGet,
		Handle: func(w http.ResponseWriter, r *web.Request) error {
			_, err := io.WriteString(w, r.Caller.UserID)
			return err
		},
	}}})
	config := web.Config{Log: log.logger()}
	for _, p := range o.Providers {
		authenticator, err := authentications[p.Name](parts)
		if err != nil {
			t.Fatal(err)
		}
		config.Authenticators = append(config.Authenticators, authenticator)
	}
	frame, err := web.New(config, endpoints)
	if err != nil {
		t.Fatal(err)
	}
	p := process{httptest.NewServer(frame), log}
	t.Cleanup(p.Close)
	return p
}

// provider is how the service uses an idp.
func provider(i *idp) openid.Provider {
	return openid.Provider{Name: "acme", Issuer: i.URL, ClientID: clientID, ClientSecret: clientSecret}
}

// watch is a clock that the test sets.
type watch struct{ ahead atomic.Int64 }

func (w *watch) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *watch) advance(d time.Duration) { w.ahead.Add(int64(d)) }

func newCache() domain.Cache { return memory.New(memory.Config{}) }

// whoami is the user id for an Authorization header, "" for nobody.
func (p process) whoami(t *testing.T, authorization string) string {
	t.Helper()
	status, _, body := p.get(t, "/whoami", authorization)
	if status != http.StatusOK {
		t.Errorf("whoami: got %d %s", status, body)
	}
	return string(body)
}

// fails expects that it cannot be found out who calls, for now.
func (p process) fails(t *testing.T, authorization string) {
	t.Helper()
	status, header, body := p.get(t, "/whoami", authorization)
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("whoami: got %d %s %v, want 503 with Retry-After", status, body, header)
	}
}

// get does not follow redirects.
func (p process) get(t *testing.T, path, authorization string) (int, http.Header, []byte) {
	t.Helper()
	return get(t, p.URL+"/v1"+path, authorization)
}

func get(t *testing.T, url, authorization string) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, body
}

// problem is the body of an error.
type problem struct {
	Message string
	Details []struct {
		Location, Name, Description string
		Errno                       int
	}
}

func problemOf(t *testing.T, body []byte) (p problem) {
	t.Helper()
	if err := json.Unmarshal(body, &p); err != nil {
		t.Errorf("%s: %v", body, err)
	}
	return p
}

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) logger() *logrus.Logger {
	l := logrus.New()
	l.SetOutput(j)
	l.SetLevel(logrus.TraceLevel)
	return l
}

// Write implements io.Writer.
func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
