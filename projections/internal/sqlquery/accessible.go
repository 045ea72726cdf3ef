package sqlquery

import (
	"slices"

	"github.com/kintolog/kintolog/domain"
)

// Accessible is the statement for an access query: plural, id, resource, permission, ordered by the first two; the
// permission is empty for what is wanted whoever holds what.
func Accessible(d Dialect, q domain.AccessQuery) (string, Args) {
	var a Args
	held := `SELECT s.plural, a.id, s.resource, a.permission
FROM aces a
JOIN scopes s ON ` + d.Scope("a", "s") + `
WHERE (a.principal IN (` + d.Texts(&a, q.Principals) + `)
    OR a.principal IN (SELECT m.uri FROM members m WHERE m.principal IN (` + d.Texts(&a, q.Members) + `)))`
	if q.Resources != nil {
		held += "\nAND s.resource IN (" + d.Texts(&a, q.Resources) + ")"
	}
	if len(q.Granted) > 0 {
		held += `
UNION ALL
SELECT s.plural, o.id, o.resource, ''
FROM scopes s
JOIN objects o ON ` + d.Scope("o", "s") + `
WHERE s.resource IN (` + d.Texts(&a, q.Granted) + `) AND NOT o.deleted`
	}
	return held + "\nORDER BY 1, 2", a
}

// ScanAccesses reads the rows of [Accessible].
func ScanAccesses(rows Rows) ([]domain.Access, error) {
	var all []domain.Access
	for rows.Next() {
		var plural, id, resource, permission string
		if err := rows.Scan(&plural, &id, &resource, &permission); err != nil {
			return nil, err
		}
		u := domain.Plural(plural).Object(id)
		if n := len(all); n == 0 || all[n-1].URI != u {
			all = append(all, domain.Access{URI: u, Resource: resource})
		}
		last := &all[len(all)-1]
		if i, found := slices.BinarySearch(last.Permissions, permission); permission != "" && !found {
			last.Permissions = slices.Insert(last.Permissions, i, permission)
		}
	}
	return all, rows.Err()
}

// Written is the statement that finds the resources of plural endpoints: resource, one of the endpoints.
const Written = "SELECT resource, min(plural) FROM scopes WHERE resource <> '' GROUP BY resource"

// ScanWritten reads the rows of [Written].
func ScanWritten(rows Rows) (map[string]domain.Plural, error) {
	written := map[string]domain.Plural{}
	for rows.Next() {
		var resource, plural string
		if err := rows.Scan(&resource, &plural); err != nil {
			return nil, err
		}
		written[resource] = domain.Plural(plural)
	}
	return written, rows.Err()
}

// Census is the statement that counts objects: resource, deleted, number.
const Census = "SELECT resource, deleted, count(*) FROM objects GROUP BY resource, deleted"

// ScanCounts reads the rows of [Census].
func ScanCounts(rows Rows) (domain.Counts, error) {
	counts := domain.Counts{Live: map[string]int64{}, Tombstones: map[string]int64{}}
	for rows.Next() {
		var resource string
		var deleted bool
		var n int64
		if err := rows.Scan(&resource, &deleted, &n); err != nil {
			return domain.Counts{}, err
		}
		if deleted {
			counts.Tombstones[resource] = n
		} else {
			counts.Live[resource] = n
		}
	}
	return counts, rows.Err()
}
