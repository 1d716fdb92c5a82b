-- Version 3: what becomes of a night's checks after noon, what people said, and what is about no
-- check. Times are milliseconds since 1970 (UTC).

-- Under which version of the plan a check was frozen, and how it is to be made. NULL and
-- 'digital' are what earlier rows were.
ALTER TABLE checks ADD COLUMN plan INTEGER;
ALTER TABLE checks ADD COLUMN manner TEXT NOT NULL DEFAULT 'digital';

-- Under which version of the plan a look was made.
ALTER TABLE reports ADD COLUMN plan INTEGER;

-- What changed about a check after it was frozen, in order of id: the frozen row stays.
CREATE TABLE check_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    check_id TEXT NOT NULL REFERENCES checks (check_id),
    at_ms INTEGER NOT NULL,
    change TEXT NOT NULL,
    reason TEXT,
    unit TEXT REFERENCES units (unit),
    plan INTEGER,
    made_by TEXT NOT NULL,
    why TEXT NOT NULL
) STRICT;
CREATE INDEX check_changes_by_check ON check_changes (check_id);

-- What people said about checks, in order of id. The latest is how a check counts.
CREATE TABLE words (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    check_id TEXT NOT NULL REFERENCES checks (check_id),
    said TEXT NOT NULL,
    said_by TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX words_by_check ON words (check_id);

-- What needs somebody and is about no check, and when it was over.
CREATE TABLE matters (
    matter INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    situation TEXT NOT NULL,
    opened_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE matter_ends (
    matter INTEGER PRIMARY KEY REFERENCES matters (matter),
    ended_by TEXT,
    at_ms INTEGER NOT NULL
) STRICT;

-- Outcomes and endings may have more words now; the reader refuses what it does not know.
CREATE TABLE outcomes_2 (
    check_id TEXT PRIMARY KEY REFERENCES checks (check_id),
    outcome TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    came_ms INTEGER NOT NULL
) STRICT;
INSERT INTO outcomes_2 SELECT * FROM outcomes;
DROP TABLE outcomes;
ALTER TABLE outcomes_2 RENAME TO outcomes;

CREATE TABLE exception_events_2 (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    exception INTEGER NOT NULL REFERENCES exceptions (exception),
    at_ms INTEGER NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('joined', 'left', 'became', 'ended')),
    check_id TEXT REFERENCES checks (check_id),
    cause TEXT,
    ending TEXT
) STRICT;
INSERT INTO exception_events_2 SELECT * FROM exception_events;
DROP TABLE exception_events;
ALTER TABLE exception_events_2 RENAME TO exception_events;
CREATE INDEX exception_events_by_exception ON exception_events (exception);
CREATE INDEX exception_events_by_check ON exception_events (check_id);

CREATE TRIGGER outcomes_stay BEFORE UPDATE ON outcomes
BEGIN SELECT RAISE (ABORT, 'outcomes are only added to'); END;
CREATE TRIGGER outcomes_remain BEFORE DELETE ON outcomes
BEGIN SELECT RAISE (ABORT, 'outcomes are only added to'); END;

CREATE TRIGGER exception_events_stay BEFORE UPDATE ON exception_events
BEGIN SELECT RAISE (ABORT, 'exception events are only added to'); END;
CREATE TRIGGER exception_events_remain BEFORE DELETE ON exception_events
BEGIN SELECT RAISE (ABORT, 'exception events are only added to'); END;

CREATE TRIGGER check_changes_stay BEFORE UPDATE ON check_changes
BEGIN SELECT RAISE (ABORT, 'changes of checks are only added to'); END;
CREATE TRIGGER check_changes_remain BEFORE DELETE ON check_changes
BEGIN SELECT RAISE (ABORT, 'changes of checks are only added to'); END;

CREATE TRIGGER words_stay BEFORE UPDATE ON words
BEGIN SELECT RAISE (ABORT, 'words are only added to'); END;
CREATE TRIGGER words_remain BEFORE DELETE ON words
BEGIN SELECT RAISE (ABORT, 'words are only added to'); END;

CREATE TRIGGER matters_stay BEFORE UPDATE ON matters
BEGIN SELECT RAISE (ABORT, 'matters are only added to'); END;
CREATE TRIGGER matters_remain BEFORE DELETE ON matters
BEGIN SELECT RAISE (ABORT, 'matters are only added to'); END;

CREATE TRIGGER matter_ends_stay BEFORE UPDATE ON matter_ends
BEGIN SELECT RAISE (ABORT, 'ends of matters are only added to'); END;
CREATE TRIGGER matter_ends_remain BEFORE DELETE ON matter_ends
BEGIN SELECT RAISE (ABORT, 'ends of matters are only added to'); END;
