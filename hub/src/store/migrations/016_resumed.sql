-- Version 16: when looks that were stopped began again, by the unit's own word. Times are
-- milliseconds since 1970 (UTC). Everything here is only ever added to.

-- A policy by which no look may be made: at one resident, or at anybody where `resident` is NULL.
CREATE TABLE halts (
    halt INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL REFERENCES units (unit),
    version INTEGER NOT NULL CHECK (version > 0),
    resident TEXT,
    made_ms INTEGER NOT NULL
) STRICT;

-- That a unit's eye has said, signed, that it holds this version and looks by it. Kept of units
-- that were ever told to stop.
CREATE TABLE looking (
    unit TEXT NOT NULL REFERENCES units (unit),
    version INTEGER NOT NULL CHECK (version > 0),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (unit, version)
) STRICT;

INSERT INTO halts (unit, version, resident, made_ms)
SELECT unit, version, NULL, made_ms FROM policies WHERE json_extract(body, '$.mode') = 'off';
INSERT INTO halts (unit, version, resident, made_ms)
SELECT unit, version, value, made_ms FROM policies, json_each(body, '$.stopped')
WHERE json_extract(body, '$.mode') <> 'off';

-- Of what began again before this was asked of units nothing was kept: it counts as it did then.
INSERT INTO looking (unit, version, at_ms)
SELECT unit, version, made_ms FROM policies
WHERE json_extract(body, '$.mode') <> 'off' AND unit IN (SELECT unit FROM halts);

CREATE TRIGGER halts_stay BEFORE UPDATE ON halts
BEGIN SELECT RAISE (ABORT, 'halts are only added to'); END;
CREATE TRIGGER halts_remain BEFORE DELETE ON halts
BEGIN SELECT RAISE (ABORT, 'halts are only added to'); END;
CREATE TRIGGER looking_stays BEFORE UPDATE ON looking
BEGIN SELECT RAISE (ABORT, 'what units said is only added to'); END;
CREATE TRIGGER looking_remains BEFORE DELETE ON looking
BEGIN SELECT RAISE (ABORT, 'what units said is only added to'); END;
