-- What every service keeps besides its own tables. Read by PostgreSQL and by SQLite.

-- What the service has said, in order, complete: positions are contiguous in the order of the commits.
CREATE TABLE event_log (
    position    BIGINT PRIMARY KEY,
    type        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    location    TEXT NOT NULL,
    correlation TEXT,
    doc         TEXT NOT NULL
);
CREATE INDEX event_log_correlation ON event_log (correlation, position);

-- One row: the last position, and how far the relay has got. Locked last, held to the commit.
CREATE TABLE event_log_head (
    id       BIGINT PRIMARY KEY,
    position BIGINT NOT NULL
);
INSERT INTO event_log_head (id, position) VALUES (1, 0);

CREATE TABLE relay_cursor (
    id       BIGINT PRIMARY KEY,
    position BIGINT NOT NULL
);
INSERT INTO relay_cursor (id, position) VALUES (1, 0);

-- What the service has taken in: per foreign subject the last sequence.
CREATE TABLE inbox (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL
);

CREATE TABLE idempotency_keys (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL,
    at       TEXT NOT NULL GENERATED ALWAYS AS (doc->>'at') STORED
);
CREATE INDEX idempotency_keys_at ON idempotency_keys (at);

-- Events that came back to the queue, and how often each was decided alone since.
CREATE TABLE attempts (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL,
    at       TEXT NOT NULL GENERATED ALWAYS AS (doc->>'at') STORED
);
CREATE INDEX attempts_at ON attempts (at);

-- What was refused or could not be read: its bytes, why, and how often it was tried.
CREATE TABLE dead_letters (
    id         TEXT PRIMARY KEY,
    at         TEXT NOT NULL,
    event_type TEXT,
    subject    TEXT,
    reason     TEXT NOT NULL,
    attempts   BIGINT NOT NULL,
    body       BYTEA NOT NULL
);
CREATE INDEX dead_letters_at ON dead_letters (at, id);
