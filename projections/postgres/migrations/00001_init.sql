-- +goose Up

-- One row is an object or its tombstone. data is what clients see; doc is the same for filters, NULL for
-- tombstones. permissions is JSON, empty if there are none. Texts order by bytes, whatever the database does.
CREATE TABLE objects (
    plural        text COLLATE "C" NOT NULL,
    id            text COLLATE "C" NOT NULL,
    resource      text COLLATE "C" NOT NULL,
    last_modified bigint NOT NULL,
    created       bigint NOT NULL,
    deleted       boolean NOT NULL,
    data          text NOT NULL,
    doc           jsonb,
    permissions   text NOT NULL,
    position      bigint NOT NULL,
    PRIMARY KEY (plural, id)
);
CREATE INDEX objects_by_time ON objects (plural, last_modified);

-- One row is a plural endpoint that has been written to.
CREATE TABLE scopes (
    plural    text COLLATE "C" NOT NULL PRIMARY KEY,
    resource  text COLLATE "C" NOT NULL,
    timestamp bigint NOT NULL,
    live      bigint NOT NULL,
    position  bigint NOT NULL
);

-- The permissions of objects, by who holds them.
CREATE TABLE aces (
    principal  text COLLATE "C" NOT NULL,
    plural     text COLLATE "C" NOT NULL,
    permission text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    PRIMARY KEY (principal, plural, permission, id)
);

-- The members of groups.
CREATE TABLE members (
    principal text COLLATE "C" NOT NULL,
    uri       text COLLATE "C" NOT NULL,
    PRIMARY KEY (principal, uri)
);
CREATE INDEX members_by_group ON members (uri);

-- What could not be applied; entry is the row as JSON. Without an index, which could refuse it again.
CREATE TABLE quarantine (
    plural   text COLLATE "C" NOT NULL,
    id       text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    entry    text NOT NULL
);

-- One row: up to where the log is applied.
CREATE TABLE checkpoint (
    position bigint NOT NULL,
    hash     text NOT NULL
);
INSERT INTO checkpoint (position, hash)
VALUES (0, '0000000000000000000000000000000000000000000000000000000000000000');

-- advance moves the checkpoint and tells the listeners, or ends the transaction with the code KL001 if the
-- checkpoint is elsewhere. As a function it lets a whole change be sent at once, without waiting for the outcome.
-- +goose StatementBegin
CREATE FUNCTION advance(from_position bigint, from_hash text, to_position bigint, to_hash text, channel text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE checkpoint
    SET position = to_position, hash = to_hash
    WHERE position = from_position AND hash = from_hash;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the checkpoint is not at %', from_position USING ERRCODE = 'KL001';
    END IF;
    PERFORM pg_notify(channel, to_position::text);
END
$$;
-- +goose StatementEnd

-- sortable is an array or object with its texts replaced by ASCII that orders alike in every collation, because
-- jsonb compares texts by the collation of the database.
-- +goose StatementBegin
CREATE FUNCTION sortable(v jsonb)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    CASE jsonb_typeof(v)
    WHEN 'string' THEN
        RETURN to_jsonb(encode(convert_to(v #>> '{}', 'UTF8'), 'hex'));
    WHEN 'array' THEN
        RETURN (SELECT coalesce(jsonb_agg(sortable(e.value) ORDER BY e.n), '[]')
                FROM jsonb_array_elements(v) WITH ORDINALITY AS e(value, n));
    WHEN 'object' THEN
        RETURN (SELECT coalesce(jsonb_object_agg(encode(convert_to(m.key, 'UTF8'), 'hex'), sortable(m.value)), '{}')
                FROM jsonb_each(v) AS m);
    ELSE
        RETURN v;
    END CASE;
END
$$;
-- +goose StatementEnd
