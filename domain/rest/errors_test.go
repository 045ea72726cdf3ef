package rest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

func TestBodyIsExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		err  *domain.Error
		want string
	}{
		{
			"unknown object", &domain.Error{Code: domain.UnknownObject, Resource: "record", ID: "r1"},
			`{"code":404,"errno":110,"error":"Not Found","details":{"id":"r1","resource_name":"record"}}`,
		},
		{
			"missing parent", &domain.Error{Code: domain.MissingResource, Resource: "collection", ID: "nope"},
			`{"code":404,"errno":111,"error":"Not Found","details":{"id":"nope","resource_name":"collection"}}`,
		},
		{
			"unknown URL", &domain.Error{Code: domain.MissingResource},
			`{"code":404,"errno":111,"error":"Not Found","message":"The resource you are looking for could not be found."}`,
		},
		{
			"version", &domain.Error{Code: domain.UnknownVersion},
			`{"code":404,"errno":116,"error":"Not Found","message":"The requested API version is not available on this server."}`,
		},
		{
			"forbidden", &domain.Error{Code: domain.Forbidden},
			`{"code":403,"errno":121,"error":"Forbidden","message":"This user cannot access this resource."}`,
		},
		{
			"anonymous", &domain.Error{Code: domain.Unauthenticated},
			`{"code":401,"errno":104,"error":"Unauthorized","message":"Please authenticate yourself to use this endpoint."}`,
		},
		{
			"method", &domain.Error{Code: domain.MethodNotAllowed},
			`{"code":405,"errno":115,"error":"Method Not Allowed","message":"Method not allowed on this endpoint."}`,
		},
		{
			"precondition", &domain.Error{Code: domain.PreconditionFails, Existing: []byte(`{"title":"x","id":"blog","last_modified":1795393681724}`)},
			`{"code":412,"errno":114,"error":"Precondition Failed","message":"Resource was modified meanwhile","details":{"existing":{"title":"x","id":"blog","last_modified":1795393681724}}}`,
		},
		{
			"precondition on nothing", &domain.Error{Code: domain.PreconditionFails},
			`{"code":412,"errno":114,"error":"Precondition Failed","message":"Resource was modified meanwhile"}`,
		},
		{
			"internal shows nothing", &domain.Error{Code: domain.Internal, Message: "secret", Cause: errors.New("secret")},
			`{"code":500,"errno":999,"error":"Internal Server Error","message":"A programmatic error occurred, developers have been informed.","info":"https://example.org/"}`,
		},
		{
			"message without details", &domain.Error{Code: domain.Invalid, Message: "Invalid URL path."},
			`{"code":400,"errno":107,"error":"Bad Request","message":"Invalid URL path."}`,
		},
		{
			"name in location", domain.Invalidf(domain.InQuery, "_since", `"abc" is not a number`),
			`{"code":400,"errno":107,"error":"Invalid parameters","message":"_since in querystring: \"abc\" is not a number","details":[{"location":"querystring","name":"_since","description":"\"abc\" is not a number"}]}`,
		},
		{
			"name occurs in the description", domain.Invalidf(domain.InBody, "data", "Provide at least one of data or permissions"),
			`{"code":400,"errno":107,"error":"Invalid parameters","message":"Provide at least one of data or permissions","details":[{"location":"body","name":"data","description":"Provide at least one of data or permissions"}]}`,
		},
		{
			"no name", domain.Invalidf(domain.InPath, nil, "Invalid object id"),
			`{"code":400,"errno":107,"error":"Invalid parameters","message":"path: Invalid object id","details":[{"location":"path","name":null,"description":"Invalid object id"}]}`,
		},
		{
			"empty name", domain.Invalidf(domain.InBody, "", "Required"),
			`{"code":400,"errno":107,"error":"Invalid parameters","message":"Required","details":[{"location":"body","name":"","description":"Required"}]}`,
		},
		{
			"a number as name, not ASCII", domain.Invalidf(domain.InBody, 0, "Ünknown <&>"),
			`{"code":400,"errno":107,"error":"Invalid parameters","message":"0 in body: \u00DCnknown <&>","details":[{"location":"body","name":0,"description":"\u00DCnknown <&>"}]}`,
		},
		{
			"a detail with a number", &domain.Error{Code: domain.Invalid, Details: []domain.Detail{
				{Location: domain.InQuery, Name: "state", Description: "Invalid state", Errno: 105},
			}},
			`{"code":400,"errno":107,"error":"Invalid parameters","message":"Invalid state","details":[{"location":"querystring","name":"state","description":"Invalid state","errno":105}]}`,
		},
		{"sorted by the text of the name, nil as None", &domain.Error{Code: domain.Invalid, Details: []domain.Detail{
			{Location: "body", Name: "b", Description: "1"},
			{Location: "querystring", Name: nil, Description: "2"},
			{Location: "body", Name: 7, Description: "3"},
		}}, `{"code":400,"errno":107,"error":"Invalid parameters","message":"7 in body: 3","details":[{"location":"body","name":7,"description":"3"},{"location":"querystring","name":null,"description":"2"},{"location":"body","name":"b","description":"1"}]}`},
	} {
		got := string(rest.Body(c.err, rest.ErrorOptions{Info: "https://example.org/"}))
		if got != c.want {
			t.Errorf("%s: got\n%s, want\n%s", c.name, got, c.want)
		}
	}
}

