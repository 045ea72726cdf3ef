package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

var paths = rest.PathOptions{Prefix: "/v1", RedirectPrefix: true, RedirectSlash: true}

func TestResolvePath(t *testing.T) {
	t.Parallel()
	none := rest.PathOptions{Prefix: "/v1"}
	for _, c := range []struct {
		escaped        string
		opts           rest.PathOptions
		path, redirect string
		code           domain.Code
	}{
		{"/v1/", paths, "/", "", ""},
		{"/v1/buckets/a%2Fb", paths, "/buckets/a%2Fb", "", ""},
		{"/v1", paths, "", "/v1/", ""},
		{"/v1", none, "", "", domain.MissingResource},
		{"/v11/buckets", paths, "", "", domain.MissingResource},
		{"/v1x", paths, "", "", domain.MissingResource},
		{"/v2/buckets", paths, "", "", domain.UnknownVersion},
		{"/v0", paths, "", "", domain.UnknownVersion},
		{"/", paths, "", "/v1/", ""},
		{"", paths, "", "/v1/", ""},
		{"/buckets", paths, "", "/v1/buckets", ""},
		{"//example.org/x", paths, "", "/v1//example.org/x", ""},
		{"/vault", paths, "", "/v1/vault", ""},
		{"/buckets", none, "", "", domain.MissingResource},
		{"/a%0d%0ab", paths, "", "", domain.MissingResource},
	} {
		path, redirect, err := rest.ResolvePath(c.escaped, c.opts)
		var code domain.Code
		if err != nil {
			code = err.Code
		}
		if path != c.path || redirect != c.redirect || code != c.code {
			t.Errorf("%s: got %q, %q, %v, want %q, %q, %q", c.escaped, path, redirect, err, c.path, c.redirect, c.code)
		}
	}
}

func TestWithoutSlash(t *testing.T) {
	t.Parallel()
	for escaped, want := range map[string]string{
		"/v1/buckets/": "/v1/buckets true", "/v1/foo//": "/v1/foo true", "/v1/buckets": " false", "/v1/": " false", "/v1//": " false",
	} {
		redirect, ok := rest.WithoutSlash(escaped, paths)
		if got := fmt.Sprint(redirect, " ", ok); got != want {
			t.Errorf("%s: got %s, want %s", escaped, got, want)
		}
	}
	if _, ok := rest.WithoutSlash("/v1/buckets/", rest.PathOptions{Prefix: "/v1"}); ok {
		t.Error("redirected although it is off")
	}
}

func TestSplitPath(t *testing.T) {
	t.Parallel()
	for escaped, want := range map[string]string{
		"/": "", "/buckets": "buckets", "/accounts/alice%40corp.com": "accounts|alice@corp.com", "/a+b/%C3%A9": "a+b|é",
		"/a//b/": "a||b|", "/100%": "100%",
	} {
		got, err := rest.SplitPath(escaped)
		if err != nil || strings.Join(got, "|") != want {
			t.Errorf("%s: got %q, %v, want %s", escaped, got, err, want)
		}
	}
	for _, escaped := range []string{"/buckets/%FF", "/%00", "/buckets/a%2Fb", "/\xff"} {
		_, err := rest.SplitPath(escaped)
		if err == nil {
			t.Fatalf("%s: accepted", escaped)
		}
		want := `{"code":400,"errno":107,"error":"Bad Request","message":"Invalid URL path."}`
		if got := string(rest.Body(err, rest.ErrorOptions{})); got != want {
			t.Errorf("%s: got %s, want %s", escaped, got, want)
		}
	}
}

func TestLocationIsAbsolute(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ scheme, host, want string }{
		{"http", "localhost", "http://localhost/v1/buckets?x=1"},
		{"http", "localhost:80", "http://localhost/v1/buckets?x=1"},
		{"https", "localhost:443", "https://localhost/v1/buckets?x=1"},
		{"https", "localhost:80", "https://localhost:80/v1/buckets?x=1"},
	} {
		if got := rest.Location(rest.Origin(c.scheme, c.host), "/v1/buckets", "x=1"); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	if got := rest.Location("http://h", "/v1/", "x=é%20"); got != "http://h/v1/?x=%C3%A9%20" {
		t.Errorf("a query outside of ASCII: got %s", got)
	}
	if got := rest.Location("http://h", "/v1/", ""); got != "http://h/v1/" {
		t.Errorf("got %s", got)
	}
}

func TestSetCaching(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 0, 28, 1, 0, time.UTC)
	for seconds, want := range map[int]string{
		-1: "||", 0: "max-age=0, must-revalidate, no-cache, no-store|no-cache|Mon, 23 Nov 2026 00:28:01 GMT",
		60: "max-age=60||Mon, 23 Nov 2026 00:29:01 GMT",
	} {
		h := http.Header{}
		rest.SetCaching(h, seconds, at)
		if got := h.Get("Cache-Control") + "|" + h.Get("Pragma") + "|" + h.Get("Expires"); got != want {
			t.Errorf("%d: got %s, want %s", seconds, got, want)
		}
	}
}

func FuzzPaths(f *testing.F) {
	for _, seed := range []string{"/v1/buckets/%40", "/v2", "/%FF/%2f", "//", "", "/v1/%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, escaped string) {
		path, redirect, err := rest.ResolvePath(escaped, paths)
		results := 0
		for _, set := range []bool{path != "", redirect != "", err != nil} {
			if set {
				results++
			}
		}
		if results != 1 {
			t.Errorf("%q: got %q, %q, %v, want one of them", escaped, path, redirect, err)
		}
		segments, err := rest.SplitPath(escaped)
		for _, s := range segments {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00/") || err != nil {
				t.Errorf("%q: got %q, %v", escaped, segments, err)
			}
		}
		if redirect, ok := rest.WithoutSlash(escaped, paths); ok && strings.HasSuffix(redirect, "/") {
			t.Errorf("%q: got %q", escaped, redirect)
		}
	})
}
