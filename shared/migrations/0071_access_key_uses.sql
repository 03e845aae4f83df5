-- When a key was last shown here, coarsely: noted aside from all decisions.
CREATE TABLE access_key_uses (
    key TEXT PRIMARY KEY,
    at  TEXT NOT NULL
);
