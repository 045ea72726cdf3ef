package rest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/rest"
)

const now domain.Timestamp = 1795393681712

func show(filters []domain.Filter) string {
	var all []string
	for _, f := range filters {
		var values []string
		for _, v := range f.Values {
			values = append(values, string(v))
		}
		all = append(all, fmt.Sprintf("%s %s [%s]", f.Field, f.Op, strings.Join(values, " ")))
	}
	return strings.Join(all, "; ")
}

func TestFiltersAreTyped(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		``:                                   ``,
		`age=42`:                             `age eq [42]`,
		`age=%2242%22`:                       `age eq ["42"]`,
		`ok=true&x=null&name=bob`:            `ok eq [true]; x eq [null]; name eq ["bob"]`,
		`name=`:                              `name eq [""]`,
		`name`:                               `name eq [""]`,
		`v=1.0`:                              `v eq [1.0]`,
		`o={"a":1}`:                          `o eq [{"a":1}]`,
		`title=a+b%20c`:                      `title eq ["a b c"]`,
		`title=100%`:                         `title eq ["100%"]`,
		`+title+=x`:                          `title eq ["x"]`,
		`person.name=Eliot`:                  `person.name eq ["Eliot"]`,
		`foo-bar=1`:                          `foo-bar eq [1]`,
		`collection:schema=1`:                `collection:schema eq [1]`,
		`min_foo-bar=1`:                      `min_foo-bar eq [1]`,
		`eq_min_x=1`:                         `min_x eq [1]`,
		`min_a=1&max_a=2&gt_a=3&lt_a=4`:      `a min [1]; a max [2]; a gt [3]; a lt [4]`,
		`not_a=x`:                            `a not ["x"]`,
		`in_status=a,1,true,%222%22`:         `status in ["a" 1 true "2"]`,
		`in_x=v,`:                            `x in ["v" ""]`,
		`exclude_x=`:                         `x exclude [""]`,
		`like_x=foo*`:                        `x like ["foo*"]`,
		`like_x=%225%22`:                     `x like ["5"]`,
		`has_x=true`:                         `x has [true]`,
		`has_x=0&has_y=false&has_z=yes`:      `x has [false]; y has [false]; z has [true]`,
		`contains_x=a`:                       `x contains ["a"]`,
		`contains_x=["a",1]`:                 `x contains ["a" 1]`,
		`contains_any_x=[1]`:                 `x contains_any [1]`,
		`contains_any=1`:                     `any contains [1]`,
		`contains_x=[]`:                      `x contains []`,
		`_since=5`:                           `last_modified gt [5]`,
		`_since=%225%22`:                     `last_modified gt [5]`,
		`_since=1.5`:                         `last_modified gt [1]`,
		`_before=5`:                          `last_modified lt [5]`,
		`_to=5`:                              `last_modified lt [5]`,
		`last_modified=true`:                 `last_modified eq [1]`,
		`gt_last_modified=%225%22`:           `last_modified gt [5]`,
		`in_last_modified=1,%222%22`:         `last_modified in [1 2]`,
		`exclude_last_modified=1`:            `last_modified exclude [1]`,
		`id=5`:                               `id eq ["5"]`,
		`id=%225%22`:                         `id eq ["5"]`,
		`id=true`:                            `id eq ["true"]`,
		`in_id=a,5`:                          `id in ["a" "5"]`,
		`exclude_id=a,b`:                     `id exclude ["a" "b"]`,
		`a=1&a=2`:                            `a eq [["1","2"]]`,
		`in_a=1&in_a=2,3`:                    `a in [1 2 3]`,
		`_expected=1&_foo=%00&_cachebust`:    ``,
		`like_user_id=github:*`:              `user_id like ["github:*"]`,
		`gt_target.data.last_modified=7`:     `target.data.last_modified gt [7]`,
		`&&a=1&`:                             `a eq [1]`,
		`a=é`:                                `a eq ["\u00E9"]`,
		"a=" + strings.Repeat("[", 300) + "": `a eq ["` + strings.Repeat("[", 300) + `"]`,
	} {
		list, err := rest.ParseQuery(raw, rest.QueryOptions{Now: now})
		if err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		if got := show(list.Query.Filters); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}

