package postgres

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// dialect takes values apart by their type, because jsonb compares texts by the collation of the database.
type dialect struct{}

func (dialect) Texts(a *sqlquery.Args, texts []string) string {
	if texts == nil {
		texts = []string{} // nil is NULL
	}
	return "SELECT unnest(" + a.Bind(texts) + "::text[])"
}

// OneOf makes the planner use an index, whatever it believes about the size of the subquery.
func (dialect) OneOf(column, subquery string) string {
	return column + " = ANY(ARRAY(" + subquery + "))"
}

// attribute is the value as jsonb, NULL if it is missing. Names are followed one by one: a path would take "0" for
// an index of an array.
func attribute(a *sqlquery.Args, f domain.Field) string {
	var b strings.Builder
	b.WriteString("o.doc")
	for _, name := range f {
		b.WriteString(" -> " + a.Bind(name) + "::text")
	}
	return "(" + b.String() + ")"
}

func jsonb(a *sqlquery.Args, value []byte) string { return a.Bind(string(value)) + "::jsonb" }

func jsonbs(a *sqlquery.Args, values [][]byte) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return a.Bind(texts) + "::jsonb[]"
}

// sortable is the array or object as it is compared; as a subquery it is made once, and not for every row.
func sortable(a *sqlquery.Args, value []byte) string {
	return "(SELECT sortable(" + jsonb(a, value) + "))"
}

// rank orders the types as protocol 3.6 does.
func rank(v string) string {
	return "CASE jsonb_typeof(" + v + ") WHEN 'null' THEN 1 WHEN 'string' THEN 2 WHEN 'number' THEN 3" +
		" WHEN 'boolean' THEN 4 WHEN 'array' THEN 5 WHEN 'object' THEN 6 ELSE 7 END"
}

func (dialect) Compare(a *sqlquery.Args, f domain.Field, op string, value []byte) string {
	if len(value) == 0 {
		return compareMissing(a, f, op)
	}
	v := attribute(a, f)
	if op == "=" {
		return v + " = " + jsonb(a, value)
	}
	var name, inner, order string
	switch jsondoc.KindOf(value) {
	case jsondoc.KindNull:
		name, inner, order = "null", "0 "+op+" 0", "1"
	case jsondoc.KindString:
		text, _ := jsondoc.String(value)
		name, inner, order = "string", "("+v+` #>> '{}') COLLATE "C" `+op+" "+a.Bind(text), "2"
	case jsondoc.KindNumber:
		name, inner, order = "number", v+"::numeric "+op+" "+a.Bind(string(value))+"::text::numeric", "3"
	case jsondoc.KindBool:
		name, inner, order = "boolean", v+"::boolean "+op+" "+string(value), "4"
	case jsondoc.KindArray:
		name, inner, order = "array", "sortable("+v+") "+op+" "+sortable(a, value), "5"
	default:
		name, inner, order = "object", "sortable("+v+") "+op+" "+sortable(a, value), "6"
	}
	return "CASE WHEN jsonb_typeof(" + v + ") = '" + name + "' THEN " + inner + " ELSE " + rank(v) + " " + op + " " + order + " END"
}

// compareMissing compares to what is greater than all values. A placeholder that is bound must be used.
func compareMissing(a *sqlquery.Args, f domain.Field, op string) string {
	switch op {
	case "<":
		return attribute(a, f) + " IS NOT NULL"
	case "<=":
		return "TRUE"
	case ">":
		return "FALSE"
	default:
		return attribute(a, f) + " IS NULL"
	}
}

func (dialect) In(a *sqlquery.Args, f domain.Field, values [][]byte) string {
	return attribute(a, f) + " = ANY(" + jsonbs(a, values) + ")"
}

func (dialect) Has(a *sqlquery.Args, f domain.Field) string { return attribute(a, f) + " IS NOT NULL" }

func (dialect) Text(a *sqlquery.Args, f domain.Field) string {
	v := attribute(a, f)
	return "CASE WHEN jsonb_typeof(" + v + ") = 'string' THEN " + v + " #>> '{}' ELSE " + v + "::text END"
}

