package postgres

import (
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
	"github.com/kintolog/kintolog/projections/internal/sqlquery/sqltest"
)

func TestWritesTheSameSQL(t *testing.T) {
	t.Parallel()
	sqltest.Golden(t, dialect{})
}

// TestManyValuesAreLookedForTogether: each that is looked for alone goes through the array once.
func TestManyValuesAreLookedForTogether(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{2: 2, 8: 8, 9: 0, 1000: 0} {
		values := make([][]byte, n)
		for i := range values {
			values[i] = []byte(strconv.Itoa(i))
		}
		text, args := sqlquery.List(dialect{}, domain.Query{Plural: "/l", Limit: 1, Filters: []domain.Filter{
			{Field: domain.Field{"v"}, Op: domain.ContainsAny, Values: values},
		}})
		if got := strings.Count(text, "@>"); got != want || len(args) > n+3 {
			t.Errorf("%d values: got %d of them alone and %d arguments, want %d alone", n, got, len(args), want)
		}
	}
}

// TestLikeFoldsWhatThePatternHas: each character that is folded is looked for at every place of a text.
func TestLikeFoldsWhatThePatternHas(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string][2]string{
		`"zZ*\u00E9_1"`: {"ZÉ", "zé"}, `"K"`: {"K\u212A", "kk"}, `"12"`: {"", ""}, `"\u00DF"`: {"\u1E9E", "\u00DF"},
	} {
		_, args := sqlquery.List(dialect{}, domain.Query{Plural: "/l", Limit: 1, Filters: []domain.Filter{
			{Field: domain.Field{"v"}, Op: domain.Like, Values: [][]byte{[]byte(pattern)}},
		}})
		upper, lower := args[len(args)-3], args[len(args)-2]
		if upper != want[0] || lower != want[1] {
			t.Errorf("%s: got %q to %q, want %q", pattern, upper, lower, want)
		}
	}
	for r := range rune(unicode.MaxRune) {
		to := unicode.ToLower(r)
		if upper, _ := foldings(string(to)); to != r && !strings.ContainsRune(upper, r) {
			t.Errorf("%q is not folded for %q", r, to)
		}
		if unicode.ToLower(to) != to {
			t.Errorf("%q is folded to %q, which is folded itself", r, to)
		}
	}
}
