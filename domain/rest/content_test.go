package rest_test

import (
	"net/http"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

func TestAccept(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		``: true, `application/json`: true, `*/*`: true, `application/*`: true, `text/html, application/json;q=0.5`: true,
		`text/html,*/*;q=0.1`: true, `Application/JSON`: true, `garbage`: true,
		`application/json; charset=utf-8`: false, `text/html`: false, `application/json;q=0`: false,
		`application/json;q=0, */*`: false, `*/*;q=0, application/json`: true, `text/plain;q=x`: false,
	} {
		if err := rest.CheckAccept(http.Header{"Accept": {value}}); (err == nil) != want {
			t.Errorf("%s: got %v, want accepted %t", value, err, want)
		}
	}
	if err := rest.CheckAccept(http.Header{}); err != nil {
		t.Errorf("without the header: got %v", err)
	}
	err := rest.CheckAccept(http.Header{"Accept": {"text/html"}})
	want := `{"code":406,"errno":107,"error":"Invalid parameters","message":"Accept header should be one of ['application/json']",` +
		`"details":[{"location":"header","name":"Accept","description":"Accept header should be one of ['application/json']"}]}`
	if got := string(rest.Body(err, rest.ErrorOptions{})); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestContentType(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		``: true, `application/json`: true, `application/json; charset=utf-8`: true, `APPLICATION/JSON`: true,
		`text/plain`: false, `application/merge-patch+json`: false, `;`: true,
	} {
		if err := rest.CheckContentType(http.Header{"Content-Type": {value}}); (err == nil) != want {
			t.Errorf("%s: got %v, want accepted %t", value, err, want)
		}
	}
	err := rest.CheckContentType(http.Header{"Content-Type": {"text/plain"}})
	want := `{"code":415,"errno":107,"error":"Invalid parameters","message":"Content-Type header should be one of ['application/json']",` +
		`"details":[{"location":"header","name":"Content-Type","description":"Content-Type header should be one of ['application/json']"}]}`
	if got := string(rest.Body(err, rest.ErrorOptions{})); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPatchKind(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]domain.PatchKind{
		``: domain.MergeAttributes, `application/json`: domain.MergeAttributes, `application/merge-patch+json;charset=utf-8`: domain.MergePatch,
		`application/json-patch+json`: domain.JSONPatch, `Application/JSON-Patch+json`: domain.JSONPatch,
	} {
		if got, err := rest.PatchKind(http.Header{"Content-Type": {value}}); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", value, got, err, want)
		}
	}
	_, err := rest.PatchKind(http.Header{"Content-Type": {"text/plain"}})
	want := `header Content-Type: Content-Type header should be one of ['application/json', 'application/merge-patch+json', 'application/json-patch+json']`
	if err == nil || showDetails(err) != want || err.Code != domain.UnsupportedType {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestResponseBehavior(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]rest.Behavior{``: rest.Full, `full`: rest.Full, `light`: rest.Light, `diff`: rest.Diff} {
		if got, err := rest.ResponseBehavior(http.Header{"Response-Behavior": {value}}); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", value, got, err, want)
		}
	}
	_, err := rest.ResponseBehavior(http.Header{"Response-Behavior": {"Light"}})
	want := `{"code":400,"errno":107,"error":"Invalid parameters","message":"Response-Behavior in header: \"Light\" is not one of full, light, diff",` +
		`"details":[{"location":"header","name":"Response-Behavior","description":"\"Light\" is not one of full, light, diff"}]}`
	if got := string(rest.Body(err, rest.ErrorOptions{})); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
