-- +goose Up

-- One row is an object or its tombstone. data is JSON text, as bytes; permissions is JSON, empty if there are none.
CREATE TABLE objects (
    plural        TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    resource      TEXT    NOT NULL,
    last_modified INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    deleted       INTEGER NOT NULL,
    data          BLOB    NOT NULL,
    permissions   TEXT    NOT NULL,
    position      INTEGER NOT NULL,
    PRIMARY KEY (plural, id)
);
CREATE INDEX objects_by_time ON objects (plural, last_modified);

-- One row is a plural endpoint that has been written to.
CREATE TABLE scopes (
    plural    TEXT    NOT NULL PRIMARY KEY,
    resource  TEXT    NOT NULL,
    timestamp INTEGER NOT NULL,
    live      INTEGER NOT NULL,
    position  INTEGER NOT NULL
) WITHOUT ROWID;

-- The permissions of objects, by who holds them.
CREATE TABLE aces (
    principal  TEXT NOT NULL,
    plural     TEXT NOT NULL,
    permission TEXT NOT NULL,
    id         TEXT NOT NULL,
    PRIMARY KEY (principal, plural, permission, id)
) WITHOUT ROWID;

-- The members of groups.
CREATE TABLE members (
    principal TEXT NOT NULL,
    uri       TEXT NOT NULL,
    PRIMARY KEY (principal, uri)
) WITHOUT ROWID;
CREATE INDEX members_by_group ON members (uri);

-- What could not be applied; entry is the row as JSON.
CREATE TABLE quarantine (
    plural   TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    position INTEGER NOT NULL,
    entry    TEXT    NOT NULL,
    PRIMARY KEY (plural, id, position)
) WITHOUT ROWID;

-- One row: up to where the log is applied.
CREATE TABLE checkpoint (
    position INTEGER NOT NULL,
    hash     TEXT    NOT NULL
);
INSERT INTO checkpoint (position, hash)
VALUES (0, '0000000000000000000000000000000000000000000000000000000000000000');
