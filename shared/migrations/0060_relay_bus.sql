-- On which bus the relay has published up to its position.
ALTER TABLE relay_cursor ADD COLUMN bus TEXT;
