-- Version 5: reports that contradict one that is held, and how many checks a night was given.
-- Times are milliseconds since 1970 (UTC).

-- A report by the number of one that is held, and not the same: kept as signed, beside the first,
-- and counted for nothing. It may name another check than the first, or one that never was.
CREATE TABLE contradictions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL REFERENCES units (unit),
    boot TEXT NOT NULL,
    counter INTEGER NOT NULL,
    check_id TEXT NOT NULL,
    look INTEGER NOT NULL,
    finding TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    came_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    signature TEXT NOT NULL,
    FOREIGN KEY (unit, boot, counter) REFERENCES reports (unit, boot, counter)
) STRICT;
CREATE INDEX contradictions_by_report ON contradictions (unit, boot, counter);
CREATE INDEX contradictions_by_check ON contradictions (check_id);

-- How many checks a night was given, counted from what was to be written and not from the rows:
-- a line for the night as frozen and one for every time that some were added. What the checks
-- are counted against when the night is read.
CREATE TABLE night_counts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    night TEXT NOT NULL REFERENCES nights (night),
    checks INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX night_counts_by_night ON night_counts (night);

-- Of nights before this version nothing but their rows is known: they are counted once, now.
INSERT INTO night_counts (night, checks, at_ms)
SELECT night, (SELECT count(*) FROM checks WHERE checks.night = nights.night), frozen_ms
FROM nights ORDER BY night;

CREATE TRIGGER contradictions_stay BEFORE UPDATE ON contradictions
BEGIN SELECT RAISE (ABORT, 'contradictions are only added to'); END;
CREATE TRIGGER contradictions_remain BEFORE DELETE ON contradictions
BEGIN SELECT RAISE (ABORT, 'contradictions are only added to'); END;

CREATE TRIGGER night_counts_stay BEFORE UPDATE ON night_counts
BEGIN SELECT RAISE (ABORT, 'counts of nights are only added to'); END;
CREATE TRIGGER night_counts_remain BEFORE DELETE ON night_counts
BEGIN SELECT RAISE (ABORT, 'counts of nights are only added to'); END;