func TestEveryCodeHasAStatusAndABody(t *testing.T) {
	t.Parallel()
	for code, want := range map[domain.Code][2]int{
		domain.Invalid: {400, 107}, domain.Unauthenticated: {401, 104}, domain.Forbidden: {403, 121},
		domain.UnknownObject: {404, 110}, domain.MissingResource: {404, 111}, domain.UnknownVersion: {404, 116},
		domain.MethodNotAllowed: {405, 115}, domain.NotAcceptable: {406, 107}, domain.UnsupportedType: {415, 107},
		domain.Conflict: {409, 122}, domain.PreconditionFails: {412, 114}, domain.TooLarge: {413, 113}, domain.HeadersTooLarge: {431, 113},
		domain.Unavailable: {503, 201}, domain.Gone: {410, 202}, domain.Internal: {500, 999}, "unheard of": {500, 999},
	} {
		if got := [2]int{rest.Status(code), rest.Errno(code)}; got != want {
			t.Errorf("%q: got %v, want %v", code, got, want)
		}
		var body struct{ Code, Errno int }
		if err := json.Unmarshal(rest.Body(&domain.Error{Code: code}, rest.ErrorOptions{}), &body); err != nil {
			t.Errorf("%q: %v", code, err)
		}
		if got := [2]int{body.Code, body.Errno}; got != want {
			t.Errorf("%q: got %v in the body, want %v", code, got, want)
		}
	}
}

func TestHeadersOfErrors(t *testing.T) {
	t.Parallel()
	opts := rest.ErrorOptions{RetryAfter: 3}
	for _, c := range []struct {
		err               *domain.Error
		etag, date, retry string
	}{
		{&domain.Error{Code: domain.PreconditionFails, Timestamp: 1795393681724}, `"1795393681724"`, "Mon, 23 Nov 2026 00:28:01 GMT", ""},
		{&domain.Error{Code: domain.PreconditionFails, Timestamp: 0}, `"0"`, "Thu, 01 Jan 1970 00:00:00 GMT", ""},
		{&domain.Error{Code: domain.PreconditionFails, Timestamp: 5, Unseen: true}, "", "", ""},
		{&domain.Error{Code: domain.Unavailable}, "", "", "3"},
		{&domain.Error{Code: domain.Conflict}, "", "", "3"},
		{&domain.Error{Code: domain.Internal}, "", "", ""},
	} {
		h := http.Header{}
		rest.Headers(h, c.err, opts)
		if h.Get("ETag") != c.etag || h.Get("Last-Modified") != c.date || h.Get("Retry-After") != c.retry {
			t.Errorf("%v: got %v, want %q, %q, %q", c.err, h, c.etag, c.date, c.retry)
		}
	}
}

func TestProblemFindsTheErrorInTheChain(t *testing.T) {
	t.Parallel()
	known := &domain.Error{Code: domain.Conflict}
	if got := rest.Problem(fmt.Errorf("append: %w", known)); got != known {
		t.Errorf("got %v, want %v", got, known)
	}
	cause := errors.New("disk on fire")
	if got := rest.Problem(cause); got.Code != domain.Internal || !errors.Is(got, cause) {
		t.Errorf("got %v, want Internal with the cause", got)
	}
	if got := rest.Problem(nil); got != nil {
		t.Errorf("got %v, want nil", got)
	}
}

func TestJoinCollectsDetails(t *testing.T) {
	t.Parallel()
	a, b := domain.Invalidf(domain.InBody, "a", "1"), domain.Invalidf(domain.InHeader, "b", "2")
	if got := rest.Join(nil, a, nil, b); len(got.Details) != 2 || got.Code != domain.Invalid {
		t.Errorf("got %+v, want both details", got)
	}
	gone := &domain.Error{Code: domain.Gone}
	if got := rest.Join(a, gone); got != gone {
		t.Errorf("got %v, want %v", got, gone)
	}
	if got := rest.Join(nil, nil); got != nil {
		t.Errorf("got %v, want nil", got)
	}
}
