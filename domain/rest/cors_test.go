package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain/rest"
)

func TestAllowOrigin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ patterns, origin, want string }{
		{"*", "", ""},
		{"*", "http://x", "*"},
		{"http://y *", "http://x", "*"},
		{"http://x", "http://x", "http://x"},
		{"http://*.example.org", "http://a.b.example.org", "http://a.b.example.org"},
		{"http://localhost:80[0-9]?", "http://localhost:8012", "http://localhost:8012"},
		{"http://[!b]x", "http://ax", "http://ax"},
		{"http*", "https://x", "https://x"},
		{"*.org", "http://x.org", "http://x.org"},
		{"*a*a*", "aa", "aa"},
		{"[", "[", "["},
		{"[]]", "]", "]"},
	} {
		cors := rest.CORS{Origins: strings.Fields(c.patterns)}
		if got, err := cors.AllowOrigin(c.origin); err != nil || got != c.want {
			t.Errorf("%s, %s: got %q, %v, want %q", c.patterns, c.origin, got, err, c.want)
		}
	}
	for _, c := range []struct{ patterns, origin string }{
		{"", "http://x"},
		{"http://y", "http://x"},
		{"http://X", "http://x"},
		{"http://x?", "http://x"},
		{"http://[!a]x", "http://ax"},
		{"http://*.example.org", "http://example.org"},
		{"http://x*", "https://x"},
		{"[a-c]", "d"},
		{"*b", "ba"},
		{"[!", "x"},
	} {
		cors := rest.CORS{Origins: strings.Fields(c.patterns)}
		_, err := cors.AllowOrigin(c.origin)
		if err == nil || showDetails(err) != "header Origin: "+c.origin+" not allowed" {
			t.Errorf("%s, %s: got %v", c.patterns, c.origin, err)
		}
	}
}

func TestAllowUnroutedTakesNoPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ patterns, origin, want string }{
		{"*", "http://x", "*"}, {"*", "", ""}, {"http://x", "http://x", "http://x"}, {"http://?", "http://x", ""},
	} {
		if got := (rest.CORS{Origins: strings.Fields(c.patterns)}).AllowUnrouted(c.origin); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

func TestExposedCoversTheProtocol(t *testing.T) {
	t.Parallel()
	const all = "Backoff Retry-After Alert Content-Length Content-Type"
	const object = all + " Last-Modified ETag Cache-Control Expires Pragma"
	for _, c := range []struct {
		kind         rest.Kind
		method, want string
		not          string
	}{
		{rest.Utility, "GET", all, "ETag"},
		{rest.PluralEndpoint, "GET", object + " Next-Page", "Total-Records"},
		{rest.PluralEndpoint, "HEAD", object + " Next-Page Total-Objects Total-Records", ""},
		{rest.PluralEndpoint, "DELETE", all + " Next-Page ETag", "Total-Records"},
		{rest.PluralEndpoint, "POST", all, "Next-Page"},
		{rest.ObjectEndpoint, "GET", object, "Next-Page"},
		{rest.ObjectEndpoint, "HEAD", object, "Total-Records"},
		{rest.ObjectEndpoint, "PUT", all, "Next-Page"},
	} {
		got := strings.Split(rest.Exposed(c.kind, c.method), ", ")
		has := func(name string) bool { return strings.Contains(" "+strings.Join(got, " ")+" ", " "+name+" ") }
		for name := range strings.FieldsSeq(c.want) {
			if !has(name) {
				t.Errorf("%d %s: got %v, want %s", c.kind, c.method, got, name)
			}
		}
		if c.not != "" && has(c.not) {
			t.Errorf("%d %s: got %v, want no %s", c.kind, c.method, got, c.not)
		}
	}
}

var listMethods = []string{"HEAD", "GET", "POST", "DELETE", "OPTIONS"}

func TestPreflight(t *testing.T) {
	t.Parallel()
	cors := rest.CORS{Origins: []string{"*"}, MaxAge: 3600}
	h, err := cors.Preflight(http.Header{
		"Origin": {"http://x"}, "Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {"authorization, content-type"},
	}, rest.PluralEndpoint, listMethods)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "HEAD,GET,POST,DELETE,OPTIONS", "Access-Control-Max-Age": "3600",
		"Access-Control-Allow-Credentials": "",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	allowed := "," + h.Get("Access-Control-Allow-Headers") + ","
	for name := range strings.SplitSeq("Total-Objects,Retry-After,Alert,Backoff,Cache-Control,Total-Records,Last-Modified,Expires,Pragma,Content-Length,ETag,Next-Page,Content-Type,authorization,content-type", ",") {
		if !strings.Contains(allowed, ","+name+",") {
			t.Errorf("got %s, want %s", allowed, name)
		}
	}
	cors.MaxAge = -1
	h, _ = cors.Preflight(http.Header{"Origin": {"http://x"}, "Access-Control-Request-Method": {"GET"}}, rest.Utility, []string{"GET"})
	if _, ok := h["Access-Control-Max-Age"]; ok {
		t.Errorf("got %v, want no Max-Age", h)
	}
}

func TestPreflightErrors(t *testing.T) {
	t.Parallel()
	cors := rest.CORS{Origins: []string{"http://x"}}
	for _, c := range []struct{ origin, method, want string }{
		{"", "GET", "header Origin: this header is mandatory"},
		{"http://x", "", "header Access-Control-Request-Method: this header is mandatory"},
		{"", "", "header Origin: this header is mandatory; header Access-Control-Request-Method: this header is mandatory"},
		{"http://y", "GET", "header Origin: http://y not allowed"},
		{"http://x", "PATCH", "header Access-Control-Request-Method: Method not allowed"},
	} {
		request := http.Header{}
		request.Set("Origin", c.origin)
		request.Set("Access-Control-Request-Method", c.method)
		if _, err := cors.Preflight(request, rest.PluralEndpoint, listMethods); err == nil || showDetails(err) != c.want {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}
