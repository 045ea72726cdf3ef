package web_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/web"
)

func TestItTellsHandlersWhatAPathNames(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, nil)
	for _, c := range []struct{ path, want string }{
		{"/v1/", `hello plural="" uri="" params=map[]`},
		{"/v1/buckets", `bucket-plural plural="/buckets" uri="" params=map[]`},
		{"/v1/buckets/blog", `bucket-object plural="/buckets" uri="/buckets/blog" params=map[id:blog]`},
		{
			"/v1/buckets/b/collections/c/records?x=1",
			`record-plural plural="/buckets/b/collections/c/records" uri="" params=map[bucket:b collection:c]`,
		},
		{
			"/v1/buckets/b/collections/c/records/r",
			`record-object plural="/buckets/b/collections/c/records" uri="/buckets/b/collections/c/records/r" params=map[bucket:b collection:c id:r]`,
		},
		{"/v1/accounts/alice%40corp.com", `account-object plural="/accounts" uri="/accounts/alice@corp.com" params=map[id:alice@corp.com]`},
		{"/v1/accounts/%C3%A9+%2B", `account-object plural="/accounts" uri="/accounts/é++" params=map[id:é++]`},
		{"/v1/buckets/..", `bucket-object plural="/buckets" uri="/buckets/.." params=map[id:..]`},
	} {
		resp := send(t, frame, "GET "+c.path)
		if got := resp.Body; !strings.HasPrefix(got, c.want+" user=") {
			t.Errorf("GET %s: got %s, want %s", c.path, got, c.want)
		}
	}
}

const (
	unknownURL     = `{"code":404,"errno":111,"error":"Not Found","message":"The resource you are looking for could not be found."}`
	unknownVersion = `{"code":404,"errno":116,"error":"Not Found","message":"The requested API version is not available on this server."}`
	notAllowed     = `{"code":405,"errno":115,"error":"Method Not Allowed","message":"Method not allowed on this endpoint."}`
	invalidPath    = `{"code":400,"errno":107,"error":"Bad Request","message":"Invalid URL path."}`
)

func TestItRefusesPathsThatNobodyServes(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, nil)
	for _, c := range []struct {
		request string
		status  int
		body    string
	}{
		{"GET /v1/unknown", 404, unknownURL},
		{"GET /v1/buckets//collections", 404, unknownURL},
		{"GET /v1//buckets", 404, unknownURL},
		{"GET /v1/buckets/../buckets", 404, unknownURL},
		{"GET /v11/buckets", 404, unknownURL},
		{"GET /v1buckets", 404, unknownURL},
		{"OPTIONS /v1/unknown", 404, unknownURL},
		{"GET /v2/buckets", 404, unknownVersion},
		{"GET /v0", 404, unknownVersion},
		{"GET /v1/buckets/%ff", 400, invalidPath},
		{"GET /v1/buckets/a%00b", 400, invalidPath},
		// It would name /buckets/b/collections/c, which is no bucket.
		{"GET /v1/buckets/b%2Fcollections%2Fc", 400, invalidPath},
		{"GET /a%0d%0ab", 404, unknownURL},
	} {
		resp := send(t, frame, c.request)
		if got := resp.Body; resp.StatusCode != c.status || got != c.body {
			t.Errorf("%s: got %d %s, want %d %s", c.request, resp.StatusCode, got, c.status, c.body)
		}
	}
}

func TestItRedirects(t *testing.T) {
	t.Parallel()
	const expires = "Mon, 23 Nov 2026 01:28:01 GMT"
	noCache := func(c *web.Config) {
		c.SlashRedirect.NoCache = true
		c.VersionRedirect.TTL = 60
		c.Scheme, c.Host = "https", "kinto.example.org:443"
	}
	off := func(c *web.Config) { c.SlashRedirect.Disabled, c.VersionRedirect.Disabled = true, true }
	for _, c := range []struct {
		request                  string
		change                   func(*web.Config)
		status                   int
		location, cache, expires string
	}{
		{"GET /v1/buckets/", nil, 307, "http://localhost/v1/buckets", "max-age=3600", expires},
		{"DELETE /v1/buckets/?_limit=1", nil, 307, "http://localhost/v1/buckets?_limit=1", "max-age=3600", expires},
		{"GET /v1/foo///", nil, 307, "http://localhost/v1/foo", "max-age=3600", expires},
		{"GET /v1", nil, 307, "http://localhost/v1/", "max-age=3600", expires},
		{"GET /buckets?x=1", nil, 307, "http://localhost/v1/buckets?x=1", "", ""},
		{"PUT /buckets/a%40b", nil, 307, "http://localhost/v1/buckets/a%40b", "", ""},
		{"GET /", nil, 307, "http://localhost/v1/", "", ""},
		{"GET //example.org/", nil, 307, "http://localhost/v1//example.org/", "", ""},
		{"OPTIONS /buckets", nil, 200, "", "", ""},
		{
			"GET /v1/buckets/", noCache, 307, "https://kinto.example.org/v1/buckets",
			"max-age=0, must-revalidate, no-cache, no-store", "Mon, 23 Nov 2026 00:28:01 GMT",
		},
		{"GET /buckets", noCache, 307, "https://kinto.example.org/v1/buckets", "max-age=60", "Mon, 23 Nov 2026 00:29:01 GMT"},
		{"GET /v1/buckets/", off, 404, "", "", ""},
		{"GET /v1", off, 404, "", "", ""},
		{"GET /buckets", off, 404, "", "", ""},
	} {
		frame, _ := setup(t, c.change)
		resp := send(t, frame, c.request)
		h := resp.Header
		got := []any{resp.StatusCode, h.Get("Location"), h.Get("Cache-Control"), h.Get("Expires")}
		want := []any{c.status, c.location, c.cache, c.expires}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: got %v, want %v", c.request, got, want)
				break
			}
		}
	}
}

