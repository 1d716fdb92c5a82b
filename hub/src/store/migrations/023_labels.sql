-- Version 23: which checks are followed by a visit by lot, and what somebody found there. Times
-- are milliseconds since 1970 (UTC). Everything here is only ever added to.

-- That a night of a home was drawn, and which of its checks came out, if one did: written before
-- the check's window opens, and once. `chance_ppm` is the chance of each check that could come out.
CREATE TABLE draws (
    home TEXT NOT NULL REFERENCES homes (home),
    night TEXT NOT NULL,
    check_id TEXT,
    unit TEXT NOT NULL REFERENCES units (unit),
    chance_ppm INTEGER NOT NULL CHECK (chance_ppm BETWEEN 1 AND 1000000),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (home, night)
) STRICT;

-- What somebody found who was there at a check. The last word about a check stands; one that is
-- minutes old has gone down to the unit, signed, and no other follows it. Nothing goes down of what
-- nobody could tell.
CREATE TABLE labels (
    label INTEGER PRIMARY KEY AUTOINCREMENT,
    check_id TEXT NOT NULL,
    unit TEXT NOT NULL REFERENCES units (unit),
    home TEXT NOT NULL REFERENCES homes (home),
    found TEXT NOT NULL CHECK (found IN ('nobody', 'somebody', 'unknown')),
    source TEXT NOT NULL CHECK (source IN ('before_visit', 'bed_empty')),
    chance_ppm INTEGER NOT NULL CHECK (chance_ppm BETWEEN 1 AND 1000000),
    body TEXT NOT NULL,
    signature TEXT NOT NULL,
    made_by TEXT NOT NULL CHECK (length(trim(made_by)) > 0),
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX labels_by_check ON labels (check_id, label);

CREATE TRIGGER draws_stay BEFORE UPDATE ON draws
BEGIN SELECT RAISE (ABORT, 'draws are only added to'); END;
CREATE TRIGGER draws_remain BEFORE DELETE ON draws
BEGIN SELECT RAISE (ABORT, 'draws are only added to'); END;
CREATE TRIGGER labels_stay BEFORE UPDATE ON labels
BEGIN SELECT RAISE (ABORT, 'labels are only added to'); END;
CREATE TRIGGER labels_remain BEFORE DELETE ON labels
BEGIN SELECT RAISE (ABORT, 'labels are only added to'); END;
