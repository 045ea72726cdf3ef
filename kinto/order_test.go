package kinto_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/kinto"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

// What is wrong with a body in itself is told to those who may write, before anything that depends on the object there is
// (protocol 2.1); of what a patch makes of an object, that comes last.
func TestABodyIsRefusedBeforeThePreconditionAndAPatchAfterwards(t *testing.T) {
	t.Parallel()
	s := servertest.Open(t, server.App{
		Name: "kinto", Resources: kinto.Resources(kinto.Options{SchemaValidation: true}),
		Policy:         domain.Policy{Grants: map[string][]string{"bucket_create": {"test:alice"}}},
		Authenticators: []server.Authentication{server.Static(servertest.Users("test"))},
	}, server.Config{})
	servertest.Do(t, s, "alice", "PUT /buckets/b", `{"data":{"group:schema":{"properties":{"n":{"type":"string"}}}}}`)
	for _, test := range []struct{ plural, attribute, value, message string }{
		{"/buckets", "record:schema", `{"type":"x"}`, `'x' is not valid`},
		{"/buckets/b/groups", "members", `"x"`, `"x" is not iterable`},
		{"/buckets/b/groups", "members", `["/buckets/b/groups/g"]`, `is not a valid user ID.`},
		{"/buckets/b/collections", "cache_expires", `"abc"`, `"abc" is not a number`},
		{"/buckets/b/collections", "schema", `[]`, `is not a mapping type`},
	} {
		object := test.plural + "/there"
		servertest.Do(t, s, "alice", "PUT "+object)
		body := func(id string) string {
			return fmt.Sprintf(`{"data":{"id":%q,%q:%s}}`, id, test.attribute, test.value)
		}
		for _, precondition := range []string{`If-Match: "1"`, "If-None-Match: *"} {
			servertest.Refused(t, servertest.Send(t, s, "alice", "PUT "+object, body("there"), precondition), http.StatusBadRequest, test.message)
			servertest.Refused(t, servertest.Send(t, s, "alice", "POST "+test.plural, body("there"), precondition), http.StatusBadRequest, test.message)
			for _, kind := range []string{"json", "merge-patch+json"} {
				patch := servertest.Send(t, s, "alice", "PATCH "+object, body("there"), precondition, "Content-Type: application/"+kind)
				servertest.Refused(t, patch, http.StatusPreconditionFailed, "")
			}
		}
		servertest.Refused(t, servertest.Send(t, s, "alice", "POST "+test.plural, body("there")), http.StatusBadRequest, test.message)
		servertest.Refused(t, servertest.Send(t, s, "alice", "PUT "+object, body("other")), http.StatusBadRequest, test.message)
		servertest.Refused(t, servertest.Send(t, s, "alice", "PUT "+test.plural+"/-", body("-")), http.StatusBadRequest, test.message)
		servertest.Refused(t, servertest.Send(t, s, "alice", "PUT "+test.plural+"/new", body("new"), "If-Match: *"), http.StatusBadRequest, test.message)
		servertest.Refused(t, servertest.Send(t, s, "bob", "PUT "+object, body("there"), `If-Match: "1"`), http.StatusForbidden, "")
		servertest.Refused(t, servertest.Send(t, s, "alice", "PATCH "+object, body("there")), http.StatusBadRequest, "")
	}
	unlike := servertest.Send(t, s, "alice", "PUT /buckets/b/groups/there", `{"data":{"n":1}}`, `If-Match: "1"`)
	servertest.Refused(t, unlike, http.StatusPreconditionFailed, "") // the schema is of the state
}
