package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
)

func TestItemsHaveATitle(t *testing.T) {
	t.Parallel()
	s := servertest.Open(t, todo, server.Config{})
	servertest.Do(t, s, "me", "PUT /lists/home")
	w := servertest.Send(t, s, "me", "PUT /lists/home/items/nothing", `{"data": {}}`)
	servertest.Refused(t, w, http.StatusBadRequest, "data.title in body: Required")
}

// home is a service with a list that has one item.
func home(t *testing.T) *server.Server {
	t.Helper()
	s := servertest.Open(t, todo, server.Config{})
	servertest.Do(t, s, "me", "PUT /lists/home")
	servertest.Do(t, s, "me", "PUT /lists/home/items/flowers", `{"data": {"title": "water the flowers", "last_modified": 1795428000123}}`)
	return s
}

func TestItemsCanBeLookedFor(t *testing.T) {
	t.Parallel()
	s := home(t)
	w := servertest.Do(t, s, "me", "GET /lists/home/items?like_title=water")
	const want = `{"data":[{"title":"water the flowers","last_modified":1795428000123,"id":"flowers","done":false}]}`
	if got := w.Body.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAListMustBeThere(t *testing.T) {
	t.Parallel()
	w := servertest.Send(t, home(t), "me", "PUT /lists/work/items/mail", `{"data": {"title": "answer"}}`)
	servertest.Refused(t, w, http.StatusNotFound, "")
}

func TestAListThatIsClosedStaysAsItIs(t *testing.T) {
	t.Parallel()
	s := home(t)
	servertest.Do(t, s, "me", "PATCH /lists/home", `{"data": {"closed": true}}`)
	w := servertest.Send(t, s, "me", "PATCH /lists/home/items/flowers", `{"data": {"done": true}}`)
	servertest.Refused(t, w, http.StatusBadRequest, "The list is closed")
}

func TestWhatHappensToItemsIsAVisit(t *testing.T) {
	t.Parallel()
	got := servertest.Do(t, home(t), "me", "GET /lists/home/visits").Body.String()
	if strings.Count(got, `"item":"flowers"`) != 1 {
		t.Errorf("got %s", got)
	}
}

func TestThePositionIsForUsers(t *testing.T) {
	t.Parallel()
	s := home(t)
	if got := servertest.Do(t, s, "me", "GET /position").Body.String(); !strings.Contains(got, `"entries":`) {
		t.Errorf("got %s", got)
	}
	servertest.Refused(t, servertest.Send(t, s, "", "GET /position", ""), http.StatusUnauthorized, "")
}

func TestARobotHasAKey(t *testing.T) {
	t.Parallel()
	s := home(t)
	w := servertest.Send(t, s, "", "GET /", "", "X-Key: and this one")
	if got := w.Body.String(); !strings.Contains(got, `"id":"key:robot"`) {
		t.Errorf("got %s", got)
	}
	if got := servertest.Do(t, s, "", "GET /__api__").Body.String(); !strings.Contains(got, `"type":"apiKey"`) {
		t.Errorf("got %s", got)
	}
}

func TestAListHasAHundredItems(t *testing.T) {
	t.Parallel()
	s := home(t)
	for i := range 99 {
		servertest.Do(t, s, "me", "POST /lists/home/items", fmt.Sprintf(`{"data": {"title": "%d"}}`, i))
	}
	w := servertest.Send(t, s, "me", "POST /lists/home/items", `{"data": {"title": "more"}}`)
	servertest.Refused(t, w, http.StatusBadRequest, "100 items")
	if got := servertest.Do(t, s, "me", "GET /lists/home").Body.String(); !strings.Contains(got, `"items":100`) {
		t.Errorf("got %s", got)
	}
	w = servertest.Send(t, s, "me", "PATCH /lists/home", `{"data": {"items": 1}}`)
	servertest.Refused(t, w, http.StatusBadRequest, "Cannot modify items")
}

func TestAnItemTellsWhereItIs(t *testing.T) {
	t.Parallel()
	got := servertest.Do(t, home(t), "me", "GET /lists/home/items/flowers").Body.String()
	if !strings.Contains(got, `"url":"http://example.com/v1/lists/home/items/flowers"`) {
		t.Errorf("got %s", got)
	}
}

func TestWhatHeadTellsIsThatOfGet(t *testing.T) {
	t.Parallel()
	s := home(t)
	const path = " /lists/home/items/flowers"
	get, head := servertest.Do(t, s, "me", "GET"+path), servertest.Do(t, s, "me", "HEAD"+path)
	if got, want := head.Header().Get("Content-Length"), get.Header().Get("Content-Length"); got != want {
		t.Errorf("Content-Length: got %s, want %s", got, want)
	}
}

func TestAnItemMovesWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	s := home(t)
	move := func(user, body string) int {
		return servertest.Send(t, s, user, "POST /lists/home/items/flowers/move", body, "Idempotency-Key: k"+strconv.Itoa(len(body))).Code
	}
	for _, c := range []struct {
		user, body string
		status     int
	}{
		{"me", `{}`, http.StatusBadRequest},
		{"me", `{"to": "home"}  `, http.StatusBadRequest},
		{"me", `{"to": "work"}`, http.StatusNotFound},
		{"you", `{"to": "work"}`, http.StatusForbidden},
	} {
		if got := move(c.user, c.body); got != c.status {
			t.Errorf("%s %s: got %d, want %d", c.user, c.body, got, c.status)
		}
	}
	servertest.Do(t, s, "me", "GET /lists/home/items/flowers")
	servertest.Do(t, s, "me", "PUT /lists/work")
	for range 2 { // the second time it is the answer that was kept
		if got := move("me", `{"to": "work" }`); got != http.StatusOK {
			t.Errorf("got %d", got)
		}
	}
	servertest.Do(t, s, "me", "GET /lists/work/items/flowers")
	servertest.Refused(t, servertest.Send(t, s, "me", "GET /lists/home/items/flowers", ""), http.StatusNotFound, "")
}
