package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/web"
)

func TestACallerWhoIsKnownIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, nil)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/buckets", nil)
	r.Header.Set("Authorization", "alice")
	caller, err := frame.Identify(r)
	if err != nil || caller.UserID != "account:alice" {
		t.Fatalf("got %+v, %v, want alice", caller, err)
	}
	r.Header.Set("Authorization", "broken")
	if _, err := frame.Identify(r); domain.CodeOf(err) != domain.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
	for _, known := range []domain.Caller{caller, {}} {
		w := httptest.NewRecorder()
		frame.ServeHTTP(w, r.WithContext(web.WithCaller(r.Context(), known)))
		if want := `user="` + known.UserID + `"`; !strings.Contains(w.Body.String(), want) {
			t.Errorf("got %s, want %s", w.Body, want)
		}
	}
}

func TestWhoHasAnIDThatCannotBeStoredIsNobody(t *testing.T) {
	t.Parallel()
	frame, _ := setup(t, nil)
	longest := strings.Repeat("a", domain.MaxPrincipalLength-len("account:"))
	for name, c := range map[string]struct{ given, want string }{
		"the longest": {longest, "account:" + longest}, "longer": {longest + "a", ""}, "no text": {"a\xff", ""}, "a NUL in it": {"a\x00", ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/buckets", nil)
		r.Header["Authorization"] = []string{c.given}
		if got, err := frame.Identify(r); err != nil || got.UserID != c.want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestAReportedErrorIsAnsweredAndNotLogged(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	log := logrus.New()
	log.SetOutput(&logged)
	frame, err := web.New(web.Config{Log: log}, []web.Endpoint{{Name: "busy", Path: "/busy", Methods: []web.Method{{
		Name: http.MethodGet, Handle: failing(web.Reported(&domain.Error{Code: domain.Unavailable, Cause: errors.New("far away")})),
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	frame.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/busy", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", w.Code)
	}
	if strings.Contains(logged.String(), "far away") {
		t.Errorf("logged %s", logged.String())
	}
}
