package history_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/kinto/history"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/sqlite"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

// service is one with history.
type service struct {
	t testing.TB
	*server.Server
}

// start runs a service in which everybody may create buckets.
func start(t testing.TB, o history.Options, change ...func(*server.App)) service {
	t.Helper()
	return startWith(t, o, server.Config{Memory: true}, change...)
}

func startWith(t testing.TB, o history.Options, config server.Config, change ...func(*server.App)) service {
	t.Helper()
	app := server.App{
		Name: "kinto", Resources: kinto.Resources(), Plugins: []server.Plugin{history.New(o)},
		Policy:         domain.Policy{Grants: map[string][]string{"bucket_create": {domain.Everyone}}},
		Authenticators: []server.Authentication{server.Static(servertest.Users("account"))},
	}
	for _, c := range change {
		c(&app)
	}
	return service{t, servertest.Open(t, app, config)}
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// send makes a request such as "GET /buckets" as a user, "" for nobody.
func (s service) send(user, request string, body ...string) answer {
	s.t.Helper()
	w := servertest.Send(s.t, s.Server, user, request, strings.Join(body, ""))
	return answer{w.Code, w.Header(), w.Body.String()}
}

// do makes a request as mat, which must succeed, and returns the last_modified of what it made.
func (s service) do(request string, body ...string) int64 {
	s.t.Helper()
	a := s.send("mat", request, body...)
	if a.status >= 300 {
		s.t.Fatalf("%s: %v", request, a)
	}
	var got struct {
		Data json.RawMessage
	}
	var object struct {
		LastModified int64 `json:"last_modified"`
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		s.t.Fatalf("%s: %v: %v", request, a, err)
	}
	_ = json.Unmarshal(got.Data, &object) // a list has none
	return object.LastModified
}

// entry is one of the history.
type entry struct {
	ID           string  `json:"id"`
	LastModified int64   `json:"last_modified"`
	Date         string  `json:"date"`
	UserID       *string `json:"user_id"`
	Action       string  `json:"action"`
	Resource     string  `json:"resource_name"`
	URI          string  `json:"uri"`
	Deleted      bool    `json:"deleted"`
	Target       struct {
		Data        map[string]any      `json:"data"`
		Permissions map[string][]string `json:"permissions"`
	} `json:"target"`
}

// entries are those of a list that a user asks for.
func (s service) entries(user, path string) []entry {
	s.t.Helper()
	a := s.send(user, "GET "+path)
	var list struct{ Data []entry }
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || a.status != http.StatusOK {
		s.t.Fatalf("GET %s: %v, %v", path, a, err)
	}
	return list.Data
}

// wants checks what a list of the history tells, as "action uri", the bucket left out.
func (s service) wants(user, path string, want ...string) {
	s.t.Helper()
	var got []string
	for _, e := range s.entries(user, path) {
		line := e.Action + " " + strings.TrimPrefix(e.URI, "/buckets/b")
		if e.Deleted {
			line = "deleted"
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("%s: GET %s: got %q, want %q", user, path, got, want)
	}
}

// rebuilt checks that a read model made anew from the log is the live one, row for row.
func (s service) rebuilt() {
	s.t.Helper()
	fresh, err := sqlite.Open(s.t.Context(), s.t.TempDir()+"/rebuilt.db")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = fresh.Close() }()
	p := s.Parts()
	if err := projections.Rebuild(s.t.Context(), p.Log, fresh, p.Catalog, nil); err != nil {
		s.t.Fatal(err)
	}
	if got, want := dump(s.t, fresh), dump(s.t, p.Model); got != want {
		s.t.Errorf("rebuilt\n%s\nlive\n%s", got, want)
	}
}

func dump(t testing.TB, store projections.Store) string {
	t.Helper()
	var b strings.Builder
	err := store.Dump(t.Context(), func(line string) error {
		_, err := fmt.Fprintln(&b, line)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// record is one of a snapshot.
type record struct {
	ID           string `json:"id"`
	LastModified int64  `json:"last_modified"`
	V            int    `json:"v"`
	Deleted      bool   `json:"deleted"`
}

// records are those of a snapshot of the collection c.
func (s service) records(user string, at int64) []record {
	s.t.Helper()
	a := s.send(user, fmt.Sprintf("GET /buckets/b/snapshot/collections/c@%d", at))
	var list struct{ Data []record }
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || a.status != http.StatusOK {
		s.t.Fatalf("snapshot at %d: %v, %v", at, a, err)
	}
	return list.Data
}