func TestQueryErrors(t *testing.T) {
	t.Parallel()
	strict := rest.QueryOptions{Now: now, Known: []string{"target", "uri"}}
	for raw, want := range map[string]string{
		`_limit=abc`:                        `querystring _limit: "abc" is not a number`,
		`_since=abc`:                        `querystring _since: "abc" is not a number`,
		`last_modified=abc`:                 `querystring last_modified: "abc" is not a number`,
		`_limit=-1`:                         `querystring _limit: -1 is less than minimum value 0`,
		`_limit=9223372036854775809`:        `querystring _limit: 9223372036854775809 is greater than maximum value 9223372036854775808`,
		`_limit=99999999999999999999`:       `querystring _limit: 100000000000000000000 is greater than maximum value 9223372036854775808`,
		`_since=%2299999999999999999999%22`: `querystring _since: 99999999999999999999 is greater than maximum value 9223372036854775808`,
		`_since=-5`:                         `querystring _since: -5 is less than minimum value 0`,
		`_since=`:                           `querystring _since: Invalid value for _since`,
		`_since=null`:                       `querystring _since: Invalid value for _since`,
		`_before=1795480081712`:             `querystring _before: Invalid value for _before`,
		`_to=9223372036854775808`:           `querystring _to: Invalid value for _to`,
		`_since=1&_since=2`:                 `querystring _since: "['1', '2']" is not a number`,
		`_since=[1]`:                        `querystring _since: "[1]" is not a number`,
		`gt_last_modified=abc`:              `querystring gt_last_modified: Invalid value for gt_last_modified`,
		`gt_last_modified=1.5`:              `querystring gt_last_modified: Invalid value for gt_last_modified`,
		`gt_last_modified=-1`:               `querystring gt_last_modified: Invalid value for gt_last_modified`,
		`min_last_modified=1795480081712`:   `querystring min_last_modified: Invalid value for min_last_modified`,
		`in_last_modified=1,a`:              `querystring in_last_modified: Invalid value for in_last_modified`,
		`like_last_modified=1`:              `querystring like_last_modified: Invalid value for like_last_modified`,
		`like_x=5`:                          `querystring like_x: Invalid value for like_x`,
		`in_id=[],a`:                        `querystring in_id: Invalid value for in_id`,
		`id=[5]`:                            `querystring id: [5] is not a string: {'id': ''}`,
		`id=a&id=b`:                         `querystring id: ['a', 'b'] is not a string: {'id': ''}`,
		`contains_id=a`:                     `querystring contains_id: Field 'id' is not an array`,
		`contains_any_last_modified=1`:      `querystring contains_any_last_modified: Field 'last_modified' is not an array`,
		`a=%00`:                             `querystring a: Invalid character 0x00`,
		`in_a=b,c%00`:                       `querystring in_a: Invalid character 0x00`,
		`a="%5Cu0000"`:                      `querystring a: Invalid character 0x00`,
		`foo=1`:                             `querystring foo: Unknown filter field 'foo'`,
		`min_foo=1`:                         `querystring min_foo: Unknown filter field 'foo'`,
		`_sort=foo`:                         `querystring <nil>: Unknown sort field 'foo'`,
		`_fields=foo,uri,bar.x`:             `body Invalid _fields parameter: Fields bar,foo do not exist`,
		`_token=5`:                          `querystring _token: 5 is not a string: {'_token': ''}`,
		`_token=abc`:                        `querystring <nil>: _token has invalid content`,
		`_token=%25%25`:                     `querystring <nil>: _token has invalid content`,
		`_since=abc&_limit=-1`:              `querystring _since: "abc" is not a number; querystring _limit: -1 is less than minimum value 0`,
	} {
		opts := rest.QueryOptions{Now: now}
		if strings.Contains(want, "Unknown") || strings.Contains(want, "do not exist") {
			opts = strict
		}
		_, err := rest.ParseQuery(raw, opts)
		if err == nil {
			t.Errorf("%s: accepted, want %s", raw, want)
			continue
		}
		if got := showDetails(err); got != want || err.Code != domain.Invalid {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}

// TestAProjectionIsNotForDeletions: what they answer with are tombstones.
func TestAProjectionIsNotForDeletions(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{`_fields=a`, `_fields=foo`, `_fields=` + strings.Repeat("a,", 300) + `b`, `_fields=` + strings.Repeat("a.", 50) + `b`} {
		list, err := rest.ParseQuery(raw, rest.QueryOptions{Now: now, Known: []string{"a"}, Deletes: true})
		if err != nil || list.Fields != nil {
			t.Errorf("%.20s: got %v, %v, want it to be ignored", raw, list.Fields, err)
		}
	}
}

// TestTypedParametersAreCheckedFirst: the rest is told after the precondition.
func TestTypedParametersAreCheckedFirst(t *testing.T) {
	t.Parallel()
	for raw, late := range map[string]bool{
		`_limit=abc`: false, `_limit=-1`: false, `_since=abc`: false, `last_modified=abc`: false, `_token=5`: false, `id=[5]`: false,
		`_since=`: true, `_before=1795480081712`: true, `gt_last_modified=abc`: true, `like_x=5`: true, `in_id=[]`: true, `a=%00`: true,
		`id=%00`: true, `foo=1`: true, `_sort=foo`: true, `_fields=foo`: true, `_token=abc`: true,
		`foo=1&_limit=abc`: false, `_token=abc&_sort=foo&_since=abc`: false,
	} {
		_, err := rest.ParseQuery(raw, rest.QueryOptions{Now: now, Known: []string{"x", "a"}})
		if err == nil || err.Late != late {
			t.Errorf("%s: got %v, want Late to be %v", raw, err, late)
		}
		if err != nil && !late && len(err.Details) != 1 {
			t.Errorf("%s: got %s, want what is mistyped alone", raw, showDetails(err))
		}
	}
}

func showDetails(err *domain.Error) string {
	var all []string
	for _, d := range err.Details {
		all = append(all, fmt.Sprintf("%s %v: %s", d.Location, d.Name, d.Description))
	}
	return strings.Join(all, "; ")
}

func TestStrictSchemaLooksAtTheFirstNameOnly(t *testing.T) {
	t.Parallel()
	opts := rest.QueryOptions{Now: now, Known: []string{"target"}}
	raw := `target.data.x=1&min_id=a&_since=1&deleted=true&_sort=target.y,id&_fields=target.z,id`
	if _, err := rest.ParseQuery(raw, opts); err != nil {
		t.Error(err)
	}
}

func TestQueryThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	_, err := rest.ParseQuery(`a=%FF`, rest.QueryOptions{})
	if err == nil {
		t.Fatal("accepted")
	}
	want := `{"code":400,"errno":107,"error":"Bad Request","message":"The querystring is not valid UTF-8: a=%FF"}`
	if got := string(rest.Body(err, rest.ErrorOptions{})); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestQueryErrorBodyIsExact(t *testing.T) {
	t.Parallel()
	_, err := rest.ParseQuery(`_sort=foo`, rest.QueryOptions{Known: []string{}})
	want := `{"code":400,"errno":107,"error":"Invalid parameters","message":"querystring: Unknown sort field 'foo'",` +
		`"details":[{"location":"querystring","name":null,"description":"Unknown sort field 'foo'"}]}`
	if got := string(rest.Body(err, rest.ErrorOptions{})); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTombstonesComeWithAFilterOnLastModified(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		``: false, `a=1`: false, `deleted=true`: false, `data.last_modified=1`: false, `_sort=last_modified`: false,
		`_since=0`: true, `_before=1`: true, `_to=1`: true, `last_modified=1`: true, `gt_last_modified=1`: true, `in_last_modified=1`: true,
	} {
		list, err := rest.ParseQuery(raw, rest.QueryOptions{Now: now})
		if err != nil || list.Query.Tombstones != want {
			t.Errorf("%s: got %t, %v, want %t", raw, list.Query.Tombstones, err, want)
		}
	}
}

func TestSortEndsInLastModified(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		``:                           `-last_modified`,
		`_sort=`:                     `-last_modified`,
		`_sort=a,-b`:                 `a,-b,-last_modified`,
		`_sort=%2Ba.b,+c`:            `a.b,c,-last_modified`,
		`_sort=-last_modified`:       `-last_modified`,
		`_sort=last_modified`:        `last_modified`,
		`_sort=a,last_modified,b`:    `a,last_modified`,
		`_sort=a,-a,foo-bar,,--x,é`:  `a,é,-last_modified`,
		`_sort=a&_sort=b`:            `a,b,-last_modified`,
		`_sort=a,-last_modified,b,c`: `a,-last_modified`,
	} {
		list, err := rest.ParseQuery(raw, rest.QueryOptions{})
		if err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		var got []string
		for _, s := range list.Query.Sort {
			name := s.Field.String()
			if s.Descending {
				name = "-" + name
			}
			got = append(got, name)
		}
		if got := strings.Join(got, ","); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}

func TestLimitIsTheSmallest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		raw                  string
		paginateBy, maxFetch int
		want                 int
	}{
		{``, 0, 0, 10000},
		{`_limit=`, 0, 0, 10000},
		{`_limit=0`, 0, 0, 10000},
		{`_limit=null`, 5, 0, 5},
		{`_limit=3`, 5, 0, 3},
		{`_limit=%223%22`, 5, 0, 3},
		{`_limit=7`, 5, 0, 5},
		{`_limit=9223372036854775808`, 0, 100, 100},
		{``, 200, 100, 100},
	} {
		list, err := rest.ParseQuery(c.raw, rest.QueryOptions{PaginateBy: c.paginateBy, MaxFetch: c.maxFetch})
		if err != nil || list.Query.Limit != c.want {
			t.Errorf("%+v: got %d, %v, want %d", c, list.Query.Limit, err, c.want)
		}
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][][]string{
		``: nil, `_fields=`: nil, `a=1`: nil,
		`_fields=address.city,+title,,title`: {{"address", "city"}, {"title"}},
	} {
		list, err := rest.ParseQuery(raw, rest.QueryOptions{})
		got, err2 := rest.ParseFields(raw, rest.QueryOptions{})
		if err != nil || err2 != nil || fmt.Sprint(list.Fields) != fmt.Sprint(want) || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v and %v, %v, %v, want %v", raw, list.Fields, got, err, err2, want)
		}
	}
	if got, err := rest.ParseFields(`_limit=abc&x=%00`, rest.QueryOptions{}); got != nil || err != nil {
		t.Errorf("got %v, %v: want other parameters ignored", got, err)
	}
}

