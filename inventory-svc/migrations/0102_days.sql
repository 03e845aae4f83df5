-- What a day at a location was like: what could not be had, and what was thrown away. Read by PostgreSQL and by SQLite.

-- From when until when an item could not be had. Only ever inserted into, when it is back; those of an item follow each
-- other.
CREATE TABLE outages (
    key        TEXT PRIMARY KEY,
    revision   BIGINT NOT NULL,
    doc        JSONB NOT NULL,
    location   TEXT NOT NULL GENERATED ALWAYS AS (doc->>'location') STORED,
    sku        TEXT NOT NULL GENERATED ALWAYS AS (doc->>'sku') STORED,
    started_at TEXT NOT NULL GENERATED ALWAYS AS (doc->>'started_at') STORED
);
CREATE INDEX outages_item ON outages (location, sku, started_at);
CREATE INDEX outages_location ON outages (location, started_at);

CREATE INDEX movements_waste ON movements ((doc->'movement'->>'location'), (doc->'movement'->>'at'))
    WHERE doc->'movement'->>'kind' = 'waste';
