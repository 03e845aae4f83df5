-- How long tickets of a location take, as it was said last. Read by PostgreSQL and by SQLite.
CREATE TABLE paces (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL
);
