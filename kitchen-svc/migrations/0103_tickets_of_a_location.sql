-- A quiet location's tickets, beside a busy one's. Read by PostgreSQL and by SQLite.
CREATE INDEX tickets_location ON tickets (location, standing, opened_at, key);
