package server_test

import (
	"net/http"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

// A client that names no id wants an object of its own: it is not given the one that has the id already.
func TestAnIDThatIsMadeTwiceIsAConflict(t *testing.T) {
	t.Parallel()
	next := "a"
	s := servertest.Open(t, server.App{
		Name: "notes",
		Resources: []domain.Resource{{Name: "note", Path: "/notes", IDs: domain.IDs{
			New: func() string { return next }, Valid: func(string) bool { return true },
		}}},
		Policy:         domain.Policy{Grants: map[string][]string{"note_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{server.Static(servertest.Users("test"))},
	}, server.Config{})
	servertest.Do(t, s, "alice", "POST /notes", `{"data": {"of": "alice"}}`)
	for _, user := range []string{"alice", "bob"} {
		w := servertest.Send(t, s, user, "POST /notes", `{"data": {"of": "another"}}`)
		servertest.Refused(t, w, http.StatusConflict, "")
		w = servertest.Send(t, s, user, "POST /batch", `{"requests": [{"method": "POST", "path": "/notes"}]}`)
		servertest.Refused(t, w, http.StatusConflict, "")
	}
	servertest.Do(t, s, "alice", "DELETE /notes/a")
	servertest.Do(t, s, "bob", "POST /notes", `{"data": {"of": "bob"}}`)
	next = "b"
	servertest.Do(t, s, "bob", "POST /notes")
}
