package openid_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kintolog/kintolog/cache/memory"
)

// loginURL is where a browser begins.
func (p process) loginURL(query url.Values) string {
	return p.URL + "/v1/openid/acme/login?" + query.Encode()
}

// begin begins a login and returns its state.
func (p process) begin(t *testing.T, callback string) string {
	t.Helper()
	status, header, body := get(t, p.loginURL(url.Values{"callback": {callback}, "scope": {"openid"}}), "")
	if status != http.StatusTemporaryRedirect {
		t.Fatalf("login: got %d %s", status, body)
	}
	return location(t, header).Query().Get("state")
}

func location(t *testing.T, h http.Header) *url.URL {
	t.Helper()
	u, err := url.Parse(h.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestABrowserComesBackWithATokenThatIsAccepted(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	p := provider(i)
	p.Audience = "kinto"
	cache := newCache()
	one, two := start(t, cache, p), start(t, cache, p)
	var payload string
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		payload = r.URL.Query().Get("token")
	}))
	defer app.Close()
	// The first process answers the login, and another one what comes after it.
	browser := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/v1/openid/acme/token" {
			r.Host, r.URL.Host = r.URL.Host, strings.TrimPrefix(two.URL, "http://")
		}
		return nil
	}}
	begin := one.loginURL(url.Values{"callback": {app.URL + "/in?token="}, "scope": {"openid email"}})
	res, err := browser.Get(begin)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Request.URL.String(), app.URL+"/in?token=") {
		t.Fatalf("got %d at %s", res.StatusCode, res.Request.URL.Redacted())
	}
	text, err := base64.StdEncoding.DecodeString(payload)
	if err != nil {
		t.Fatalf("%s: %v", payload, err)
	}
	var tokens struct {
		Access string `json:"access_token"`
		Type   string `json:"token_type"`
	}
	if err := json.Unmarshal(text, &tokens); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if got, want := one.whoami(t, tokens.Type+" "+tokens.Access), "acme:alice"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	logged := one.log.String() + two.log.String()
	for _, secret := range append(i.issued, clientSecret, payload) {
		if strings.Contains(logged, secret) {
			t.Errorf("%q was logged", secret)
		}
	}
	if got := strings.Count(logged, "/v1/openid/acme/token"); got != 1 {
		t.Errorf("the log tells %d times of the token endpoint, want 1", got)
	}
}