func TestToIsDeprecated(t *testing.T) {
	t.Parallel()
	list, _ := rest.ParseQuery(`_to=5`, rest.QueryOptions{Now: now})
	want := `{"code":"soft-eol","message":"_to is now deprecated, you should use _before instead",` +
		`"url":"https://kinto.readthedocs.io/en/2.4.0/api/resource.html#list-of-available-url-parameters"}`
	if list.Alert == nil || list.Alert.String() != want {
		t.Errorf("got %v, want %s", list.Alert, want)
	}
	if list, _ := rest.ParseQuery(`_before=5`, rest.QueryOptions{Now: now}); list.Alert != nil {
		t.Errorf("got %v, want no alert", list.Alert)
	}
}

func TestQueryLimits(t *testing.T) {
	t.Parallel()
	limits := rest.QueryLimits{Length: 60, Parameters: 3, Values: 2, Sort: 2, Fields: 2, Depth: 2}
	for raw, want := range map[string]string{
		strings.Repeat("a", 61): `querystring <nil>: The querystring is longer than 60 bytes`,
		`a=1&b=2&c=3&d=4`:       `querystring <nil>: The querystring has more than 3 parameters`,
		`in_a=1,2,3`:            `querystring in_a: More than 2 values`,
		`contains_a=[1,2,3]`:    `querystring contains_a: More than 2 values`,
		`contains_a=[[1],[]]`:   `querystring contains_a: More than 1 arrays, objects and members of objects`,
		`contains_a=[{"b":1}]`:  `querystring contains_a: More than 1 arrays, objects and members of objects`,
		`contains_a={"b":[{}]}`: `querystring contains_a: More than 1 arrays, objects and members of objects`,
		`_sort=a,b,c`:           `querystring _sort: More than 2 fields to sort by`,
		`_fields=a,b,c`:         `querystring _fields: More than 2 fields`,
		`a.b.c=1`:               `querystring a.b.c: A path has more than 2 names`,
		`_fields=a.b.c`:         `querystring _fields: A path has more than 2 names`,
		`_sort=a.b.c`:           `querystring _sort: A path has more than 2 names`,
	} {
		_, err := rest.ParseQuery(raw, rest.QueryOptions{Limits: limits})
		if err == nil || showDetails(err) != want {
			t.Errorf("%s: got %v, want %s", raw, err, want)
		}
	}
	atLimits := `in_a=1,2&_sort=a,b&_fields=a.b,ccccccccccccccccccccccccccccc`
	for _, raw := range []string{atLimits, nextPage(t, atLimits)} {
		if _, err := rest.ParseQuery(raw, rest.QueryOptions{Limits: limits}); err != nil {
			t.Errorf("at the limits: %s: %v", raw, err)
		}
	}
}

