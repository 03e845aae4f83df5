-- What was taken in of orders and reservations, last before then, may have been forgotten.
ALTER TABLE floors ADD COLUMN inbox TEXT NOT NULL DEFAULT '';
