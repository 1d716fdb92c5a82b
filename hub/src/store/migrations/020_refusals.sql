-- Version 20: what ends a paper and an older word of a unit. Times are milliseconds since 1970
-- (UTC).

-- A unit was tried out where it hangs and cannot pass, or it is another one or hangs in another
-- home: from then on neither a paper nor an older word counts, until it passes. `version` is that
-- of its newest leave, `step` its last step in `commission_rows` at that time.
CREATE TABLE commission_refusals (
    refusal INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL REFERENCES units (unit),
    why TEXT NOT NULL CHECK (why IN ('tried', 'exchanged')),
    version INTEGER NOT NULL,
    step INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE TRIGGER commission_refusals_stay BEFORE UPDATE ON commission_refusals
BEGIN SELECT RAISE (ABORT, 'commission_refusals are only added to'); END;
CREATE TRIGGER commission_refusals_remain BEFORE DELETE ON commission_refusals
BEGIN SELECT RAISE (ABORT, 'commission_refusals are only added to'); END;

-- Which reasons there are is the program's to know.
ALTER TABLE reports_shut RENAME TO reports_shut_18;
CREATE TABLE reports_shut (
    unit TEXT NOT NULL,
    boot TEXT NOT NULL,
    counter INTEGER NOT NULL,
    why TEXT NOT NULL CHECK (why <> ''),
    PRIMARY KEY (unit, boot, counter)
) STRICT;
INSERT INTO reports_shut SELECT unit, boot, counter, why FROM reports_shut_18;
DROP TABLE reports_shut_18;
CREATE TRIGGER reports_shut_stay BEFORE UPDATE ON reports_shut
BEGIN SELECT RAISE (ABORT, 'reports_shut are only added to'); END;
CREATE TRIGGER reports_shut_remain BEFORE DELETE ON reports_shut
BEGIN SELECT RAISE (ABORT, 'reports_shut are only added to'); END;
