-- Displays that wait to be let in, by the first two characters of their codes.
CREATE TABLE pairings (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL
);
