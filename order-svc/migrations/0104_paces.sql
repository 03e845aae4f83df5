-- How long orders take at a location, as its kitchen said it last. Read by PostgreSQL and by SQLite.
CREATE TABLE paces (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL
);
