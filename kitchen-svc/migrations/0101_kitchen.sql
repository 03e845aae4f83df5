-- The kitchen: tickets, stations, what is out, and where it is what time. Read by PostgreSQL and by SQLite.

CREATE TABLE tickets (
    key       TEXT PRIMARY KEY,
    revision  BIGINT NOT NULL,
    doc       JSONB NOT NULL,
    location  TEXT NOT NULL GENERATED ALWAYS AS (doc->'ticket'->>'location') STORED,
    -- Its state, but a void ticket that was acknowledged has left the display.
    standing  TEXT NOT NULL GENERATED ALWAYS AS (
        CASE WHEN doc->'ticket'->>'acknowledged_at' IS NULL THEN doc->'ticket'->>'state' ELSE 'acknowledged' END
    ) STORED,
    -- `,bar,grill,`
    stations  TEXT NOT NULL GENERATED ALWAYS AS (doc->>'stations') STORED,
    opened_at TEXT NOT NULL GENERATED ALWAYS AS (doc->'ticket'->>'opened_at') STORED
);
CREATE INDEX tickets_standing ON tickets (standing, opened_at, key);

CREATE TABLE stations (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL
);

CREATE TABLE marked_out (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL
);

CREATE TABLE clocks (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL
);
