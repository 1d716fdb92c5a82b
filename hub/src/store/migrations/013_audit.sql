-- Version 13: who did what about whom, written before it is shown. Times are milliseconds since
-- 1970 (UTC). Every row carries the SHA-256 over the row before and itself: docs/reference/audit.md.

CREATE TABLE audit (
    -- 1, 2, 3 and so on, without a gap.
    id INTEGER PRIMARY KEY CHECK (id > 0),
    at_ms INTEGER NOT NULL,
    -- A staff id; `-` for the hub by itself, `?` for somebody unknown.
    who TEXT NOT NULL CHECK (length(who) > 0),
    act TEXT NOT NULL CHECK (length(act) > 0),
    -- The resident it is about, if it is about one.
    about TEXT,
    -- The row that it goes on from, such as the beginning of what ends here.
    follows INTEGER CHECK (follows < id),
    lasted_ms INTEGER CHECK (lasted_ms >= 0),
    -- Ids and words of the program, no name.
    detail TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX audit_by_about ON audit (about, id);
CREATE INDEX audit_by_who ON audit (who, id);
CREATE INDEX audit_by_act ON audit (act, id);

CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'the log is only added to'); END;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'the log is only added to'); END;
