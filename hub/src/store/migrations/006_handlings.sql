-- Version 6: how people handled exceptions. Times are milliseconds since 1970 (UTC).

-- Who took a row, went there, came, gave it back, said or found something; and that nothing came
-- of it in time (then nobody did it). In order of id.
CREATE TABLE handlings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    exception INTEGER NOT NULL REFERENCES exceptions (exception),
    at_ms INTEGER NOT NULL,
    act TEXT NOT NULL,
    done_by TEXT,
    detail TEXT
) STRICT;
CREATE INDEX handlings_by_exception ON handlings (exception);

CREATE TRIGGER handlings_stay BEFORE UPDATE ON handlings
BEGIN SELECT RAISE (ABORT, 'handlings are only added to'); END;
CREATE TRIGGER handlings_remain BEFORE DELETE ON handlings
BEGIN SELECT RAISE (ABORT, 'handlings are only added to'); END;
