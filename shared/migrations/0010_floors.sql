-- What has been forgotten. One row; moved in the transaction that forgets.
CREATE TABLE floors (
    id           BIGINT PRIMARY KEY,
    -- The first position of event_log that is left; of an empty log the next one.
    event_log    BIGINT NOT NULL,
    -- Dead letters from before then are gone.
    dead_letters TEXT NOT NULL
);
INSERT INTO floors (id, event_log, dead_letters) VALUES (1, 1, '');
