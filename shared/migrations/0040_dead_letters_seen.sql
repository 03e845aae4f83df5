-- When the letter was refused last; of one that was refused once, or by an earlier version, nothing: it is `at` then.
ALTER TABLE dead_letters ADD COLUMN last_at TEXT;