func TestClientsThatNameNoHostAreRedirectedToWhereTheyAre(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, nil)
	server := httptest.NewServer(frame)
	t.Cleanup(server.Close)
	for _, request := range []string{"GET /buckets HTTP/1.0\r\n\r\n", "GET /buckets HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, _ = io.WriteString(conn, request)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got, want := resp.Header.Get("Location"), server.URL+"/v1/buckets"; got != want {
			t.Errorf("%q: got %s, want %s", request, got, want)
		}
	}
}

func TestItNamesTheMethodsThatThereAre(t *testing.T) {
	t.Parallel()
	readOnly := func(c *web.Config) { c.ReadOnly = true }
	for _, c := range []struct {
		request string
		change  func(*web.Config)
		allow   string
	}{
		{"PATCH /v1/buckets", nil, "HEAD, GET, POST, DELETE, OPTIONS"},
		{"POST /v1/buckets/b", nil, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"},
		{"POST /v1/", nil, "GET, HEAD, OPTIONS"},
		{"GET /v1/batch", nil, "POST, OPTIONS"},
		{"PUT /v1/buckets/b", readOnly, "GET, HEAD, OPTIONS"},
		{"POST /v1/batch", readOnly, "OPTIONS"},
		{"PUT /anything", readOnly, ""},
		{"get /v1/buckets", readOnly, "HEAD, GET, OPTIONS"},
	} {
		frame, _ := setup(t, c.change)
		resp := send(t, frame, c.request, "Authorization: broken", "Origin: http://x")
		if got := resp.Body; resp.StatusCode != http.StatusMethodNotAllowed || got != notAllowed {
			t.Errorf("%s: got %d %s, want 405 %s", c.request, resp.StatusCode, got, notAllowed)
		}
		if got := resp.Header.Get("Allow"); got != c.allow {
			t.Errorf("%s: got Allow %q, want %q", c.request, got, c.allow)
		}
		for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Expose-Headers"} {
			if got, ok := resp.Header[name]; ok {
				t.Errorf("%s: got %s %q, want none", c.request, name, got)
			}
		}
	}
}

func TestHEADIsAnsweredByGETWhereItIsNotDeclared(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, nil)
	if resp := send(t, frame, "HEAD /v1/"); resp.StatusCode != http.StatusOK {
		t.Errorf("got %d, want 200", resp.StatusCode)
	}
}

func TestNewRefusesWhatIsNotWellFormed(t *testing.T) {
	t.Parallel()
	one := func(e web.Endpoint) []web.Endpoint { return []web.Endpoint{e} }
	for name, c := range map[string]struct {
		config    web.Config
		endpoints []web.Endpoint
	}{
		"version":            {web.Config{Version: "1"}, nil},
		"scheme":             {web.Config{Scheme: "gopher"}, nil},
		"body":               {web.Config{Limits: web.Limits{Body: -1}}, nil},
		"path":               {web.Config{}, one(web.Endpoint{Path: "x", Methods: methods("GET")})},
		"slash at the end":   {web.Config{}, one(web.Endpoint{Path: "/x/", Methods: methods("GET")})},
		"rest in the middle": {web.Config{}, one(web.Endpoint{Path: "/{x...}/y", Methods: methods("GET")})},
		"two of one name": {web.Config{}, []web.Endpoint{
			{Name: "x", Path: "/x", Methods: methods("GET")}, {Name: "x", Path: "/y", Methods: methods("GET")},
		}},
		"nothing between slashes":    {web.Config{}, one(web.Endpoint{Path: "/x//y", Methods: methods("GET")})},
		"a parameter with a rule":    {web.Config{}, one(web.Endpoint{Path: "/{x:[0-9]+}", Methods: methods("GET")})},
		"a part that is one":         {web.Config{}, one(web.Endpoint{Path: "/a{x}", Methods: methods("GET")})},
		"two parameters of one name": {web.Config{}, one(web.Endpoint{Path: "/{x}/y/{x}", Methods: methods("GET")})},
		"small letters":              {web.Config{}, one(web.Endpoint{Path: "/x", Methods: methods("get")})},
		"pattern":                    {web.Config{}, one(web.Endpoint{Path: "/{x", Methods: methods("GET")})},
		"resource":                   {web.Config{}, one(web.Endpoint{Path: "/x", Kind: web.PluralEndpoint, Methods: methods("GET")})},
		"no handler":                 {web.Config{}, one(web.Endpoint{Path: "/x", Methods: []web.Method{{Name: "GET"}}})},
		"two handlers":               {web.Config{}, one(web.Endpoint{Path: "/x", Methods: methods("GET", "GET")})},
		"two of one path": {web.Config{}, []web.Endpoint{
			{Path: "/x", Methods: methods("GET")}, {Path: "/x", Methods: methods("GET")},
		}},
		"nobody to ask":      {web.Config{Authenticators: []web.Authenticator{nil}}, nil},
		"OPTIONS is its own": {web.Config{}, one(web.Endpoint{Path: "/x", Methods: methods("OPTIONS")})},
	} {
		if _, err := web.New(c.config, c.endpoints); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
