-- Version 25: units as things: what they are, how they were let in, by which certificates, and
-- what has become of them. Times are milliseconds since 1970 (UTC). Everything here is only ever
-- added to. A unit stands here before it hangs in a home, so nothing refers to `units`.

-- What is known of a unit: its newest row holds. `body` is JSON.
CREATE TABLE unit_inventory (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL,
    body TEXT NOT NULL,
    made_by TEXT NOT NULL CHECK (length(trim(made_by)) > 0),
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX unit_inventory_by_unit ON unit_inventory (unit, row);

-- What has become of a unit, step by step. Which step may follow which is for the program.
CREATE TABLE unit_steps (
    step INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN
        ('added', 'enrolled', 'confirmed', 'installed', 'faulty', 'mended', 'removed', 'wiped')),
    home TEXT,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL CHECK (length(trim(made_by)) > 0),
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX unit_steps_by_unit ON unit_steps (unit, step);

-- Codes by which units may be let in: of a code's token only the hash.
CREATE TABLE unit_codes (
    hash TEXT PRIMARY KEY,
    unit TEXT NOT NULL,
    made_by TEXT NOT NULL CHECK (length(trim(made_by)) > 0),
    at_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;

-- Who was let in: once a unit, once a code, once an eye's key.
CREATE TABLE unit_enrolments (
    unit TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE REFERENCES unit_codes (hash),
    eye TEXT NOT NULL UNIQUE,
    package TEXT NOT NULL,
    version TEXT NOT NULL,
    csr TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

-- Every certificate of every unit, each for a key of its own. `after` is the one that was shown
-- to get it.
CREATE TABLE unit_certificates (
    serial TEXT PRIMARY KEY,
    unit TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    chain TEXT NOT NULL,
    after TEXT REFERENCES unit_certificates (serial),
    at_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX unit_certificates_by_unit ON unit_certificates (unit, at_ms);

-- When a certificate was first used.
CREATE TABLE unit_certificate_uses (
    serial TEXT PRIMARY KEY REFERENCES unit_certificates (serial),
    at_ms INTEGER NOT NULL
) STRICT;

-- Certificates that hold no more, and why.
CREATE TABLE unit_denials (
    serial TEXT PRIMARY KEY REFERENCES unit_certificates (serial),
    why TEXT NOT NULL CHECK (why IN ('removed', 'superseded')),
    made_by TEXT NOT NULL CHECK (length(trim(made_by)) > 0),
    at_ms INTEGER NOT NULL
) STRICT;

CREATE TRIGGER unit_inventory_stays BEFORE UPDATE ON unit_inventory
BEGIN SELECT RAISE (ABORT, 'the inventory is only added to'); END;
CREATE TRIGGER unit_inventory_remains BEFORE DELETE ON unit_inventory
BEGIN SELECT RAISE (ABORT, 'the inventory is only added to'); END;
CREATE TRIGGER unit_steps_stay BEFORE UPDATE ON unit_steps
BEGIN SELECT RAISE (ABORT, 'steps are only added to'); END;
CREATE TRIGGER unit_steps_remain BEFORE DELETE ON unit_steps
BEGIN SELECT RAISE (ABORT, 'steps are only added to'); END;
CREATE TRIGGER unit_codes_stay BEFORE UPDATE ON unit_codes
BEGIN SELECT RAISE (ABORT, 'codes are only added to'); END;
CREATE TRIGGER unit_codes_remain BEFORE DELETE ON unit_codes
BEGIN SELECT RAISE (ABORT, 'codes are only added to'); END;
CREATE TRIGGER unit_enrolments_stay BEFORE UPDATE ON unit_enrolments
BEGIN SELECT RAISE (ABORT, 'enrolments are only added to'); END;
CREATE TRIGGER unit_enrolments_remain BEFORE DELETE ON unit_enrolments
BEGIN SELECT RAISE (ABORT, 'enrolments are only added to'); END;
CREATE TRIGGER unit_certificates_stay BEFORE UPDATE ON unit_certificates
BEGIN SELECT RAISE (ABORT, 'certificates are only added to'); END;
CREATE TRIGGER unit_certificates_remain BEFORE DELETE ON unit_certificates
BEGIN SELECT RAISE (ABORT, 'certificates are only added to'); END;
CREATE TRIGGER unit_denials_stay BEFORE UPDATE ON unit_denials
BEGIN SELECT RAISE (ABORT, 'denials are only added to'); END;
CREATE TRIGGER unit_denials_remain BEFORE DELETE ON unit_denials
BEGIN SELECT RAISE (ABORT, 'denials are only added to'); END;
