-- +goose Up

-- Objects get a number, that of the row, and permissions refer to it: what is new is then added at the end of the table of
-- permissions, and not all over it.
CREATE TABLE numbered (
    number        INTEGER PRIMARY KEY,
    plural        TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    resource      TEXT    NOT NULL,
    last_modified INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    deleted       INTEGER NOT NULL,
    data          BLOB    NOT NULL,
    permissions   TEXT    NOT NULL,
    position      INTEGER NOT NULL,
    UNIQUE (plural, id)
);
INSERT INTO numbered (plural, id, resource, last_modified, created, deleted, data, permissions, position)
SELECT plural, id, resource, last_modified, created, deleted, data, permissions, position
FROM objects
ORDER BY rowid;
DROP TABLE objects;
ALTER TABLE numbered RENAME TO objects;
CREATE INDEX objects_by_time ON objects (plural, last_modified);

DROP TABLE aces;
CREATE TABLE aces (
    principal  TEXT    NOT NULL,
    plural     TEXT    NOT NULL,
    permission TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    PRIMARY KEY (principal, plural, permission, number)
) WITHOUT ROWID;
INSERT INTO aces (principal, plural, permission, number, id)
SELECT DISTINCT p.value, o.plural, a.key, o.number, o.id
FROM objects o, json_each(o.permissions) a, json_each(a.value) p
WHERE o.permissions <> '';
