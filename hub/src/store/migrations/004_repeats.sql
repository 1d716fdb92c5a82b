-- Version 4: reports that came again. Times are milliseconds since 1970 (UTC).

-- A report that was held already and came again: it counts once, and that it came again stands in
-- the ledger. Not for ever: a unit that hears no acknowledgement repeats itself all night.
CREATE TABLE repeats (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL,
    boot TEXT NOT NULL,
    counter INTEGER NOT NULL,
    came_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX repeats_by_report ON repeats (unit, boot, counter);

CREATE TRIGGER repeats_stay BEFORE UPDATE ON repeats
BEGIN SELECT RAISE (ABORT, 'repeats are only added to'); END;
CREATE TRIGGER repeats_remain BEFORE DELETE ON repeats
BEGIN SELECT RAISE (ABORT, 'repeats are only added to'); END;
