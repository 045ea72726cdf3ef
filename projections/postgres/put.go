package postgres

import (
	"github.com/jackc/pgx/v5"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// purge removes what is below the object. Everything below starts with its URI and a slash, so it
// lies before the same URI and the character after the slash.
func purge(b *pgx.Batch, p projections.Purge) {
	from, to := p.Top.Below(), string(p.Top)+"0"
	b.Queue(`
DELETE FROM aces x
USING objects o, jsonb_each(o.permissions::jsonb) p, jsonb_array_elements_text(p.value) e
WHERE o.plural >= $1 AND o.plural < $2 AND o.permissions <> ''
  AND x.principal = e.value AND x.plural = o.plural AND x.permission = p.key AND x.id = o.id`, from, to)
	b.Queue("DELETE FROM members WHERE uri >= $1 AND uri < $2", from, to)
	b.Queue("DELETE FROM quarantine WHERE plural >= $1 AND plural < $2", from, to)
	b.Queue("DELETE FROM objects WHERE plural >= $1 AND plural < $2", from, to)
	b.Queue(`
UPDATE scopes
SET timestamp = CASE WHEN position = 0 THEN timestamp WHEN timestamp < $3 THEN greatest(timestamp + 1, $4) ELSE $4 END,
    live = 0, position = 0
WHERE plural >= $1 AND plural < $2`, from, to, int64(p.At.Horizon()), int64(p.At))
}

// retain removes tombstones but the newest of each plural endpoint. They have neither permissions nor members.
func retain(b *pgx.Batch, r projections.Retention) {
	b.Queue(`
DELETE FROM objects o
USING (
    SELECT plural, id, row_number() OVER (PARTITION BY plural ORDER BY last_modified DESC, id) AS place
    FROM objects
    WHERE resource = $1 AND deleted
) t
WHERE t.place > $2 AND o.plural = t.plural AND o.id = t.id`, r.Resource, r.Newest)
}

// forget removes objects with their permissions.
func forget(b *pgx.Batch, uris []domain.URI) {
	rows := make([]projections.Row, len(uris))
	plurals, ids := make([]string, len(uris)), make([]string, len(uris))
	for i, u := range uris {
		rows[i].URI = u
		plurals[i], ids[i] = string(u.Plural()), u.ID()
	}
	removePermissions(b, rows)
	b.Queue(`
DELETE FROM quarantine q
USING unnest($1::text[], $2::text[]) AS w(plural, id)
WHERE q.plural = w.plural AND q.id = w.id`, plurals, ids)
	b.Queue(`
WITH gone AS (
    DELETE FROM objects o
    USING unnest($1::text[], $2::text[]) AS w(plural, id)
    WHERE o.plural = w.plural AND o.id = w.id
    RETURNING o.plural
)
UPDATE scopes s
SET live = s.live - g.n
FROM (SELECT plural, count(*) AS n FROM gone GROUP BY plural) g
WHERE s.plural = g.plural`, plurals, ids)
}

// put writes objects with their permissions and members, a table at a time. Old permissions are those of the old
// rows, so they go first.
func put(b *pgx.Batch, rows []projections.Row) {
	removePermissions(b, rows)
	addPermissions(b, rows)
	putMembers(b, rows)
	n := len(rows)
	plurals, ids, resources := make([]string, n), make([]string, n), make([]string, n)
	modified, created, deleted := make([]int64, n), make([]int64, n), make([]bool, n)
	data, permissions, positions := make([]string, n), make([]string, n), make([]int64, n)
	for i, r := range rows {
		plurals[i], ids[i], resources[i] = string(r.URI.Plural()), r.URI.ID(), r.Resource
		modified[i], created[i], deleted[i] = int64(r.LastModified), int64(r.Created), r.Deleted
		data[i], permissions[i], positions[i] = string(r.Data), sqlquery.EncodePermissions(r.Permissions), int64(r.Position)
	}
	b.Queue(`
INSERT INTO objects (plural, id, resource, last_modified, created, deleted, data, doc, permissions, position)
SELECT w.plural, w.id, w.resource, w.last_modified, w.created, w.deleted, w.data,
    CASE WHEN NOT w.deleted THEN w.data::jsonb END, w.permissions, w.position
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[], $7::text[], $8::text[], $9::bigint[])
    AS w(plural, id, resource, last_modified, created, deleted, data, permissions, position)
ON CONFLICT (plural, id) DO UPDATE SET
    resource = excluded.resource,
    last_modified = excluded.last_modified,
    created = excluded.created,
    deleted = excluded.deleted,
    data = excluded.data,
    doc = excluded.doc,
    permissions = excluded.permissions,
    position = excluded.position`,
		plurals, ids, resources, modified, created, deleted, data, permissions, positions)
}

func removePermissions(b *pgx.Batch, rows []projections.Row) {
	var plurals, ids, permissions []string
	for _, r := range rows {
		if !r.Fresh {
			plurals, ids = append(plurals, string(r.URI.Plural())), append(ids, r.URI.ID())
			permissions = append(permissions, sqlquery.EncodePermissions(r.Permissions))
		}
	}
	if len(ids) == 0 {
		return
	}
	b.Queue(`
DELETE FROM aces x
USING unnest($1::text[], $2::text[], $3::text[]) AS w(plural, id, permissions)
    JOIN objects o ON o.plural = w.plural AND o.id = w.id AND o.permissions <> '' AND o.permissions <> w.permissions,
    jsonb_each(o.permissions::jsonb) p, jsonb_array_elements_text(p.value) e
WHERE x.principal = e.value AND x.plural = o.plural AND x.permission = p.key AND x.id = o.id`,
		plurals, ids, permissions)
}

func addPermissions(b *pgx.Batch, rows []projections.Row) {
	var names, plurals, permissions, ids []string
	for _, r := range rows {
		plural, id := string(r.URI.Plural()), r.URI.ID()
		for permission, principals := range r.Permissions {
			for _, p := range principals {
				names, plurals = append(names, p), append(plurals, plural)
				permissions, ids = append(permissions, permission), append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return
	}
	b.Queue(`
INSERT INTO aces (principal, plural, permission, id)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
ON CONFLICT DO NOTHING`, names, plurals, permissions, ids)
}

func putMembers(b *pgx.Batch, rows []projections.Row) {
	var old, names, groups []string
	for _, r := range rows {
		if !r.IsGroup {
			continue
		}
		if !r.Fresh {
			old = append(old, string(r.URI))
		}
		for _, m := range r.Members {
			names, groups = append(names, m), append(groups, string(r.URI))
		}
	}
	if len(old) > 0 {
		b.Queue("DELETE FROM members WHERE uri = ANY($1::text[])", old)
	}
	if len(names) > 0 {
		b.Queue(`
INSERT INTO members (principal, uri)
SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT DO NOTHING`, names, groups)
	}
}

func putScopes(b *pgx.Batch, scopes []projections.ScopeChange) {
	n := len(scopes)
	plurals, resources := make([]string, n), make([]string, n)
	timestamps, live, positions := make([]int64, n), make([]int64, n), make([]int64, n)
	for i, s := range scopes {
		plurals[i], resources[i] = string(s.Plural), s.Resource
		timestamps[i], live[i], positions[i] = int64(s.Timestamp), s.Live, int64(s.Position)
	}
	b.Queue(`
INSERT INTO scopes AS s (plural, resource, timestamp, live, position)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
ON CONFLICT (plural) DO UPDATE SET
    resource = excluded.resource,
    timestamp = greatest(s.timestamp, excluded.timestamp),
    live = s.live + excluded.live,
    position = greatest(s.position, excluded.position)`, plurals, resources, timestamps, live, positions)
}