func TestACodeIsNotLoggedWhereverItIsSent(t *testing.T) {
	t.Parallel()
	s := start(t, newCache(), provider(newIDP(t)))
	for _, request := range []string{
		"GET /v1/openid/acme/token", "GET /v1/openid/acme/token/", "GET /openid/acme/token", "GET /v1/openid/other/token",
		"HEAD /v1/openid/acme/token", "OPTIONS /v1/openid/acme/token", "POST /v1/openid/acme/token", "GET /v1/openid/acme/tokens",
	} {
		method, path, _ := strings.Cut(request, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path+"?code=hush&state=hush", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close() // nothing is read
	}
	logged := s.log.String()
	if strings.Contains(logged, "hush") || strings.Count(logged, "request.summary") != 8 {
		t.Errorf("got %s, want a line for each request, without what came with it", logged)
	}
}

func TestALoginTellsTheProviderWhatItNeeds(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	p := provider(i)
	p.Audience, p.StateLength = "kinto", 20
	cache := newCache()
	s := start(t, cache, p)
	callback := "https://app.example.org/ü/#/auth/"
	_, header, _ := get(t, s.loginURL(url.Values{"callback": {callback}, "scope": {"openid email"}, "prompt": {"none"}}), "")
	target := location(t, header)
	if got, want := target.Scheme+"://"+target.Host+target.Path, i.URL+"/authorize"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got := target.Query()
	state := got.Get("state")
	if !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(state) {
		t.Errorf("got the state %q, want 20 bytes in hexadecimal", state)
	}
	want := url.Values{
		"client_id": {clientID}, "response_type": {"code"}, "scope": {"openid email"}, "state": {state},
		"redirect_uri": {s.URL + "/v1/openid/acme/token"}, "prompt": {"none"}, "audience": {"kinto"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("got Cache-Control %q", got)
	}
	kept, _, err := cache.Get(t.Context(), "openid:state:acme:"+state)
	if err != nil || string(kept) != callback {
		t.Errorf("remembered: got %s, %v, want %s", kept, err, callback)
	}
}

func TestWithoutAudienceAndPromptTheProviderIsNotToldOfThem(t *testing.T) {
	t.Parallel()
	s := start(t, newCache(), provider(newIDP(t)))
	_, header, _ := get(t, s.loginURL(url.Values{"callback": {"app://back"}, "scope": {"openid"}, "prompt": {""}}), "")
	query := location(t, header).Query()
	if query.Has("audience") || query.Has("prompt") {
		t.Errorf("got %v, want neither audience nor prompt", query)
	}
}

func TestALoginIsRefusedWithAllThatIsWrong(t *testing.T) {
	t.Parallel()
	p := provider(newIDP(t))
	p.UserIDField = "email"
	s := start(t, newCache(), p)
	const scope, callback = "&scope=openid+email", "callback=https://app.example.org/"
	for path, want := range map[string][]string{
		"other/login?" + callback + scope:                            {"path provider: Unknown provider 'other'"},
		"other/token?code=c&state=s":                                 {"path provider: Unknown provider 'other'"},
		"acme/login?" + scope:                                        {"querystring callback: Required"},
		"acme/login?callback=" + scope:                               {"querystring callback: Required"},
		"acme/login?callback=bogus" + scope:                          {"querystring callback: Must be a URL"},
		"acme/login?callback=/there" + scope:                         {"querystring callback: Must be a URL"},
		"acme/login?callback=//host/there" + scope:                   {"querystring callback: Must be a URL"},
		"acme/login?callback=javascript:alert(1)" + scope:            {"querystring callback: Must be a URL"},
		"acme/login?callback=https://a/%0d%0aSet-Cookie:x=y" + scope: {"querystring callback: Must be a URL"},
		"acme/login?" + callback + strings.Repeat("x", 2048) + scope: {"querystring callback: Must be a URL"},
		"acme/login?" + callback:                                     {"querystring scope: Required"},
		"acme/login?" + callback + "&scope=openid":                   {"querystring scope: Provider acme requires 'email' scope"},
		"acme/login?" + callback + scope + "&prompt=login":           {`querystring prompt: "login" is not one of none`},
		"acme/login?prompt=login": {
			"querystring callback: Required", `querystring prompt: "login" is not one of none`, "querystring scope: Required",
		},
		"acme/token?state=s": {"querystring code: Required"},
		"acme/token":         {"querystring code: Required", "querystring state: Required"},
	} {
		status, _, body := s.get(t, "/openid/"+path, "")
		var got []string
		for _, d := range problemOf(t, body).Details {
			got = append(got, d.Location+" "+d.Name+": "+d.Description)
		}
		if status != http.StatusBadRequest || !reflect.DeepEqual(got, want) {
			t.Errorf("%.80s: got %d %q, want 400 %q", path, status, got, want)
		}
	}
}

func TestLoginsLeadToTheOriginsOfTheProviderOnly(t *testing.T) {
	t.Parallel()
	p := provider(newIDP(t))
	p.CallbackOrigins = []string{"https://app.example.org", "app://there", "http://localhost:3000"}
	s := start(t, newCache(), p)
	for callback, want := range map[string]int{
		"https://app.example.org":                 http.StatusTemporaryRedirect,
		"https://App.Example.org/deep?x=#token=":  http.StatusTemporaryRedirect,
		"app://there/":                            http.StatusTemporaryRedirect,
		"http://localhost:3000/#":                 http.StatusTemporaryRedirect,
		"http://localhost:3001/":                  http.StatusBadRequest,
		"http://app.example.org/":                 http.StatusBadRequest,
		"https://app.example.org:8443/":           http.StatusBadRequest,
		"https://evil.example.org/":               http.StatusBadRequest,
		"https://app.example.org.evil/":           http.StatusBadRequest,
		"https://app.example.org@evil/":           http.StatusBadRequest,
		`https://evil\@app.example.org/`:          http.StatusBadRequest,
		`https://app.example.org\.evil/`:          http.StatusBadRequest,
		"https://evil/https://app.example.org":    http.StatusBadRequest,
		"https://evil#@app.example.org/":          http.StatusBadRequest,
		"//app.example.org/":                      http.StatusBadRequest,
		" https://app.example.org/":               http.StatusBadRequest,
		"javascript://app.example.org/%0aalert()": http.StatusBadRequest,
	} {
		got, _, body := get(t, s.loginURL(url.Values{"callback": {callback}, "scope": {"openid"}}), "")
		if got != want {
			t.Errorf("%s: got %d %s, want %d", callback, got, body, want)
		}
	}
}

func TestAStateIsOfTheProviderThatTheLoginBeganWith(t *testing.T) {
	t.Parallel()
	other := provider(newIDP(t))
	other.Name = "other"
	s := start(t, newCache(), provider(newIDP(t)), other)
	state := s.begin(t, "https://app.example.org/")
	status, _, body := s.get(t, "/openid/other/token?code=c&state="+state, "")
	if p := problemOf(t, body); status != http.StatusBadRequest || p.Message != "Invalid state" {
		t.Errorf("got %d %s, want an invalid state", status, body)
	}
	if status, _, body = s.get(t, "/openid/acme/token?error=access_denied&state="+state, ""); status != http.StatusTemporaryRedirect {
		t.Errorf("where it began: got %d %s", status, body)
	}
}

func TestAStateCountsOnceAndForAWhile(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	var now atomic.Int64
	clock := func() time.Time { return time.Unix(1_800_000_000+now.Load(), 0) }
	p := provider(i)
	p.StateTTL = time.Minute
	s := start(t, memory.New(memory.Config{Now: clock}), p)
	refuses := func(what, state string) {
		t.Helper()
		status, _, body := s.get(t, "/openid/acme/token?code=c&state="+state, "")
		problem := problemOf(t, body)
		if status != http.StatusBadRequest || problem.Message != "Invalid state" || len(problem.Details) != 1 ||
			problem.Details[0].Name != "state" || problem.Details[0].Errno != 105 {
			t.Errorf("%s: got %d %s", what, status, body)
		}
	}
	state := s.begin(t, "https://app.example.org/#")
	status, header, _ := s.get(t, "/openid/acme/token?code=c&state="+state, "")
	want := "https://app.example.org/#" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("{\"error\":\"invalid_grant\"}\n")))
	if got := header.Get("Location"); status != http.StatusTemporaryRedirect || got != want {
		t.Errorf("a code that is refused: got %d %s, want %s", status, got, want)
	}
	refuses("used", state)
	refuses("invented", strings.Repeat("ab", 32))
	refuses("long", strings.Repeat("a", 5000))
	state = s.begin(t, "https://app.example.org/#")
	now.Store(120)
	refuses("late", state)
	if got := i.questions("/token"); got != 1 {
		t.Errorf("got %d questions for tokens, want 1", got)
	}
}