// nextPage is the query string of the page after one.
func nextPage(t *testing.T, raw string) string {
	t.Helper()
	token := rest.EncodeToken(parseSort(t, "a,b"), domain.Object{URI: "/things/x", LastModified: 5, Data: []byte(`{"a":1,"b":2}`)}, rest.Token{Nonce: "n"})
	_, query, _ := strings.Cut(rest.NextPage("http://localhost/v1/things", raw, 1, token), "?")
	return query
}

func TestParseDeletion(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `last_modified=null`, `x=1`} {
		if got, err := rest.ParseDeletion(raw, rest.QueryLimits{}); err != nil || got != nil {
			t.Errorf("%s: got %v, %v, want none", raw, got, err)
		}
	}
	for raw, want := range map[string]domain.Timestamp{
		`last_modified=12`: 12, `last_modified=%2212%22`: 12, `last_modified=0`: 0, `last_modified=-1`: -1,
	} {
		if got, err := rest.ParseDeletion(raw, rest.QueryLimits{}); err != nil || got == nil || *got != want {
			t.Errorf("%s: got %v, %v, want %d", raw, got, err, want)
		}
	}
	for _, raw := range []string{`last_modified=abc`, `last_modified=1.5`, `last_modified=true`, `last_modified=`, `last_modified=253402300800000`, `last_modified=1&last_modified=2`} {
		if _, err := rest.ParseDeletion(raw, rest.QueryLimits{}); err == nil || showDetails(err) != `querystring last_modified: Invalid value for last_modified` {
			t.Errorf("%s: got %v", raw, err)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{
		`_since=5&_limit=2&_sort=-a,b.c&_fields=x`, `in_id=a,b&like_x=*&has_y=true`, `a=%00&b=%FF&%=+`, `contains_any_x=[1,{}]`,
		`_token=eyJsYXN0X29iamVjdCI6e319`, `last_modified="1"&_before=1e400`, `=&==&a.=.`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		list, err := rest.ParseQuery(raw, rest.QueryOptions{Now: now})
		if err != nil {
			if status := rest.Status(err.Code); status < 400 || status > 499 {
				t.Errorf("%q: got status %d", raw, status)
			}
			return
		}
		q := list.Query
		if len(q.Sort) == 0 || !q.Sort[len(q.Sort)-1].Field.Is("last_modified") {
			t.Errorf("%q: the order %v is not total", raw, q.Sort)
		}
		touches := slices.ContainsFunc(q.Filters, func(f domain.Filter) bool { return f.Field.Is("last_modified") })
		if touches != q.Tombstones || q.Limit < 1 || q.After != nil && len(q.After) != len(q.Sort) {
			t.Errorf("%q: got %+v", raw, q)
		}
	})
}

func BenchmarkParseQuery(b *testing.B) {
	raw := `_since=%221795393681712%22&_limit=100&_sort=-last_modified&status=active&min_age=18`
	for b.Loop() {
		if _, err := rest.ParseQuery(raw, rest.QueryOptions{Now: now, PaginateBy: 200}); err != nil {
			b.Fatal(err)
		}
	}
}
