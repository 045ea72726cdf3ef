package sqlquery

import "strings"

// Table is how one table is dumped: its statement yields texts only, in a fixed order.
type Table struct {
	Name      string
	Statement string
	columns   int
}

// Tables are all tables with logical content. From is what stands for a table in a FROM clause: rows that have the plural
// endpoint in the column plural.
func Tables(from func(table string) string) []Table {
	table := func(name, order string, columns ...string) Table {
		texts := make([]string, len(columns))
		for i, c := range columns {
			texts[i] = "CAST(" + c + " AS TEXT)"
		}
		return Table{
			Name:      name,
			Statement: "SELECT " + strings.Join(texts, ", ") + " FROM " + from(name) + " ORDER BY " + order,
			columns:   len(columns),
		}
	}
	return []Table{
		table("checkpoint", "position", "position", "hash"),
		table("scopes", "plural", "plural", "resource", "timestamp", "live", "position"),
		table("objects", "plural, id", "plural", "id", "resource", "last_modified", "created",
			"CASE WHEN deleted THEN 1 ELSE 0 END", "position", "permissions", "data"),
		table("aces", "principal, plural, permission, id", "principal", "plural", "permission", "id"),
		table("members", "principal, uri", "principal", "uri"),
		table("quarantine", "plural, id, position", "plural", "id", "position"),
	}
}

// Lines reads the rows of the statement, each of which is a line: the name of the table and the texts, separated by tabs.
func (t Table) Lines(rows Rows, line func(string) error) error {
	texts, pointers := make([]string, t.columns), make([]any, t.columns)
	for i := range texts {
		pointers[i] = &texts[i]
	}
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			return err
		}
		if err := line(t.Name + "\t" + strings.Join(texts, "\t")); err != nil {
			return err
		}
	}
	return rows.Err()
}
