-- The hub's memory, version 2: what was agreed of each resident's nights, and what became of it.
-- Everything here is only ever added to.

-- Every version of every agreement, whole. `origin` says which door it came in by.
CREATE TABLE agreements (
    resident TEXT NOT NULL REFERENCES residents (resident),
    version INTEGER NOT NULL,
    made_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('enrolment', 'import')),
    body TEXT NOT NULL,
    PRIMARY KEY (resident, version)
) STRICT;

-- Nights without a check because the resident is away or asked for it. Without a last night:
-- until further notice. Nights are dates, as in the ledger.
CREATE TABLE absences (
    absence INTEGER PRIMARY KEY AUTOINCREMENT,
    resident TEXT NOT NULL REFERENCES residents (resident),
    why TEXT NOT NULL CHECK (why IN ('away', 'skip')),
    first_night TEXT NOT NULL,
    last_night TEXT,
    made_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL
) STRICT;
CREATE INDEX absences_by_resident ON absences (resident);

-- What was said of an absence later. One that is ended counts no more from that moment on.
CREATE TABLE absence_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    absence INTEGER NOT NULL REFERENCES absences (absence),
    event TEXT NOT NULL CHECK (event IN ('confirmed', 'ended')),
    at_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL
) STRICT;

-- Who will not be looked at again.
CREATE TABLE endings (
    resident TEXT PRIMARY KEY REFERENCES residents (resident),
    why TEXT NOT NULL CHECK (why IN ('died', 'ended')),
    at_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL
) STRICT;

-- Plan versions that hold from the moment they were made. All others hold from the next noon.
CREATE TABLE plans_at_once (
    resident TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (resident, version),
    FOREIGN KEY (resident, version) REFERENCES plans (resident, version)
) STRICT;

CREATE TRIGGER agreements_stay BEFORE UPDATE ON agreements
BEGIN SELECT RAISE (ABORT, 'agreements are only added to'); END;
CREATE TRIGGER agreements_remain BEFORE DELETE ON agreements
BEGIN SELECT RAISE (ABORT, 'agreements are only added to'); END;

CREATE TRIGGER absences_stay BEFORE UPDATE ON absences
BEGIN SELECT RAISE (ABORT, 'absences are only added to'); END;
CREATE TRIGGER absences_remain BEFORE DELETE ON absences
BEGIN SELECT RAISE (ABORT, 'absences are only added to'); END;

CREATE TRIGGER absence_events_stay BEFORE UPDATE ON absence_events
BEGIN SELECT RAISE (ABORT, 'absence events are only added to'); END;
CREATE TRIGGER absence_events_remain BEFORE DELETE ON absence_events
BEGIN SELECT RAISE (ABORT, 'absence events are only added to'); END;

CREATE TRIGGER endings_stay BEFORE UPDATE ON endings
BEGIN SELECT RAISE (ABORT, 'endings are only added to'); END;
CREATE TRIGGER endings_remain BEFORE DELETE ON endings
BEGIN SELECT RAISE (ABORT, 'endings are only added to'); END;

CREATE TRIGGER plans_at_once_stay BEFORE UPDATE ON plans_at_once
BEGIN SELECT RAISE (ABORT, 'plans at once are only added to'); END;
CREATE TRIGGER plans_at_once_remain BEFORE DELETE ON plans_at_once
BEGIN SELECT RAISE (ABORT, 'plans at once are only added to'); END;