func TestARefusedLoginGoesBackWithTheReason(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	s := start(t, newCache(), provider(i))
	const path = "/openid/acme/token?error=access_denied&state="
	state := s.begin(t, "https://app.example.org/?")
	status, header, body := s.get(t, path+state+"&error_description=Not+for+you&error_uri=x", "")
	want := "https://app.example.org/?error=access_denied&error_description=Not+for+you"
	if got := header.Get("Location"); status != http.StatusTemporaryRedirect || got != want {
		t.Errorf("got %d %s to %q, want %q", status, body, got, want)
	}
	for what, query := range map[string]string{"used": path + state, "invented": path + "none", "none": path} {
		if status, _, body := s.get(t, query, ""); status != http.StatusBadRequest {
			t.Errorf("a state that is %s: got %d %s, want 400", what, status, body)
		}
	}
	if got := i.questions("/token"); got != 0 {
		t.Errorf("got %d questions for tokens, want none", got)
	}
}

func TestALoginIsUnavailableWhenTheProviderHasNoAnswer(t *testing.T) {
	t.Parallel()
	var leaked atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		leaked.Store(true)
		answer(w, http.StatusOK, map[string]string{"access_token": "x"})
	}))
	t.Cleanup(elsewhere.Close)
	for name, do := range map[string]http.HandlerFunc{
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) },
		"too large": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusOK, map[string]string{"access_token": strings.Repeat("x", 1<<20)})
		},
		"cut off":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"elsewhere": http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect).ServeHTTP,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIDP(t)
			s := start(t, newCache(), provider(i))
			i.on("/token", do)
			state := s.begin(t, "https://app.example.org/#")
			status, header, body := s.get(t, "/openid/acme/token?code=the-code&state="+state, "")
			if status != http.StatusServiceUnavailable || header.Get("Location") != "" {
				t.Errorf("got %d %s, want 503", status, body)
			}
			if logged := s.log.String(); strings.Contains(logged, "the-code") || strings.Contains(logged, clientSecret) {
				t.Errorf("a secret was logged: %s", logged)
			}
		})
	}
	t.Cleanup(func() {
		if leaked.Load() {
			t.Error("the secret was sent to another server")
		}
	})
}
