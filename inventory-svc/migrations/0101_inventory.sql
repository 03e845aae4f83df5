-- Read by PostgreSQL and by SQLite. Keys: an order's id, or `location/ingredient`, or `location/sku`.

-- What was set aside for an order; one an order, tombstones of orders that ended before they were seen included.
CREATE TABLE reservations (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL
);

CREATE TABLE recipes (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL,
    location TEXT NOT NULL GENERATED ALWAYS AS (doc->>'location') STORED,
    sku      TEXT NOT NULL GENERATED ALWAYS AS (doc->>'sku') STORED
);
CREATE INDEX recipes_location ON recipes (location, sku);

CREATE TABLE stock (
    key        TEXT PRIMARY KEY,
    revision   BIGINT NOT NULL,
    doc        JSONB NOT NULL,
    location   TEXT NOT NULL GENERATED ALWAYS AS (doc->'item'->>'location') STORED,
    ingredient TEXT NOT NULL GENERATED ALWAYS AS (doc->'item'->>'ingredient') STORED
);
CREATE INDEX stock_location ON stock (location, ingredient);

-- The ledger: only ever inserted into. `number` counts the movements of an ingredient from 1, without gaps.
CREATE TABLE movements (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL,
    stock    TEXT NOT NULL GENERATED ALWAYS AS (doc->>'stock') STORED,
    number   BIGINT NOT NULL GENERATED ALWAYS AS (CAST(doc->>'number' AS BIGINT)) STORED
);
CREATE UNIQUE INDEX movements_number ON movements (stock, number);

CREATE TABLE availability (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL,
    location TEXT NOT NULL GENERATED ALWAYS AS (doc->'shown'->>'location') STORED,
    sku      TEXT NOT NULL GENERATED ALWAYS AS (doc->'shown'->>'sku') STORED,
    until    TEXT GENERATED ALWAYS AS (doc->'block'->>'until') STORED
);
CREATE INDEX availability_location ON availability (location, sku);
CREATE INDEX availability_until ON availability (until) WHERE until IS NOT NULL;
