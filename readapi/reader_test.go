package readapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/readapi"
)

// between runs something after each List.
type between struct {
	readapi.Reader
	then func()
}

func (b between) List(ctx context.Context, needs domain.Needs, q domain.Query) (domain.Snapshot, domain.Page, error) {
	snapshot, page, err := b.Reader.List(ctx, needs, q)
	b.then()
	return snapshot, page, err
}

func TestWhatIsShownIsWhatTheSameMomentPermits(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{}, nil)
	w.put("mat", "/buckets/blog", `{"permissions":{"write":["account:mat"]}}`) // replaces those of reading
	w.put("mat", art+"/records/r2", `{"permissions":{"read":["account:eve"]}}`)
	mayRead := false
	toggle := func() {
		mayRead = !mayRead
		permissions := `{"write":["account:mat"]}`
		if mayRead {
			permissions = `{"read":["account:eve"]}`
		}
		w.put("mat", "/buckets/blog", `{"permissions":`+permissions+`}`)
	}
	calls := 0
	w.reads.Reader = between{w.store, func() {
		if calls++; calls == 1 {
			toggle()
		}
	}}
	// The first list is refused, and meanwhile the caller becomes a reader: the restricted list is not all there is.
	got := w.send("eve", "GET "+records+"?_fields=id&_sort=id")
	w.wants("becomes a reader", got, 200, data(
		`{"id":"r1","last_modified":1795393683000}`, `{"id":"r2","last_modified":1795393687000}`, `{"id":"r3","last_modified":1795393685000}`))
	if calls != 3 {
		t.Errorf("got %d lists, want 3", calls)
	}
	toggle() // back to the start
	w.reads.Reader = between{w.store, toggle}
	if got := w.send("eve", "GET "+records); got.status != 503 {
		t.Errorf("always changing: got %d %s, want 503", got.status, got.body)
	}
}

func TestARequestCanBringItsReader(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{}, nil)
	other := setup(t, readapi.Options{}, nil)
	other.put("mat", "/buckets/other", `{}`)
	for _, path := range []string{"/v1/buckets/other", "/v1/buckets/other/groups"} {
		r := httptest.NewRequestWithContext(readapi.WithReader(t.Context(), other.store), http.MethodGet, path, nil)
		r.Header.Set("Authorization", "mat")
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK {
			t.Errorf("GET %s: got %d %s, want 200", path, rec.Code, rec.Body)
		}
	}
}

func TestHEADAnswersAsGETDoesWithoutBody(t *testing.T) {
	t.Parallel()
	w := blog(t, readapi.Options{}, nil)
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	for _, path := range []string{records + "/r2", records, "/v1/buckets/blog"} {
		var headers [2]http.Header
		for i, method := range []string{http.MethodGet, http.MethodHead} {
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Request-Id", "same")
			resp, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Fatal(err)
			}
			headers[i] = resp.Header
		}
		for _, name := range []string{"Etag", "Last-Modified", "Cache-Control", "Content-Type", "X-Content-Type-Options", "Content-Security-Policy"} {
			if got, want := headers[1].Get(name), headers[0].Get(name); got != want || got == "" {
				t.Errorf("HEAD %s: got %s %q, want %q", path, name, got, want)
			}
		}
	}
}
