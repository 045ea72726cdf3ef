package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/projections"
	"github.com/kintolog/kintolog/projections/internal/sqlquery"
)

// Apply implements [projections.Store].
func (s *Store) Apply(ctx context.Context, change projections.Change) error {
	err := s.writer.transaction(ctx, func(tx *transaction) error {
		moved := tx.exec("UPDATE checkpoint SET position = ?, hash = ? WHERE position = ? AND hash = ?",
			int64(change.To.Position), change.To.Hash.String(), int64(change.From.Position), change.From.Hash.String())
		if tx.err == nil && moved == 0 {
			return projections.ErrMoved
		}
		for _, step := range change.Steps {
			tx.apply(step)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply up to %d: %w", change.To.Position, s.wrap(err))
	}
	s.changes.Send(change.To.Position)
	s.mover.written()
	return nil
}

// errUndo ends a transaction that was a trial.
var errUndo = errors.New("undo")

// Check implements [projections.Store] by a transaction that it rolls back.
func (s *Store) Check(ctx context.Context, row projections.Row) error {
	var refusal error
	err := s.writer.transaction(ctx, func(tx *transaction) error {
		tx.touch(projections.ScopeChange{Plural: row.URI.Plural(), Resource: row.Resource})
		tx.put([]projections.Row{row})
		refusal, tx.err = tx.err, nil
		return errUndo
	})
	if errors.Is(err, errUndo) {
		err = refusal
	}
	if err != nil {
		return fmt.Errorf("check %s: %w", row.URI, s.wrap(err))
	}
	return nil
}

// Quarantined implements [projections.Store].
func (s *Store) Quarantined(ctx context.Context) ([]projections.Row, error) {
	list, err := quarantined(ctx, s.readers.db)
	return list, s.wrap(err)
}

func quarantined(ctx context.Context, db *sql.DB) ([]projections.Row, error) {
	rows, err := db.QueryContext(ctx, "SELECT entry FROM quarantine ORDER BY position, plural, id")
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	defer rows.Close()
	var list []projections.Row
	for rows.Next() {
		var entry []byte
		var row projections.Row
		if err := errors.Join(rows.Scan(&entry), json.Unmarshal(entry, &row)); err != nil {
			return nil, fmt.Errorf("list quarantine: %w", err)
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

func (t *transaction) apply(step projections.Step) {
	if step.Flush {
		for _, table := range []string{"objects", "scopes", "aces", "members", "quarantine"} {
			t.exec("DELETE FROM " + table)
		}
		clear(t.scopes)
	}
	if step.Purge.Top != "" {
		t.purge(step.Purge)
	}
	if step.Retain.Resource != "" {
		t.retain(step.Retain)
	}
	for _, u := range step.Release {
		t.exec("DELETE FROM quarantine WHERE plural = ? AND id = ?", string(u.Plural()), u.ID())
	}
	for _, scope := range step.Scopes {
		t.touch(scope)
	}
	rows := make([]projections.Row, 0, len(step.Objects))
	for _, row := range step.Objects {
		if row.Refused != "" {
			t.setAside(row)
		} else {
			rows = append(rows, row)
		}
	}
	t.put(rows)
	for _, u := range step.Forget {
		t.forget(u)
	}
}

func (t *transaction) touch(scope projections.ScopeChange) {
	var number int64
	t.one(&number, `
INSERT INTO scopes (plural, resource, timestamp, live, position)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (plural) DO UPDATE SET
    resource = excluded.resource,
    timestamp = max(timestamp, excluded.timestamp),
    live = live + excluded.live,
    position = max(position, excluded.position)
RETURNING number`,
		string(scope.Plural), scope.Resource, int64(scope.Timestamp), scope.Live, int64(scope.Position))
	t.scopes[scope.Plural] = number
}

// scope is the number of a plural endpoint, 0 if it was never written to.
func (t *transaction) scope(plural domain.Plural) (number int64) {
	number, ok := t.scopes[plural]
	if !ok {
		t.one(&number, "SELECT number FROM scopes WHERE plural = ?", string(plural))
		t.scopes[plural] = number
	}
	return number
}

func (t *transaction) forget(u domain.URI) {
	scope, id := t.scope(u.Plural()), u.ID()
	t.revoke(u, "")
	t.exec("DELETE FROM quarantine WHERE plural = ? AND id = ?", string(u.Plural()), id)
	n := t.exec("DELETE FROM objects WHERE scope = ? AND id = ?", scope, id)
	t.exec("UPDATE scopes SET live = live - ? WHERE number = ?", n, scope)
}

// purge removes what is below the object. Everything below starts with its URI and a slash, so it
// lies before the same URI and the character after the slash.
func (t *transaction) purge(p projections.Purge) {
	from, to := p.Top.Below(), string(p.Top)+"0"
	t.exec(`
DELETE FROM aces
WHERE (principal, scope, permission, number) IN (
    SELECT p.value, o.scope, a.key, o.number
    FROM scopes s CROSS JOIN objects o ON o.scope = s.number, json_each(o.permissions) a, json_each(a.value) p
    WHERE s.plural >= ? AND s.plural < ? AND o.permissions <> ''
)`, from, to)
	t.exec("DELETE FROM members WHERE uri >= ? AND uri < ?", from, to)
	t.exec("DELETE FROM quarantine WHERE plural >= ? AND plural < ?", from, to)
	t.exec("DELETE FROM objects WHERE scope IN (SELECT number FROM scopes WHERE plural >= ? AND plural < ?)", from, to)
	t.exec(`
UPDATE scopes
SET timestamp = CASE WHEN position = 0 THEN timestamp WHEN timestamp < ?1 THEN max(timestamp + 1, ?2) ELSE ?2 END,
    live = 0, position = 0
WHERE plural >= ?3 AND plural < ?4`, int64(p.At.Horizon()), int64(p.At), from, to)
}

// retain removes tombstones but the newest of each plural endpoint. They have neither permissions nor members.
func (t *transaction) retain(r projections.Retention) {
	t.exec(`
DELETE FROM objects
WHERE number IN (
    SELECT number
    FROM (
        SELECT number, row_number() OVER (PARTITION BY scope ORDER BY last_modified DESC, id) AS place
        FROM objects
        WHERE resource = ? AND deleted
    )
    WHERE place > ?
)`, r.Resource, r.Newest)
}

func (t *transaction) setAside(row projections.Row) {
	entry, err := json.Marshal(row)
	if err != nil {
		t.err = errors.Join(t.err, err)
		return
	}
	t.exec("INSERT INTO quarantine (plural, id, position, entry) VALUES (?, ?, ?, ?)",
		string(row.URI.Plural()), row.URI.ID(), int64(row.Position), string(entry))
}

// put writes objects of endpoints that were touched.
func (t *transaction) put(rows []projections.Row) {
	objects, grants := make([]any, 0, 9*len(rows)), make([]any, 0, 4*len(rows))
	for _, row := range rows {
		scope, permissions := t.scope(row.URI.Plural()), sqlquery.EncodePermissions(row.Permissions)
		objects = append(objects, scope, row.URI.ID(), row.Resource, int64(row.LastModified), int64(row.Created),
			row.Deleted, row.Data, permissions, int64(row.Position))
		if row.Fresh || t.revoke(row.URI, permissions) {
			for permission, principals := range row.Permissions {
				for _, p := range principals {
					grants = append(grants, p, permission, scope, row.URI.ID())
				}
			}
		}
		if row.IsGroup {
			t.putMembers(row)
		}
	}
	t.execRows(`
INSERT INTO objects (scope, id, resource, last_modified, created, deleted, data, permissions, position)
{}
ON CONFLICT (scope, id) DO UPDATE SET
    resource = excluded.resource,
    last_modified = excluded.last_modified,
    created = excluded.created,
    deleted = excluded.deleted,
    data = excluded.data,
    permissions = excluded.permissions,
    position = excluded.position`, 9, objects)
	t.execRows(`
INSERT OR IGNORE INTO aces (principal, scope, permission, number, id)
SELECT w.column1, o.scope, w.column2, o.number, o.id
FROM ({}) w CROSS JOIN objects o ON o.scope = w.column3 AND o.id = w.column4`, 4, grants)
}

// revoke takes away the permissions on an object that is there, unless they are those wanted. It tells whether there are
// any to be granted then.
func (t *transaction) revoke(u domain.URI, wanted string) (grant bool) {
	scope, id := t.scope(u.Plural()), u.ID()
	var before string
	t.one(&before, "SELECT permissions FROM objects WHERE scope = ? AND id = ?", scope, id)
	if before == wanted {
		return false
	}
	old, err := sqlquery.DecodePermissions(before)
	t.err = errors.Join(t.err, err)
	for permission, principals := range old {
		for _, p := range principals {
			t.exec(`
DELETE FROM aces
WHERE principal = ? AND scope = ? AND permission = ?
  AND number = (SELECT number FROM objects WHERE scope = ? AND id = ?)`, p, scope, permission, scope, id)
		}
	}
	return wanted != ""
}

func (t *transaction) putMembers(row projections.Row) {
	if !row.Fresh {
		t.exec("DELETE FROM members WHERE uri = ?", string(row.URI))
	}
	for _, principal := range row.Members {
		t.exec("INSERT OR IGNORE INTO members (principal, uri) VALUES (?, ?)", principal, string(row.URI))
	}
}
