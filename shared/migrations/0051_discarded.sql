-- Dead letters that somebody discarded: they are not missed.
CREATE TABLE discarded (
    id TEXT PRIMARY KEY,
    at TEXT NOT NULL
);
CREATE INDEX discarded_at ON discarded (at);
