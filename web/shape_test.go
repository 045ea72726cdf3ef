package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/web"
)

// shaped serves one endpoint, whose answers to GET are changed.
func shaped(t *testing.T, handle web.Handler, change func(*web.Request, *web.Answer) error) http.Handler {
	t.Helper()
	e := web.Endpoint{Name: "x", Path: "/x", Methods: []web.Method{
		{Name: http.MethodGet, Handle: handle}, {Name: http.MethodPost, Handle: handle},
	}}
	frame, err := web.New(web.Config{}, []web.Endpoint{
		e.Wrap(func(next web.Handler) web.Handler { return next.Shape(change) }, http.MethodGet),
	})
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// five answers with five bytes, and says so.
func five(w http.ResponseWriter, _ *web.Request) error {
	w.Header().Set("Content-Length", "5")
	w.Header().Set("ETag", `"1"`)
	w.WriteHeader(http.StatusAccepted)
	_, err := w.Write([]byte("12345"))
	return err
}

func TestAnAnswerIsChangedBeforeItIsWritten(t *testing.T) {
	t.Parallel()
	h := shaped(t, five, func(r *web.Request, a *web.Answer) error {
		a.Status, a.Body = a.Status+1, append(a.Body, r.Endpoint.Name...)
		a.Header.Set("X-More", a.Header.Get("ETag"))
		a.Header.Del("ETag")
		return nil
	})
	resp := send(t, h, "GET /v1/x")
	if resp.StatusCode != http.StatusNonAuthoritativeInfo || resp.Body != "12345x" {
		t.Errorf("got %d %s", resp.StatusCode, resp.Body)
	}
	for name, want := range map[string]string{"Content-Length": "6", "X-More": `"1"`, "ETag": "", "X-Content-Type-Options": "nosniff"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if resp := send(t, h, "POST /v1/x"); resp.StatusCode != http.StatusAccepted || resp.Body != "12345" {
		t.Errorf("a method that is not wrapped: got %d %s", resp.StatusCode, resp.Body)
	}
}

func TestAnErrorOfWhatChangesAnAnswerIsTheAnswer(t *testing.T) {
	t.Parallel()
	refuse := func(r *web.Request, _ *web.Answer) error { return r.Caller.Refusal("read", "/x") }
	resp := send(t, shaped(t, five, refuse), "GET /v1/x")
	if resp.StatusCode != http.StatusUnauthorized || !strings.Contains(resp.Body, `"errno":104`) || resp.Header.Get("ETag") != "" {
		t.Errorf("got %d %s %v", resp.StatusCode, resp.Body, resp.Header)
	}
}

func TestAnErrorIsNoAnswerToChange(t *testing.T) {
	t.Parallel()
	never := func(*web.Request, *web.Answer) error { t.Error("an error is changed"); return nil }
	fails := func(_ http.ResponseWriter, r *web.Request) error { return r.Caller.Refusal("read", "/x") }
	if resp := send(t, shaped(t, fails, never), "GET /v1/x"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d %s", resp.StatusCode, resp.Body)
	}
}
