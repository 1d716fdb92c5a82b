-- Version 12: what residents agreed to, and the policies that were signed for their units. Times
-- are milliseconds since 1970 (UTC). Everything here is only ever added to.

-- A consent that was given, one that was taken back, or who else lives there. `what` names the
-- kind of consent, what was taken back, or the household; `body` holds the rest, with the names of
-- those who gave it. Such a name stands nowhere else.
CREATE TABLE consents (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    resident TEXT NOT NULL REFERENCES residents (resident),
    event TEXT NOT NULL CHECK (event IN ('given', 'withdrawn', 'household')),
    what TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    said_on TEXT NOT NULL,
    taken_by TEXT NOT NULL CHECK (length(trim(taken_by)) > 0),
    taker TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX consents_by_resident ON consents (resident);

-- Every version of every unit's policy, as signed.
CREATE TABLE policies (
    unit TEXT NOT NULL REFERENCES units (unit),
    version INTEGER NOT NULL CHECK (version > 0),
    body TEXT NOT NULL,
    signature TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    PRIMARY KEY (unit, version)
) STRICT;

CREATE TRIGGER consents_stay BEFORE UPDATE ON consents
BEGIN SELECT RAISE (ABORT, 'consents are only added to'); END;
CREATE TRIGGER consents_remain BEFORE DELETE ON consents
BEGIN SELECT RAISE (ABORT, 'consents are only added to'); END;

CREATE TRIGGER policies_stay BEFORE UPDATE ON policies
BEGIN SELECT RAISE (ABORT, 'policies are only added to'); END;
CREATE TRIGGER policies_remain BEFORE DELETE ON policies
BEGIN SELECT RAISE (ABORT, 'policies are only added to'); END;
