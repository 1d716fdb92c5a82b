-- Version 11: how somebody closed a matter, and whether somebody was asked in time about each check of
-- an exception. Times are milliseconds since 1970 (UTC).

-- From a fixed list; NULL where the hub saw that it was over, and in rows of before.
ALTER TABLE matter_ends ADD COLUMN how TEXT;

-- With every check that joins an exception; NULL in rows of before, which go by the exception's own.
ALTER TABLE exception_events ADD COLUMN punctuality TEXT;
