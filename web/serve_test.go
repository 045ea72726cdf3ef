package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/web"
)

// serveInside sends requests from within an endpoint, as a batch does.
func serveInside(t *testing.T, headers map[string]string, requests ...*http.Request) []web.Answer {
	t.Helper()
	var frame *web.Frame
	var answers []web.Answer
	all := append(endpoints(t), web.Endpoint{Path: "/outer", Methods: []web.Method{{
		Name: "GET", Handle: func(_ http.ResponseWriter, r *web.Request) error {
			for _, inner := range requests {
				answers = append(answers, frame.Serve(r, inner))
			}
			return nil
		},
	}}})
	frame, err := web.New(web.Config{Authenticators: []web.Authenticator{authenticator{}}, Log: quiet()}, all)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/v1/outer", nil)
	r.Host = "localhost:8888"
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	frame.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("outer request: got %d %s", w.Code, w.Body)
	}
	return answers
}

func inner(t *testing.T, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestServeGoesThroughRoutingAndEndpoints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path, body string
		status             int
		want, wantPath     string
	}{
		{"GET", "/v1/buckets/b", "", 200, `bucket-object plural="/buckets" uri="/buckets/b"`, "/v1/buckets/b"},
		{"PUT", "/v1/buckets/b", `{"data":{}}`, 200, `body="{\"data\":{}}"`, "/v1/buckets/b"},
		{"HEAD", "/v1/buckets/b", "", 200, "", "/v1/buckets/b"},
		{"GET", "/v1/accounts/a%40b", "", 200, `uri="/accounts/a@b"`, "/v1/accounts/a@b"},
		{"GET", "/v1/buckets/?x=1", "", 200, "bucket-plural", "/v1/buckets"},
		{"GET", "/buckets/", "", 200, "bucket-plural", "/v1/buckets"},
		{"GET", "/v1/unknown", "", 404, unknownURL, "/v1/unknown"},
		{"PATCH", "/v1/buckets", "", 405, notAllowed, "/v1/buckets"},
		{"GET", "/v1/panics", "", 500, `"errno":999`, "/v1/panics"},
		{"GET", "/v1/panics-late", "", 500, `{"code":500,"errno":999`, "/v1/panics-late"},
	} {
		got := serveInside(t, nil, inner(t, c.method, c.path, c.body))[0]
		if got.Status != c.status || !strings.Contains(string(got.Body), c.want) || got.Path != c.wantPath {
			t.Errorf("%s %s: got %d %s %s, want %d %s %s",
				c.method, c.path, got.Status, got.Path, got.Body, c.status, c.wantPath, c.want)
		}
		if c.want == "" && len(got.Body) > 0 {
			t.Errorf("%s %s: got the body %s, want none", c.method, c.path, got.Body)
		}
	}
}

func TestServeSharesWhereTheOuterRequestComesFrom(t *testing.T) {
	t.Parallel()
	one, other := inner(t, "GET", "/v1/where", ""), inner(t, "GET", "/v1/where", "")
	one.Header.Set("Authorization", "mat")
	answers := serveInside(t, map[string]string{"X-Request-Id": "abc-1", "Authorization": "outer"}, one, other)
	for i, want := range []string{
		"http://localhost:8888/v1/x {Time:0 UserID:account:mat Request:abc-1 Trace:}",
		"http://localhost:8888/v1/x {Time:0 UserID: Request:abc-1 Trace:}",
	} {
		if got := string(answers[i].Body); got != want {
			t.Errorf("%d: got %s, want %s", i, got, want)
		}
	}
}

func TestServeTakesTheCallerThatItsContextTells(t *testing.T) {
	t.Parallel()
	r := inner(t, "GET", "/v1/where", "")
	r.Header.Set("Authorization", "broken")
	r = r.WithContext(web.WithCaller(r.Context(), domain.Caller{UserID: "account:eve"}))
	got := serveInside(t, map[string]string{"X-Request-Id": "abc-1"}, r)[0]
	if want := "{Time:0 UserID:account:eve Request:abc-1 Trace:}"; !strings.Contains(string(got.Body), want) {
		t.Errorf("got %s, want %s", got.Body, want)
	}
}
