-- Orders, and what they are ordered from. Read by PostgreSQL and by SQLite.

-- Keys sort by the time at which the orders were placed.
CREATE TABLE orders (
    key       TEXT PRIMARY KEY,
    revision  BIGINT NOT NULL,
    doc       JSONB NOT NULL,
    location  TEXT NOT NULL GENERATED ALWAYS AS (doc->>'location') STORED,
    status    TEXT NOT NULL GENERATED ALWAYS AS (doc->>'status') STORED,
    accept_by TEXT NOT NULL GENERATED ALWAYS AS (doc->>'accept_by') STORED
);
CREATE INDEX orders_location ON orders (location, key);
CREATE INDEX orders_status ON orders (status, key);
CREATE INDEX orders_undecided ON orders (accept_by) WHERE status = 'placed';

-- The last number that a location gave on a local day: `soho/2026-11-23`.
CREATE TABLE order_numbers (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL
);

CREATE TABLE locations (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL
);

CREATE TABLE menu_items (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL,
    location TEXT NOT NULL GENERATED ALWAYS AS (doc->>'location') STORED
);
CREATE INDEX menu_items_location ON menu_items (location, key);

-- What inventory said last about a sku, which may be before the sku is on the menu.
CREATE TABLE availabilities (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL
);
