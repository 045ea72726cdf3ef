package rest_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

func parseSort(t *testing.T, raw string) []domain.Sort {
	t.Helper()
	list, err := rest.ParseQuery("_sort="+raw, rest.QueryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Query.Sort
}

func TestTokenHasTheValuesOfTheLastObject(t *testing.T) {
	t.Parallel()
	last := domain.Object{
		URI: "/buckets/blog/collections/art/records/r1", LastModified: 1795393681765,
		Data: []byte(`{"a":2,"id":"r1","address":{"city":"\u00DCz"},"last_modified":1795393681765}`),
	}
	order := parseSort(t, "a,address.city,missing,id,deleted")
	text := rest.EncodeToken(order, last, rest.Token{Offset: 3, Nonce: "pagination-token-1"})
	raw, _ := base64.StdEncoding.DecodeString(text)
	want := `{"last_object":{"a":2,"address.city":"\u00DCz","id":"r1","last_modified":1795393681765},"offset":3,"nonce":"pagination-token-1"}`
	if string(raw) != want {
		t.Errorf("got %s, want %s", raw, want)
	}
	token, after, err := rest.DecodeToken(text, order)
	if err != nil || token != (rest.Token{Offset: 3, Nonce: "pagination-token-1"}) {
		t.Errorf("got %+v, %v", token, err)
	}
	if got := showValues(after); got != `2 "\u00DCz" - "r1" - 1795393681765` {
		t.Errorf("got %s", got)
	}
}

func showValues(values [][]byte) string {
	var all []string
	for _, v := range values {
		if v == nil {
			v = []byte("-")
		}
		all = append(all, string(v))
	}
	return strings.Join(all, " ")
}

func TestQueryContinuesBehindTheToken(t *testing.T) {
	t.Parallel()
	first := domain.Object{URI: "/buckets/a", LastModified: 7, Data: []byte(`{"x":1}`)}
	second := domain.Object{URI: "/buckets/b", LastModified: 6, Data: []byte(`{"x":1}`)}
	token := rest.EncodeToken(parseSort(t, "x"), first, rest.Token{Offset: 2, Nonce: "n"})
	next := rest.NextPage("http://localhost/v1/buckets", "_sort=x", 1, token)
	_, raw, _ := strings.Cut(next, "?")
	list, err := rest.ParseQuery(raw, rest.QueryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if list.Token == nil || list.Token.Nonce != "n" || list.Query.Limit != 1 {
		t.Errorf("got %+v", list)
	}
	if list.Query.Beyond(first) || !list.Query.Beyond(second) {
		t.Errorf("got %s: want only the second object beyond", showValues(list.Query.After))
	}
}

func TestTokenOfTheReferenceIsAccepted(t *testing.T) {
	t.Parallel()
	text := base64.StdEncoding.EncodeToString([]byte(
		`{"last_object": {"a": 2, "last_modified": 1795393681765}, "offset": 3, "nonce": "pagination-token-06c4681e-e028-4134-9026-4d6deec175e5"}`))
	_, after, err := rest.DecodeToken(text, parseSort(t, "a"))
	if err != nil || showValues(after) != "2 1795393681765" {
		t.Errorf("got %s, %v", showValues(after), err)
	}
}

func TestInvalidTokensAreRefused(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		``, `{`, `[]`, `null`, `{}`, `{"last_object":[],"offset":1,"nonce":"n"}`, `{"last_object":{"last_modified":1},"nonce":"n"}`,
		`{"last_object":{"last_modified":1},"offset":"1","nonce":"n"}`, `{"last_object":{"last_modified":1},"offset":1,"nonce":2}`,
		`{"last_object":{},"offset":1,"nonce":"n"}`, `{"last_object":{"last_modified":"1"},"offset":1,"nonce":"n"}`,
		`{"last_object":{"last_modified":1.5},"offset":1,"nonce":"n"}`, `{"last_object":{"last_modified":1,"id":5},"offset":1,"nonce":"n"}`,
		`{"last_object":{"last_modified":1,"id":"x","deleted":1},"offset":1,"nonce":"n"}`,
	} {
		text := base64.StdEncoding.EncodeToString([]byte(content))
		_, _, err := rest.DecodeToken(text, parseSort(t, "id,deleted"))
		if err == nil || showDetails(err) != `querystring <nil>: _token has invalid content` {
			t.Errorf("%s: got %v", content, err)
		}
	}
	if _, _, err := rest.DecodeToken("not base64!", domain.NewestFirst); err == nil {
		t.Error("accepted what is not base64")
	}
}

func TestNextPageKeepsTheParameters(t *testing.T) {
	t.Parallel()
	const base = "http://localhost/v1/buckets"
	for raw, want := range map[string]string{
		``:                                "?_limit=2&_token=a%2Bb%3D",
		`_limit=2&_sort=a`:                "?_limit=2&_sort=a&_token=a%2Bb%3D",
		`_sort=a&x=%20%zz`:                "?_sort=a&x=%20%25zz&_limit=2&_token=a%2Bb%3D",
		`x="é 1`:                          "?x=%22%C3%A9%201&_limit=2&_token=a%2Bb%3D",
		`_token=old&y=1&_limit=500`:       "?_token=a%2Bb%3D&y=1&_limit=2",
		`%5Ftoken=old&_limit=1&_limit=&&`: "?_token=a%2Bb%3D&_limit=2",
		`in_id=a,b&in_id=c`:               "?in_id=a,b&in_id=c&_limit=2&_token=a%2Bb%3D",
	} {
		if got := rest.NextPage(base, raw, 2, "a+b="); got != base+want {
			t.Errorf("%s: got %s, want %s", raw, got, base+want)
		}
	}
}

func FuzzDecodeToken(f *testing.F) {
	f.Add(`{"last_object":{"a":2,"last_modified":5},"offset":3,"nonce":"n"}`)
	f.Add(`{"last_object":{"last_modified":5}}`)
	order := []domain.Sort{{Field: domain.Field{"a"}}, domain.NewestFirst[0]}
	f.Fuzz(func(t *testing.T, content string) {
		for _, text := range []string{content, base64.StdEncoding.EncodeToString([]byte(content))} {
			_, after, err := rest.DecodeToken(text, order)
			if err != nil && err.Code != domain.Invalid || err == nil && len(after) != len(order) {
				t.Errorf("%q: got %q, %v", text, after, err)
			}
		}
	})
}
