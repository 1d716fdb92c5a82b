-- The hub's memory, version 7: who works here, and who has come in for a shift.
-- Everything here is only ever added to.

-- What was done with a member of staff: taken in, given a new PIN, left. The latest row counts.
-- `pin` is a hash in PHC form, never the PIN. An id keeps its name for good.
CREATE TABLE staff (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    staff TEXT NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('added', 'new_pin', 'left')),
    name TEXT NOT NULL,
    pin TEXT,
    at_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    CHECK ((event = 'left') = (pin IS NULL))
) STRICT;
CREATE INDEX staff_by_id ON staff (staff, entry);

-- Every sign-in, by the SHA-256 of its token: who reads this table gets in with nothing of it.
CREATE TABLE sessions (
    session INTEGER PRIMARY KEY AUTOINCREMENT,
    token BLOB NOT NULL UNIQUE CHECK (length(token) = 32),
    staff TEXT NOT NULL,
    began_ms INTEGER NOT NULL,
    ends_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_staff ON sessions (staff, ends_ms);

-- Sessions that ended before their time.
CREATE TABLE session_ends (
    session INTEGER PRIMARY KEY REFERENCES sessions (session),
    why TEXT NOT NULL CHECK (why IN ('signed_out', 'new_pin', 'left')),
    at_ms INTEGER NOT NULL
) STRICT;

CREATE TRIGGER staff_stay BEFORE UPDATE ON staff
BEGIN SELECT RAISE (ABORT, 'staff are only added to'); END;
CREATE TRIGGER staff_remain BEFORE DELETE ON staff
BEGIN SELECT RAISE (ABORT, 'staff are only added to'); END;

CREATE TRIGGER sessions_stay BEFORE UPDATE ON sessions
BEGIN SELECT RAISE (ABORT, 'sessions are only added to'); END;
CREATE TRIGGER sessions_remain BEFORE DELETE ON sessions
BEGIN SELECT RAISE (ABORT, 'sessions are only added to'); END;

CREATE TRIGGER session_ends_stay BEFORE UPDATE ON session_ends
BEGIN SELECT RAISE (ABORT, 'session ends are only added to'); END;
CREATE TRIGGER session_ends_remain BEFORE DELETE ON session_ends
BEGIN SELECT RAISE (ABORT, 'session ends are only added to'); END;