// Like folds case as Go does, with a table, because lower depends on the collation; texts in ASCII
// are the same in all.
func (dialect) Like(a *sqlquery.Args, text, pattern string) string {
	pattern = likePattern(pattern)
	upper, lower := foldings(pattern)
	t := "(" + text + ` COLLATE "C")`
	return "CASE WHEN octet_length(" + t + ") = char_length(" + t + ") THEN lower(" + t + ") ELSE translate(" +
		t + ", " + a.Bind(upper) + ", " + a.Bind(lower) + ") END LIKE " + a.Bind(pattern)
}

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `%`)

func likePattern(pattern string) string {
	if !strings.Contains(pattern, "*") {
		pattern = "*" + pattern + "*"
	}
	return likeEscapes.Replace(strings.ToLower(pattern))
}

func (dialect) Contains(a *sqlquery.Args, f domain.Field, values [][]byte, anyOf bool) string {
	if !anyOf {
		v := attribute(a, f)
		return "jsonb_typeof(" + v + ") = 'array' AND " + v + " @> " + jsonb(a, jsondoc.Array(values))
	}
	scalars := slices.DeleteFunc(slices.Clone(values), func(value []byte) bool {
		return jsondoc.IsObject(value) || jsondoc.KindOf(value) == jsondoc.KindArray
	})
	if len(scalars) == 0 {
		return "FALSE"
	}
	v := attribute(a, f)
	if len(scalars) > fewScalars {
		// One subquery for all rows, which is hashed.
		return "CASE WHEN jsonb_typeof(" + v + ") = 'array' THEN (SELECT bool_or(e.value IN (SELECT unnest(" + jsonbs(a, scalars) +
			"))) FROM jsonb_array_elements(" + v + ") e) END"
	}
	for i, value := range scalars {
		scalars[i] = []byte(v + " @> " + jsonb(a, jsondoc.Array([][]byte{value})))
	}
	return "jsonb_typeof(" + v + ") = 'array' AND (" + string(bytes.Join(scalars, []byte(" OR "))) + ")"
}

// fewScalars are how many are faster looked for one by one.
const fewScalars = 8

func (dialect) Order(a *sqlquery.Args, f domain.Field) []string {
	v := attribute(a, f)
	only := func(types, expression string) string {
		return "CASE WHEN jsonb_typeof(" + v + ") IN (" + types + ") THEN " + expression + " END"
	}
	return []string{
		rank(v),
		only("'string'", v+" #>> '{}'") + ` COLLATE "C"`,
		only("'number'", v+"::numeric"),
		only("'boolean'", v+"::boolean"),
		only("'array', 'object'", "sortable("+v+")"),
	}
}

func (dialect) Of(row, plural string) string { return row + ".plural = " + plural }

func (dialect) Scope(row, scope string) string { return row + ".plural = " + scope + ".plural" }

// Among relies on OFFSET, which fixes that objects are looked up one by one.
func (dialect) Among(plural, ids string) string {
	return "(" + ids + ") s CROSS JOIN LATERAL (SELECT * FROM objects WHERE plural = " + plural + " AND id = s.id OFFSET 0) o"
}

// foldings are the characters whose lower-case form is in the pattern, and these forms. All others match nothing of it, folded or
// not, and translate looks through its table at every character.
func foldings(pattern string) (upper, lower string) {
	var u, l strings.Builder
	seen := map[rune]bool{}
	for _, to := range pattern {
		if seen[to] {
			continue
		}
		seen[to] = true
		for _, r := range caseTable()[to] {
			u.WriteRune(r)
			l.WriteRune(to)
		}
	}
	return u.String(), l.String()
}

// caseTable is, by their lower-case form, the characters that have another one.
var caseTable = sync.OnceValue(func() map[rune][]rune {
	table := map[rune][]rune{}
	for r := range rune(unicode.MaxRune) {
		if to := unicode.ToLower(r); to != r {
			table[to] = append(table[to], r)
		}
	}
	return table
})
