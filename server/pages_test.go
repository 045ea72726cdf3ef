package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/permissions"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

// TestTheURLOfTheNextPageIsTaken: a page whose next one could not be asked for is refused, with nothing deleted.
func TestTheURLOfTheNextPageIsTaken(t *testing.T) {
	t.Parallel()
	const records = "/buckets/b/collections/c/records"
	for _, c := range []struct {
		length int // of the values sorted by
		query  string
		sizes  []int // of the pages; nil if the first one is refused
	}{
		{2000, "?_limit=2&_sort=a,n", []int{2, 2, 1}},
		{4000, "?_limit=2&_sort=a,n", nil},
		{4000, "?_limit=5&_sort=a,n", []int{5}},
		{4000, "?_limit=2&_sort=n", []int{2, 2, 1}},
		{10, "?_limit=2&_" + strings.Repeat("x", 4000), nil},
		{10, "?_limit=2&_" + strings.Repeat("x", 3700), []int{2, 2, 1}},
	} {
		for _, method := range []string{"GET", "DELETE"} {
			t.Run(fmt.Sprintf("%s %d %.10s", method, c.length, c.query), func(t *testing.T) {
				t.Parallel()
				s := start(t, func(_ *server.App, c *server.Config) { c.Web.Limits = web.Limits{URL: 4096} })
				ask(t, s, "mat", "PUT /buckets/b", "")
				ask(t, s, "mat", "PUT /buckets/b/collections/c", "")
				for i := range 5 {
					body := fmt.Sprintf(`{"data":{"a":"%s","n":%d}}`, strings.Repeat("a", c.length), i)
					ask(t, s, "mat", "POST "+records, body)
				}
				var sizes []int
				for next := records + c.query; next != ""; {
					got := ask(t, s, "mat", method+" "+next, "")
					if got.Code == http.StatusBadRequest && sizes == nil {
						refusedForItsNextPage(t, got)
						break
					} else if got.Code != http.StatusOK {
						t.Fatalf("got %d %s", got.Code, got.Body)
					}
					sizes = append(sizes, len(decoded(t, got)["data"].([]any)))
					next = strings.TrimPrefix(got.Header().Get("Next-Page"), "http://localhost:8888/v1")
				}
				if fmt.Sprint(sizes) != fmt.Sprint(c.sizes) {
					t.Errorf("got pages of %v, want %v", sizes, c.sizes)
				}
				if sizes == nil && ask(t, s, "mat", "HEAD "+records, "").Header().Get("Total-Records") != "5" {
					t.Error("what was refused has deleted something")
				}
			})
		}
	}
}

func refusedForItsNextPage(t *testing.T, got *httptest.ResponseRecorder) {
	t.Helper()
	const want = `"location":"querystring","name":null,"description":"The URL of the next page would be longer than 4096 bytes: ` +
		`it has the parameters, and the values that are sorted by"`
	if body := got.Body.String(); !strings.Contains(body, want) {
		t.Errorf("got %s, want %s", body, want)
	}
}

func TestTheURLOfTheNextPageOfPermissionsIsTaken(t *testing.T) {
	t.Parallel()
	s := servertest.Open(t, server.App{
		Name: "kinto", Resources: kinto.Resources(),
		Policy: domain.Policy{Grants: map[string][]string{
			"bucket_create": {domain.Authenticated}, "permissions_read": {domain.Authenticated},
		}},
		Authenticators: []server.Authentication{server.Static(servertest.Users("test"))},
		Plugins:        []server.Plugin{permissions.New()},
	}, server.Config{Web: web.Config{Limits: web.Limits{URL: 500}}})
	for i := range 3 {
		servertest.Do(t, s, "mat", "PUT /buckets/b"+strconv.Itoa(i))
	}
	servertest.Do(t, s, "mat", "GET /permissions?_limit=1")
	got := servertest.Send(t, s, "mat", "GET /permissions?_limit=1&_"+strings.Repeat("x", 400), "")
	servertest.Refused(t, got, http.StatusBadRequest, "The URL of the next page would be longer than 500 bytes")
}
