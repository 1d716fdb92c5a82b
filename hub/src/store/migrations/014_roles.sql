-- Version 14: what those who work here may do, by which keys they sign, and who has looked over it.
-- Times are milliseconds since 1970 (UTC). Everything here is only ever added to.

-- A role given or taken. The latest row for somebody and a role counts.
CREATE TABLE staff_roles (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    staff TEXT NOT NULL,
    role TEXT NOT NULL CHECK (length(role) > 0),
    event TEXT NOT NULL CHECK (event IN ('given', 'confirmed', 'taken')),
    at_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL
) STRICT;
CREATE INDEX staff_roles_by_staff ON staff_roles (staff, role, entry);

-- Nobody who works tonight is shut out by this version: whoever could sign in before it may do what
-- night staff may, but for the live view, which asks for training too.
INSERT INTO staff_roles (staff, role, event, at_ms, made_by)
    SELECT staff, 'night_staff', 'given', at_ms, 'version-14' FROM staff
    WHERE entry IN (SELECT max(entry) FROM staff GROUP BY staff) AND pin IS NOT NULL;

-- Training that somebody has had. The latest row counts.
CREATE TABLE staff_training (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    staff TEXT NOT NULL,
    day TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL
) STRICT;
CREATE INDEX staff_training_by_staff ON staff_training (staff, entry);

-- A key (WebAuthn credential) that somebody registered: its id and its P-256 public key. It stands
-- until it is removed, or the person leaves.
CREATE TABLE staff_keys (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    staff TEXT NOT NULL,
    credential BLOB NOT NULL UNIQUE CHECK (length(credential) BETWEEN 1 AND 1023),
    public_key BLOB NOT NULL CHECK (length(public_key) = 65),
    host TEXT NOT NULL,
    origin TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX staff_keys_by_staff ON staff_keys (staff, entry);

CREATE TABLE staff_key_ends (
    entry INTEGER PRIMARY KEY REFERENCES staff_keys (entry),
    at_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL
) STRICT;

-- Rosters that the root signed. The newest counts.
CREATE TABLE rosters (
    roster INTEGER PRIMARY KEY CHECK (roster > 0),
    at_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL
) STRICT;
CREATE TABLE roster_lines (
    roster INTEGER NOT NULL REFERENCES rosters (roster),
    staff TEXT NOT NULL,
    credential BLOB NOT NULL,
    body TEXT NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (roster, staff, credential)
) STRICT;

CREATE TRIGGER staff_roles_stay BEFORE UPDATE ON staff_roles
BEGIN SELECT RAISE (ABORT, 'roles are only added to'); END;
CREATE TRIGGER staff_roles_remain BEFORE DELETE ON staff_roles
BEGIN SELECT RAISE (ABORT, 'roles are only added to'); END;
CREATE TRIGGER staff_training_stays BEFORE UPDATE ON staff_training
BEGIN SELECT RAISE (ABORT, 'training is only added to'); END;
CREATE TRIGGER staff_training_remains BEFORE DELETE ON staff_training
BEGIN SELECT RAISE (ABORT, 'training is only added to'); END;
CREATE TRIGGER staff_keys_stay BEFORE UPDATE ON staff_keys
BEGIN SELECT RAISE (ABORT, 'keys are only added to'); END;
CREATE TRIGGER staff_keys_remain BEFORE DELETE ON staff_keys
BEGIN SELECT RAISE (ABORT, 'keys are only added to'); END;
CREATE TRIGGER staff_key_ends_stay BEFORE UPDATE ON staff_key_ends
BEGIN SELECT RAISE (ABORT, 'ends of keys are only added to'); END;
CREATE TRIGGER staff_key_ends_remain BEFORE DELETE ON staff_key_ends
BEGIN SELECT RAISE (ABORT, 'ends of keys are only added to'); END;
CREATE TRIGGER rosters_stay BEFORE UPDATE ON rosters
BEGIN SELECT RAISE (ABORT, 'rosters are only added to'); END;
CREATE TRIGGER rosters_remain BEFORE DELETE ON rosters
BEGIN SELECT RAISE (ABORT, 'rosters are only added to'); END;
CREATE TRIGGER roster_lines_stay BEFORE UPDATE ON roster_lines
BEGIN SELECT RAISE (ABORT, 'rosters are only added to'); END;
CREATE TRIGGER roster_lines_remain BEFORE DELETE ON roster_lines
BEGIN SELECT RAISE (ABORT, 'rosters are only added to'); END;
