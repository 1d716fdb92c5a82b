-- Version 8: who was told of what, by which channel, and what became of it. Times are milliseconds
-- since 1970 (UTC).

-- One line of the chain each, as JSON, in order of id. It names recipients by the settings' words,
-- and rows by their numbers.
CREATE TABLE tellings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    line TEXT NOT NULL
) STRICT;
CREATE INDEX tellings_by_time ON tellings (at_ms);

CREATE TRIGGER tellings_stay BEFORE UPDATE ON tellings
BEGIN SELECT RAISE (ABORT, 'tellings are only added to'); END;
CREATE TRIGGER tellings_remain BEFORE DELETE ON tellings
BEGIN SELECT RAISE (ABORT, 'tellings are only added to'); END;
