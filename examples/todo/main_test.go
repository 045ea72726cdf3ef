package main

import (
	"net/http"
	"testing"

	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

func TestItemsHaveATitle(t *testing.T) {
	t.Parallel()
	s := servertest.Open(t, todo, server.Config{})
	servertest.Do(t, s, "me", "PUT /lists/home")
	servertest.Do(t, s, "me", "PUT /lists/home/items/flowers", `{"data": {"title": "water the flowers", "last_modified": 1795428000123}}`)

	w := servertest.Send(t, s, "me", "PUT /lists/home/items/nothing", `{"data": {}}`)
	servertest.Refused(t, w, http.StatusBadRequest, "data.title in body: Required")
	w = servertest.Send(t, s, "me", "PUT /lists/work/items/mail", `{"data": {"title": "answer"}}`)
	servertest.Refused(t, w, http.StatusNotFound, "")

	w = servertest.Do(t, s, "me", "GET /lists/home/items?like_title=water")
	const want = `{"data":[{"title":"water the flowers","last_modified":1795428000123,"id":"flowers","done":false}]}`
	if got := w.Body.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAListThatIsClosedStaysAsItIs(t *testing.T) {
	t.Parallel()
	s := servertest.Open(t, todo, server.Config{})
	servertest.Do(t, s, "me", "PUT /lists/home")
	servertest.Do(t, s, "me", "PUT /lists/home/items/flowers", `{"data": {"title": "water the flowers"}}`)
	servertest.Do(t, s, "me", "PATCH /lists/home", `{"data": {"closed": true}}`)
	w := servertest.Send(t, s, "me", "PATCH /lists/home/items/flowers", `{"data": {"done": true}}`)
	servertest.Refused(t, w, http.StatusBadRequest, "The list is closed")
}
