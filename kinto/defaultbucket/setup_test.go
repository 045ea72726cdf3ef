package defaultbucket_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/defaultbucket"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
)

// mat is a user of basicauth, whose personal bucket protocol 7.1 names.
const (
	mat       = "mat:secret"
	matID     = "basicauth:1acf66711624a550fce894b050abb3e9270a7c3fdd5e99bb8e5b9f8c8143c813"
	matBucket = "6bbcc657-f8a2-1476-8f9f-24a5e0abdbec"
)

// start runs a service with personal buckets, and an endpoint of a plug-in in each bucket.
// Nobody may create buckets, unless change allows it.
func start(t testing.TB, change func(*server.App, *server.Config)) *server.Server {
	t.Helper()
	app := server.App{
		Name: "kinto", Resources: kinto.Resources(),
		Plugins: []server.Plugin{defaultbucket.New(defaultbucket.Options{}), {Name: "test", Endpoints: func(p server.Parts) ([]web.Endpoint, error) {
			get := web.Method{Name: http.MethodGet, Handle: where(p)}
			return []web.Endpoint{{Name: "where", Path: "/buckets/{bucket}/where", Methods: []web.Method{get}}}, nil
		}}},
		Authenticators: []server.Authentication{server.Static(web.BasicAuth{Secret: "some-secret"})},
	}
	config := server.Config{Memory: true}
	if change != nil {
		change(&app, &config)
	}
	return servertest.Open(t, app, config)
}

// where answers with the bucket that the path names, and whether it is there.
func where(p server.Parts) web.Handler {
	return func(w http.ResponseWriter, r *web.Request) error {
		u := domain.URI("/buckets/" + r.Params["bucket"])
		snapshot, err := p.Read.Load(r.Context(), domain.Needs{Objects: []domain.URI{u}})
		_, _ = fmt.Fprintf(w, "%s %v", u, snapshot.Objects[u].Live())
		return err
	}
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// send makes a request such as "GET /buckets/default". Credentials are "user:password", or "" for none.
func send(t testing.TB, s http.Handler, credentials, request, body string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "/v1"+path, strings.NewReader(body))
	if user, password, ok := strings.Cut(credentials, ":"); ok {
		r.SetBasicAuth(user, password)
	}
	if method == http.MethodOptions { // as a browser asks
		r.Header.Set("Origin", "http://example.org")
		r.Header.Set("Access-Control-Request-Method", http.MethodPut)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// tail is the end of the log.
func tail(t testing.TB, s *server.Server) eventstore.Tail {
	t.Helper()
	end, err := s.Parts().Log.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// created are the objects that the log says were created, in order, and in how many commits.
func created(t testing.TB, s *server.Server) (uris []string, commits int) {
	t.Helper()
	seen := map[string]bool{}
	for entry, err := range s.Parts().Log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entry.Events {
			if e.Action == domain.Created {
				uris = append(uris, string(e.Object.URI))
				seen[entry.Commit] = true
			}
		}
	}
	return uris, len(seen)
}
