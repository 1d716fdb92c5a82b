-- Version 15: who asked to see by camera, and every step of it. Times are milliseconds since 1970
-- (UTC). No picture and nothing of one is ever written.

-- One worker asked to look at one unclear look. Written before anything is asked of the unit.
CREATE TABLE views (
    view INTEGER PRIMARY KEY AUTOINCREMENT,
    exception INTEGER NOT NULL,
    check_id TEXT NOT NULL,
    resident TEXT NOT NULL,
    unit TEXT NOT NULL,
    staff TEXT NOT NULL,
    asked_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX views_of_resident ON views (resident, asked_ms);

-- What came of it, step by step. `what` is the look's number, why it ended or what was seen;
-- `staff` is who said so, where somebody did.
CREATE TABLE view_events (
    event_id INTEGER PRIMARY KEY AUTOINCREMENT,
    view INTEGER NOT NULL REFERENCES views (view),
    event TEXT NOT NULL CHECK (event IN ('challenged', 'granted', 'opened', 'over', 'answered')),
    what TEXT,
    staff TEXT,
    frames INTEGER,
    lit_ms INTEGER,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX events_of_view ON view_events (view, event);

CREATE TRIGGER views_stay BEFORE UPDATE ON views
BEGIN SELECT RAISE (ABORT, 'views are only added to'); END;
CREATE TRIGGER views_remain BEFORE DELETE ON views
BEGIN SELECT RAISE (ABORT, 'views are only added to'); END;
CREATE TRIGGER view_events_stay BEFORE UPDATE ON view_events
BEGIN SELECT RAISE (ABORT, 'view events are only added to'); END;
CREATE TRIGGER view_events_remain BEFORE DELETE ON view_events
BEGIN SELECT RAISE (ABORT, 'view events are only added to'); END;
