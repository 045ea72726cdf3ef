package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/kinto/flush"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/server/servertest"
	"github.com/kintolog/kintolog/web"
	"github.com/kintolog/kintolog/writeapi"
)

type reaction func(context.Context, server.Parts, *writeapi.Tx, writeapi.Change) error

// lists runs a service of lists and items that reacts to changes; alice has a list.
func lists(t *testing.T, react ...reaction) *server.Server {
	t.Helper()
	app := server.App{
		Name: "todo", Resources: []domain.Resource{{Name: "list", Path: "/lists"}, {Name: "item", Path: "/lists/{list}/items"}},
		Policy:         domain.Policy{Grants: map[string][]string{"list_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{server.Static(servertest.Users("test"))},
		Plugins:        []server.Plugin{flush.New()},
	}
	for i, r := range react {
		app.Plugins = append(app.Plugins, server.Plugin{Name: fmt.Sprint("react", i), React: r})
	}
	s := servertest.Open(t, app, server.Config{})
	servertest.Do(t, s, "alice", "PUT /lists/home")
	return s
}

// count keeps in each list how many items it has, and takes three at most.
func count(ctx context.Context, p server.Parts, tx *writeapi.Tx, c writeapi.Change) error {
	if c.Resource != "item" || c.Action == domain.Updated {
		return nil
	}
	list := c.Object.URI.Plural().Parent()
	snapshot, err := tx.Load(ctx, domain.Needs{Scopes: []domain.Plural{c.Plural()}})
	if err != nil {
		return err
	}
	live := snapshot.Scopes[c.Plural()].Live
	if live > 3 {
		return domain.Invalidf(domain.InBody, nil, "a list has three items")
	}
	_, err = tx.Execute(&domain.Command{
		Verb: domain.Patch, Resource: p.Catalog.Of(list), URI: list, Data: fmt.Appendf(nil, `{"items":%d}`, live),
		Trusted: true, Origin: c.Origin,
	})
	return err
}

func items(t *testing.T, s *server.Server) string {
	t.Helper()
	body := servertest.Do(t, s, "alice", "GET /lists/home").Body.Bytes()
	n, _ := jsondoc.Lookup(body, "data", "items")
	return string(n)
}

func TestAReactionWritesInTheSameTransaction(t *testing.T) {
	t.Parallel()
	s := lists(t, count)
	tail := func() domain.Position {
		tail, err := s.Parts().Log.Tail(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return tail.Position
	}
	for i, request := range []string{"PUT /lists/home/items/a", "POST /lists/home/items", "DELETE /lists/home/items/a"} {
		servertest.Do(t, s, "alice", request)
		if got, want := items(t, s), []string{"1", "2", "1"}[i]; got != want {
			t.Errorf("%s: the list has %s items, want %s", request, got, want)
		}
	}
	before := tail()
	servertest.Do(t, s, "alice", "DELETE /lists/home/items")
	if got := items(t, s); got != "0" {
		t.Errorf("after all were deleted: got %s", got)
	}
	if got := tail() - before; got != 2 {
		t.Errorf("the deletion and what it caused are %d entries, want 2", got)
	}
}

func TestARefusalOfAReactionUndoesTheRequest(t *testing.T) {
	t.Parallel()
	s := lists(t, count)
	for _, id := range []string{"a", "b", "c"} {
		servertest.Do(t, s, "alice", "PUT /lists/home/items/"+id)
	}
	servertest.Refused(t, servertest.Send(t, s, "alice", "PUT /lists/home/items/d", ""), http.StatusBadRequest, "three items")
	servertest.Refused(t, servertest.Send(t, s, "alice", "GET /lists/home/items/d", ""), http.StatusNotFound, "")
	if got := items(t, s); got != "3" {
		t.Errorf("got %s items", got)
	}
}

func TestInABatchARefusalUndoesOneRequest(t *testing.T) {
	t.Parallel()
	s := lists(t, count)
	batch := func(strict string) string {
		var requests []string
		for _, id := range []string{"a", "b", "c", "d"} {
			requests = append(requests, `{"method": "PUT", "path": "/lists/home/items/`+id+`"}`)
		}
		body := `{"requests": [` + strings.Join(append(requests, `{"path": "/lists/home"}`), ",") + `]}`
		return servertest.Send(t, s, "alice", "POST /batch", body, "Kintolog-Batch: "+strict).Body.String()
	}
	if got := batch("strict"); items(t, s) != "" {
		t.Errorf("a strict batch: got %s", got)
	}
	got := batch("")
	if strings.Count(got, `"status":201`) != 3 || strings.Count(got, "three items") != 2 || !strings.Contains(got, `"items":3`) {
		t.Errorf("got %s", got)
	}
	if got := items(t, s); got != "3" {
		t.Errorf("got %s items", got)
	}
}

func TestAReactionIsToldWhatWasBefore(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []string
	s := lists(t, func(_ context.Context, _ server.Parts, _ *writeapi.Tx, c writeapi.Change) error {
		mu.Lock()
		defer mu.Unlock()
		size := func(o domain.Object) string {
			n, _ := jsondoc.Lookup(o.Data, "n")
			return string(n)
		}
		told = append(told, fmt.Sprintf("%s %s %s>%s by %s", c.Action, c.Object.URI, size(c.Old), size(c.Object), c.Origin.UserID))
		return nil
	})
	servertest.Do(t, s, "alice", "PUT /lists/home/items/a", `{"data": {"n": 1}}`)
	servertest.Do(t, s, "alice", "PATCH /lists/home/items/a", `{"data": {"n": 2}}`)
	servertest.Do(t, s, "alice", "DELETE /lists/home/items")
	servertest.Do(t, s, "alice", "PUT /lists/home/items/a", `{"data": {"n": 3}}`)
	servertest.Do(t, s, "alice", "DELETE /lists/home")
	servertest.Do(t, s, "alice", "POST /__flush__")
	want := []string{
		"create /lists/home > by test:alice",
		"create /lists/home/items/a >1 by test:alice",
		"update /lists/home/items/a 1>2 by test:alice",
		"delete /lists/home/items/a 2> by test:alice",
		"create /lists/home/items/a >3 by test:alice",
		"delete /lists/home > by test:alice",
		"flush  > by test:alice",
	}
	if !slices.Equal(told, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

func TestReactionsAreToldOfWhatOthersWrite(t *testing.T) {
	t.Parallel()
	s := lists(t, count, func(_ context.Context, _ server.Parts, _ *writeapi.Tx, c writeapi.Change) error {
		if n, _ := jsondoc.Lookup(c.Object.Data, "items"); string(n) == "2" {
			return errors.New("two is too many")
		}
		return nil
	})
	servertest.Do(t, s, "alice", "PUT /lists/home/items/a")
	servertest.Refused(t, servertest.Send(t, s, "alice", "PUT /lists/home/items/b", ""), http.StatusInternalServerError, "")
	if got := items(t, s); got != "1" {
		t.Errorf("got %s items", got)
	}
}

func TestReactionsWithoutEndAreRefused(t *testing.T) {
	t.Parallel()
	s := lists(t, func(_ context.Context, p server.Parts, tx *writeapi.Tx, c writeapi.Change) error {
		if c.Resource != "item" {
			return nil
		}
		_, err := tx.Execute(&domain.Command{
			Verb: domain.Patch, Resource: p.Catalog.Of(c.Object.URI), URI: c.Object.URI, Data: []byte(`{"again": true}`), Trusted: true,
		})
		return err
	})
	servertest.Refused(t, servertest.Send(t, s, "alice", "PUT /lists/home/items/a", ""), http.StatusInternalServerError, "")
	servertest.Refused(t, servertest.Send(t, s, "alice", "GET /lists/home/items/a", ""), http.StatusNotFound, "")
}

func TestAPanicOfAReactionUndoesTheRequest(t *testing.T) {
	t.Parallel()
	s := lists(t, func(_ context.Context, _ server.Parts, _ *writeapi.Tx, c writeapi.Change) error {
		if c.Object.URI.ID() == "bad" {
			panic("bad")
		}
		return nil
	})
	servertest.Refused(t, servertest.Send(t, s, "alice", "PUT /lists/bad", ""), http.StatusInternalServerError, "")
	servertest.Refused(t, servertest.Send(t, s, "alice", "GET /lists/bad", ""), http.StatusForbidden, "")
	servertest.Do(t, s, "alice", "PUT /lists/good")
}

func TestAPanicOfAReactionUndoesARequestWithinAnother(t *testing.T) {
	t.Parallel()
	app := server.App{
		Name: "todo", Resources: []domain.Resource{{Name: "list", Path: "/lists"}},
		Policy:         domain.Policy{Grants: map[string][]string{"list_create": {domain.Authenticated}}},
		Authenticators: []server.Authentication{server.Static(servertest.Users("test"))},
		Plugins: []server.Plugin{{
			Name: "both",
			React: func(_ context.Context, _ server.Parts, _ *writeapi.Tx, c writeapi.Change) error {
				if c.Object.URI.ID() == "bad" {
					panic("bad")
				}
				return nil
			},
			Endpoints: func(p server.Parts) ([]web.Endpoint, error) {
				return []web.Endpoint{{Name: "both", Path: "/both", Methods: []web.Method{{
					Name: http.MethodPost,
					Handle: func(w http.ResponseWriter, r *web.Request) error {
						var told []int
						_, err := p.Write.Do(r.Context(), domain.Needs{}, func(tx *writeapi.Tx) error {
							told = nil
							for _, id := range []string{"bad", "good"} {
								inner, err := http.NewRequestWithContext(writeapi.WithTx(r.Context(), tx), http.MethodPut, "/v1/lists/"+id, nil)
								if err != nil {
									return err
								}
								inner.Header.Set("Authorization", r.Header.Get("Authorization"))
								told = append(told, p.Serve(r, inner).Status)
							}
							return nil
						})
						if err != nil {
							return err
						}
						return server.WriteJSON(w, http.StatusOK, told)
					},
				}}}}, nil
			},
		}},
	}
	s := servertest.Open(t, app, server.Config{})
	if got := servertest.Do(t, s, "alice", "POST /both").Body.String(); got != "[500,201]" {
		t.Errorf("got %s", got)
	}
	servertest.Do(t, s, "alice", "GET /lists/good")
	servertest.Refused(t, servertest.Send(t, s, "alice", "GET /lists/bad", ""), http.StatusForbidden, "")
}
