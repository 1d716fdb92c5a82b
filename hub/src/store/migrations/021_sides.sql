-- Version 21: whose place is whose under a unit where several sleep, and trials that showed that
-- sensor mode does not suit a home. Times are milliseconds since 1970 (UTC). Everything here is
-- only ever added to.

-- Who sleeps in which place, as somebody with the care of them said it: a JSON array in the order
-- of the places' numbers, `{"resident": …, "place": digest}`. The newest of a unit holds, for as
-- long as the unit is commissioned with those places and those residents live there.
CREATE TABLE commission_sides (
    side INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL REFERENCES units (unit),
    body TEXT NOT NULL,
    made_by TEXT NOT NULL CHECK (length(trim(made_by)) > 0),
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX commission_sides_by_unit ON commission_sides (unit, side);

-- That the first nights after a unit was commissioned had too many unclear checks. It holds until
-- the unit is commissioned anew: under a later version.
CREATE TABLE commission_unsuited (
    refusal INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL REFERENCES units (unit),
    version INTEGER NOT NULL CHECK (version > 0),
    nights INTEGER NOT NULL CHECK (nights > 0),
    checks INTEGER NOT NULL CHECK (checks > 0),
    unclear INTEGER NOT NULL CHECK (unclear BETWEEN 1 AND checks),
    at_ms INTEGER NOT NULL,
    UNIQUE (unit, version)
) STRICT;

CREATE TRIGGER commission_sides_stay BEFORE UPDATE ON commission_sides
BEGIN SELECT RAISE (ABORT, 'commission_sides are only added to'); END;
CREATE TRIGGER commission_sides_remain BEFORE DELETE ON commission_sides
BEGIN SELECT RAISE (ABORT, 'commission_sides are only added to'); END;
CREATE TRIGGER commission_unsuited_stays BEFORE UPDATE ON commission_unsuited
BEGIN SELECT RAISE (ABORT, 'commission_unsuited is only added to'); END;
CREATE TRIGGER commission_unsuited_remains BEFORE DELETE ON commission_unsuited
BEGIN SELECT RAISE (ABORT, 'commission_unsuited is only added to'); END;
