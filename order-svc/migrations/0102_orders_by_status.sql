-- Read by PostgreSQL and by SQLite.

-- A quiet location's orders of one status, beside a busy one's.
CREATE INDEX orders_location_status ON orders (location, status, key);

-- With the status in it, or SQLite would read and sort every undecided order by `orders_status`.
DROP INDEX orders_undecided;
CREATE INDEX orders_undecided ON orders (status, accept_by) WHERE status = 'placed';
