package rest_test

import (
	"net/http"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

func TestParsePrecondition(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]domain.Match{
		``:                {},
		`*`:               domain.MatchAny,
		` * `:             domain.MatchAny,
		`"1795393681724"`: domain.MatchTimestamp(1795393681724),
		`"0"`:             domain.MatchTimestamp(0),
	} {
		for _, name := range []string{"If-Match", "If-None-Match"} {
			p, err := rest.ParsePrecondition(http.Header{name: {value}})
			wanted := domain.Precondition{IfMatch: want}
			if name == "If-None-Match" {
				wanted = domain.Precondition{IfNoneMatch: want}
			}
			if err != nil || p != wanted {
				t.Errorf("%s: %s: got %+v, %v, want %+v", name, value, p, err, wanted)
			}
		}
	}
}

func TestParsePreconditionRefusesAnythingElse(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`123`, `W/"123"`, `"abc"`, `""`, `"`, `"-1"`, `"1`, `*"1"`, `"99999999999999999999"`, `"1", "2"`, `"٣"`} {
		_, err := rest.ParsePrecondition(http.Header{"If-Match": {value}, "If-None-Match": {`*`}})
		if err == nil {
			t.Fatalf("%s: accepted", value)
		}
		got := string(rest.Body(err, rest.ErrorOptions{}))
		want := `{"code":400,"errno":107,"error":"Invalid parameters","message":"If-Match in header: The value should be integer between double quotes.",` +
			`"details":[{"location":"header","name":"If-Match","description":"The value should be integer between double quotes."}]}`
		if got != want {
			t.Errorf("%s: got\n%s, want\n%s", value, got, want)
		}
	}
	_, err := rest.ParsePrecondition(http.Header{"If-Match": {"x"}, "If-None-Match": {"y"}})
	if err == nil || len(err.Details) != 2 {
		t.Errorf("got %v, want an error about both headers", err)
	}
}

func FuzzParsePrecondition(f *testing.F) {
	for _, seed := range []string{`*`, `"1"`, `"`, `W/"1"`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		p, err := rest.ParsePrecondition(http.Header{"If-Match": {value}})
		if (err != nil) && p.Given() {
			t.Errorf("%q: got both %+v and %v", value, p, err)
		}
		if at, ok := p.IfMatch.Timestamp(); ok {
			if again, _ := rest.ParsePrecondition(http.Header{"If-Match": {rest.ETag(at)}}); again != p {
				t.Errorf("%q: got %+v from its own ETag, want %+v", value, again, p)
			}
		}
	})
}
