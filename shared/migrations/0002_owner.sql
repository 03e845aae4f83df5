-- Whose database this is: each service has one of its own.
CREATE TABLE owner (
    id      BIGINT PRIMARY KEY,
    service TEXT NOT NULL
);
