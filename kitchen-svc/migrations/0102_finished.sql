-- What is ready may be left standing, what was finished is shown newest first, and what is at a station that is gone
-- moves on. Read by PostgreSQL and by SQLite.

CREATE INDEX tickets_ready ON tickets (location, (doc->'ticket'->>'ready_at'), key) WHERE standing = 'ready';
CREATE INDEX tickets_served ON tickets (location, (doc->'ticket'->>'served_at'), key) WHERE standing = 'served';

CREATE TABLE closed_stations (
    key        TEXT PRIMARY KEY,
    revision   BIGINT NOT NULL,
    doc        JSONB NOT NULL,
    cleared_at TEXT GENERATED ALWAYS AS (doc->>'cleared_at') STORED
);
CREATE INDEX closed_stations_left ON closed_stations (key) WHERE cleared_at IS NULL;
