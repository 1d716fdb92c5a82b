-- The hub's memory, version 1. Times are milliseconds since 1970 (UTC).

-- Who is enrolled. What left keeps its row, because the ledger names it.
CREATE TABLE homes (
    home TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    place INTEGER NOT NULL,
    left_ms INTEGER
) STRICT;

CREATE TABLE units (
    unit TEXT PRIMARY KEY,
    home TEXT NOT NULL REFERENCES homes (home),
    eye TEXT NOT NULL,
    left_ms INTEGER
) STRICT;

CREATE TABLE residents (
    resident TEXT PRIMARY KEY,
    home TEXT NOT NULL REFERENCES homes (home),
    name TEXT NOT NULL,
    place INTEGER NOT NULL,
    left_ms INTEGER
) STRICT;

-- Everything from here on is only ever added to.

-- Every version of every plan, as signed.
CREATE TABLE plans (
    resident TEXT NOT NULL REFERENCES residents (resident),
    version INTEGER NOT NULL,
    made_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (resident, version)
) STRICT;

-- The nights whose checks are written down.
CREATE TABLE nights (
    night TEXT PRIMARY KEY,
    frozen_ms INTEGER NOT NULL
) STRICT;

-- What was to be done when, as frozen for its night.
CREATE TABLE checks (
    check_id TEXT PRIMARY KEY,
    night TEXT NOT NULL REFERENCES nights (night),
    resident TEXT NOT NULL REFERENCES residents (resident),
    unit TEXT NOT NULL REFERENCES units (unit),
    opens_ms INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL,
    looks_ms TEXT NOT NULL
) STRICT;
CREATE INDEX checks_by_night ON checks (night);

-- Every report whose signature held, as signed. One that matches no check is kept too.
CREATE TABLE reports (
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
    UNIQUE (unit, boot, counter)
) STRICT;
CREATE INDEX reports_by_check ON reports (check_id);

-- What voices said of themselves, unsigned. One row a look and fault.
CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL REFERENCES units (unit),
    check_id TEXT NOT NULL REFERENCES checks (check_id),
    look INTEGER NOT NULL,
    fault TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    came_ms INTEGER NOT NULL,
    UNIQUE (check_id, look, fault)
) STRICT;

-- How checks ended: one row a check, for ever.
CREATE TABLE outcomes (
    check_id TEXT PRIMARY KEY REFERENCES checks (check_id),
    outcome TEXT NOT NULL CHECK (outcome IN ('visible', 'visible_late')),
    at_ms INTEGER NOT NULL,
    came_ms INTEGER NOT NULL
) STRICT;

-- What needed a person, and since when.
CREATE TABLE exceptions (
    exception INTEGER PRIMARY KEY,
    resident TEXT NOT NULL REFERENCES residents (resident),
    cause TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    punctuality TEXT NOT NULL CHECK (punctuality IN ('in_time', 'hub_was_down'))
) STRICT;

-- What became of it, in order of id.
CREATE TABLE exception_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    exception INTEGER NOT NULL REFERENCES exceptions (exception),
    at_ms INTEGER NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('joined', 'left', 'became', 'ended')),
    check_id TEXT REFERENCES checks (check_id),
    cause TEXT,
    ending TEXT CHECK (ending IN ('later_visible', 'late_report', 'heard_again'))
) STRICT;
CREATE INDEX exception_events_by_exception ON exception_events (exception);

CREATE TRIGGER plans_stay BEFORE UPDATE ON plans
BEGIN SELECT RAISE (ABORT, 'plans are only added to'); END;
CREATE TRIGGER plans_remain BEFORE DELETE ON plans
BEGIN SELECT RAISE (ABORT, 'plans are only added to'); END;

CREATE TRIGGER nights_stay BEFORE UPDATE ON nights
BEGIN SELECT RAISE (ABORT, 'nights are only added to'); END;
CREATE TRIGGER nights_remain BEFORE DELETE ON nights
BEGIN SELECT RAISE (ABORT, 'nights are only added to'); END;

CREATE TRIGGER checks_stay BEFORE UPDATE ON checks
BEGIN SELECT RAISE (ABORT, 'checks are only added to'); END;
CREATE TRIGGER checks_remain BEFORE DELETE ON checks
BEGIN SELECT RAISE (ABORT, 'checks are only added to'); END;

CREATE TRIGGER reports_stay BEFORE UPDATE ON reports
BEGIN SELECT RAISE (ABORT, 'reports are only added to'); END;
CREATE TRIGGER reports_remain BEFORE DELETE ON reports
BEGIN SELECT RAISE (ABORT, 'reports are only added to'); END;

CREATE TRIGGER notices_stay BEFORE UPDATE ON notices
BEGIN SELECT RAISE (ABORT, 'notices are only added to'); END;
CREATE TRIGGER notices_remain BEFORE DELETE ON notices
BEGIN SELECT RAISE (ABORT, 'notices are only added to'); END;

CREATE TRIGGER outcomes_stay BEFORE UPDATE ON outcomes
BEGIN SELECT RAISE (ABORT, 'outcomes are only added to'); END;
CREATE TRIGGER outcomes_remain BEFORE DELETE ON outcomes
BEGIN SELECT RAISE (ABORT, 'outcomes are only added to'); END;

CREATE TRIGGER exceptions_stay BEFORE UPDATE ON exceptions
BEGIN SELECT RAISE (ABORT, 'exceptions are only added to'); END;
CREATE TRIGGER exceptions_remain BEFORE DELETE ON exceptions
BEGIN SELECT RAISE (ABORT, 'exceptions are only added to'); END;

CREATE TRIGGER exception_events_stay BEFORE UPDATE ON exception_events
BEGIN SELECT RAISE (ABORT, 'exception events are only added to'); END;
CREATE TRIGGER exception_events_remain BEFORE DELETE ON exception_events
BEGIN SELECT RAISE (ABORT, 'exception events are only added to'); END;
