package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/kintolog/kintolog/web"
)

func TestItTellsOfEachFinishedRequest(t *testing.T) {
	t.Parallel()
	var got []string
	observed := func(s web.Summary) {
		name := "nothing"
		if s.Request.Endpoint != nil {
			name = s.Request.Endpoint.Name
		}
		got = append(got, fmt.Sprintf("%s %s %d errno=%d size=%d user=%q", s.Request.Method, name, s.Status, s.Errno, s.Size, s.Request.Caller.UserID))
	}
	frame, _ := setup(t, func(c *web.Config) { c.Observe = observed })
	var want []string
	for _, c := range []struct{ line, headers, told string }{
		{"GET /v1/buckets/b", "Authorization: alice", "GET bucket-object 200 errno=0 size=%d user=\"account:alice\""},
		{"GET /v1/busy", "Accept: */*", "GET busy 503 errno=201 size=%d user=\"\""},
		{"GET /v1/panics", "Accept: */*", "GET panics 500 errno=999 size=%d user=\"\""},
		{"GET /v1/unknown", "Accept: */*", "GET nothing 404 errno=111 size=%d user=\"\""},
		{"PUT /v1/buckets", "Accept: */*", "PUT bucket-plural 405 errno=115 size=%d user=\"\""},
	} {
		res := send(t, frame, c.line, c.headers)
		want = append(want, fmt.Sprintf(c.told, len(res.Body)))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestTheRestOfAPathIsAParameter(t *testing.T) {
	t.Parallel()
	frame, err := web.New(web.Config{Log: quiet()}, []web.Endpoint{
		{Name: "assets", Path: "/assets/{path...}", Methods: methods(http.MethodGet)},
		{Name: "here", Path: "/assets", Methods: methods(http.MethodGet)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/v1/assets":               `here plural="" uri="" params=map[] user="" body=""`,
		"/v1/assets/":              `assets plural="" uri="" params=map[path:] user="" body=""`,
		"/v1/assets/a.js":          `assets plural="" uri="" params=map[path:a.js] user="" body=""`,
		"/v1/assets/b/c%20d/e.css": `assets plural="" uri="" params=map[path:b/c d/e.css] user="" body=""`,
		"/v1/assets/b/../c":        `assets plural="" uri="" params=map[path:b/../c] user="" body=""`,
	} {
		if got := send(t, frame, "GET "+path).Body; got != want {
			t.Errorf("GET %s: got %s, want %s", path, got, want)
		}
	}
}
