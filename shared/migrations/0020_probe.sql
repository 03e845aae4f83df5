-- Written to find out whether the database takes what is written.
CREATE TABLE probe (
    id  BIGINT PRIMARY KEY,
    doc TEXT NOT NULL
);
