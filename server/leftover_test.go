package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

func TestWhatIsBelowGoesWithItsParentDeclaredOrNot(t *testing.T) {
	t.Parallel()
	list, item := domain.Resource{Name: "list", Path: "/lists"}, domain.Resource{Name: "item", Path: "/lists/{list}/items"}
	part := domain.Resource{Name: "part", Path: "/lists/{list}/items/{item}/parts"}
	for top, without := range map[string][]domain.Resource{"/lists/home": {list}, "/lists/home/items/a": {list, item}} {
		t.Run(top, func(t *testing.T) {
			t.Parallel()
			dir, quiet := t.TempDir(), logrus.New()
			quiet.SetOutput(io.Discard)
			run := func(resources []domain.Resource, use func(*server.Server)) {
				s, err := server.Open(t.Context(), server.App{
					Name: "todo", Resources: resources,
					Policy:         domain.Policy{Grants: map[string][]string{"list_create": {domain.Authenticated}}},
					Authenticators: []server.Authentication{server.Static(servertest.Users("test"))},
				}, server.Config{DataDir: dir, Logger: quiet})
				if err != nil {
					t.Fatal(err)
				}
				use(s)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
			run([]domain.Resource{list, item, part}, func(s *server.Server) {
				servertest.Do(t, s, "alice", "PUT /lists/home")
				servertest.Do(t, s, "alice", "PUT /lists/home/items/a", `{"data":{"hush":1}}`)
				servertest.Do(t, s, "alice", "PUT /lists/home/items/a/parts/p", `{"data":{"hush":1}}`)
			})
			run(without, func(s *server.Server) {
				servertest.Do(t, s, "alice", "DELETE "+top)
			})
			run([]domain.Resource{list, item, part}, func(s *server.Server) {
				for _, request := range []string{"PUT /lists/home", "PUT /lists/home/items/a"} {
					servertest.Do(t, s, "alice", request, `{"permissions":{"read":["system.Everyone"]}}`)
				}
				for _, request := range []string{"GET /lists/home/items", "GET /lists/home/items/a", "GET /lists/home/items/a/parts"} {
					if got := servertest.Do(t, s, "bob", request).Body.String(); strings.Contains(got, "hush") {
						t.Errorf("%s: got %s", request, got)
					}
				}
				servertest.Refused(t, servertest.Send(t, s, "bob", "GET /lists/home/items/a/parts/p", ""), http.StatusNotFound, "")
			})
		})
	}
}
