-- Who is let in by what they show: keys of programs, displays, sessions. Each service has them all.
CREATE TABLE access_keys (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL
);
