-- What the service was told, in the order of its decisions. One row a batch.
CREATE TABLE journal (
    position BIGINT PRIMARY KEY,
    -- When the last of its inputs came.
    at       TEXT NOT NULL,
    -- The last position of event_log once it had been decided.
    said     BIGINT NOT NULL,
    -- Its inputs and what came of each, compressed.
    doc      BYTEA NOT NULL
);

ALTER TABLE event_log_head ADD COLUMN journal BIGINT NOT NULL DEFAULT 0;
-- The first position of the journal that is left. What an earlier version was told it has not written down: it counts
-- as one entry that has been forgotten.
ALTER TABLE floors ADD COLUMN journal BIGINT NOT NULL DEFAULT 1;
UPDATE floors SET journal = 2 WHERE (SELECT position FROM event_log_head WHERE id = 1) > 0;
UPDATE event_log_head SET journal = 1 WHERE position > 0;
