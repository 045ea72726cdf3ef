package sqlite

import (
	"encoding/json"
	"strings"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/domain/jsondoc"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// dialect compares attributes by their keys, which order as bytes.
type dialect struct{}

func (dialect) Texts(a *sqlquery.Args, texts []string) string {
	return "SELECT value FROM json_each(" + a.Bind(jsonArray(texts)) + ")"
}

func (dialect) OneOf(column, subquery string) string { return column + " IN (" + subquery + ")" }

func (dialect) Compare(a *sqlquery.Args, f domain.Field, op string, value []byte) string {
	return key(a, f) + " " + op + " " + a.Bind(jsondoc.AppendKey(nil, value))
}

func (dialect) In(a *sqlquery.Args, f domain.Field, values [][]byte) string {
	left, keys := key(a, f), make([]string, len(values))
	for i, value := range values {
		keys[i] = a.Bind(jsondoc.AppendKey(nil, value))
	}
	return left + " IN (" + strings.Join(keys, ", ") + ")"
}

func (dialect) Has(a *sqlquery.Args, f domain.Field) string {
	return key(a, f) + " <> " + a.Bind(jsondoc.AppendKey(nil, nil))
}

func (dialect) Text(a *sqlquery.Args, f domain.Field) string {
	return "kintolog_json_text(o.data, " + a.Bind(path(f)) + ")"
}

func (dialect) Like(a *sqlquery.Args, text, pattern string) string {
	return "kintolog_text_like(" + text + ", " + a.Bind(pattern) + ")"
}

func (dialect) Contains(a *sqlquery.Args, f domain.Field, values [][]byte, anyOf bool) string {
	function := "kintolog_json_contains"
	if anyOf {
		function = "kintolog_json_contains_any"
	}
	return function + "(o.data, " + a.Bind(path(f)) + ", " + a.Bind(jsondoc.Array(values)) + ")"
}

func (dialect) Order(a *sqlquery.Args, f domain.Field) []string { return []string{key(a, f)} }

func (dialect) Of(row, plural string) string {
	return row + ".scope = (SELECT number FROM scopes WHERE plural = " + plural + ")"
}

func (dialect) Scope(row, scope string) string { return row + ".scope = " + scope + ".number" }

// Among relies on CROSS JOIN, which fixes the order of the loops.
func (d dialect) Among(plural, ids string) string {
	return "(" + ids + ") s CROSS JOIN objects o ON " + d.Of("o", plural) + " AND o.id = s.id"
}

func key(a *sqlquery.Args, f domain.Field) string {
	return "kintolog_json_key(o.data, " + a.Bind(path(f)) + ")"
}

// jsonArray is the texts as a JSON array.
func jsonArray(texts []string) string {
	if texts == nil {
		return "[]"
	}
	array, err := json.Marshal(texts)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(array)
}
