// Package sqltest holds the SQL that a dialect writes to golden files, so that a change of it is seen in review.
package sqltest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Golden compares the statements for a choice of queries with testdata/list.golden of the package under test.
func Golden(t *testing.T, d sqlquery.Dialect) {
	t.Helper()
	var b strings.Builder
	for _, c := range cases() {
		text, args := sqlquery.List(d, c.query)
		fmt.Fprintf(&b, "-- %s\n%s\n", c.name, text)
		for i, arg := range args {
			fmt.Fprintf(&b, "-- $%d = %.60q\n", i+1, fmt.Sprint(arg))
		}
		b.WriteString("\n")
	}
	text, _ := sqlquery.Count(d, cases()[3].query)
	fmt.Fprintf(&b, "-- count\n%s\n", text)
	compare(t, filepath.Join("testdata", "list.golden"), b.String())
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // as other sources
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("statements differ from %s; to accept them run the test with -update\ngot\n%s", file, got)
	}
}

type namedQuery struct {
	name  string
	query domain.Query
}

func cases() []namedQuery {
	filter := func(field string, op domain.Op, values ...string) domain.Filter {
		f := domain.Filter{Field: domain.ParseField(field), Op: op}
		for _, v := range values {
			f.Values = append(f.Values, []byte(v))
		}
		return f
	}
	by := []domain.Sort{{Field: domain.Field{"a", "b"}}, {Field: domain.Field{"id"}, Descending: true}, domain.NewestFirst[0]}
	cases := []namedQuery{
		{"newest first", domain.Query{}},
		{"data alone", domain.Query{DataOnly: true}},
		{"poll", domain.Query{Tombstones: true, Filters: []domain.Filter{filter("last_modified", domain.Greater, "5")}}},
		{"filters", domain.Query{Filters: []domain.Filter{
			filter("a", domain.Equal, `1`), filter("a", domain.Not, `null`), filter("a.b", domain.Min, `"x"`), filter("a", domain.Less, `[1]`),
			filter("a", domain.In, `1`, `"1"`), filter("a", domain.Exclude, `{}`), filter("a", domain.Like, `"x*"`), filter("a", domain.Has, `false`),
			filter("a", domain.Contains, `1`, `2`), filter("a", domain.ContainsAny, `1`, `[2]`),
		}}},
		{"columns", domain.Query{Filters: []domain.Filter{
			filter("id", domain.Greater, `"x"`), filter("id", domain.In, `"x"`), filter("last_modified", domain.Max, `1.5`), filter("deleted", domain.Not, `true`),
		}}},
		{"next page", domain.Query{Sort: by, After: [][]byte{nil, []byte(`"x"`), []byte("5")}}},
		{"shared", domain.Query{Shared: &domain.Shared{Permissions: []string{"read"}, Principals: []string{"me"}, Members: []string{"me"}}}},
		{"except", domain.Query{Except: []string{"x"}}},
	}
	for i := range cases {
		cases[i].query.Plural, cases[i].query.Limit = "/things", 10
	}
	return cases
}
