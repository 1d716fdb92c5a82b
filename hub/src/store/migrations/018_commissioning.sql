-- Version 18: units that are tried out where they hang before their checks count. Times are
-- milliseconds since 1970 (UTC). Everything here is only ever added to.

-- Each step of commissioning a unit, in order: what was signed and sent, what came back, and what
-- people settled. A `leave` begins anew. Nobody made what the unit itself said.
CREATE TABLE commission_rows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL REFERENCES units (unit),
    kind TEXT NOT NULL CHECK (kind IN ('leave', 'lead', 'order', 'places', 'tried', 'not_tried',
                                       'commissioned', 'stands', 'agreed')),
    body TEXT NOT NULL,
    signature TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    CHECK ((made_by = '') = (kind IN ('tried', 'not_tried', 'commissioned', 'stands')))
) STRICT;
CREATE INDEX commission_rows_by_unit ON commission_rows (unit, id);

-- As what a unit's eye last said, signed, that it is commissioned, whenever that changed; `null`
-- for never.
CREATE TABLE commission_words (
    word INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL REFERENCES units (unit),
    body TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

-- Until when a unit counts as commissioned that never was: by what it had done before this
-- version, or by the enrolment file.
CREATE TABLE commission_papers (
    paper INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL REFERENCES units (unit),
    why TEXT NOT NULL CHECK (why IN ('before', 'enrolment')),
    until_ms INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

-- Units whose looks counted before this version. Their paper begins when the hub first reads this.
CREATE TABLE commission_before (unit TEXT PRIMARY KEY) STRICT;
INSERT INTO commission_before (unit) SELECT DISTINCT unit FROM reports;

-- Reports that said *visible* and did not count, and why.
CREATE TABLE reports_shut (
    unit TEXT NOT NULL,
    boot TEXT NOT NULL,
    counter INTEGER NOT NULL,
    why TEXT NOT NULL CHECK (why IN ('never', 'model', 'places')),
    PRIMARY KEY (unit, boot, counter)
) STRICT;

CREATE TRIGGER commission_rows_stay BEFORE UPDATE ON commission_rows
BEGIN SELECT RAISE (ABORT, 'commission_rows are only added to'); END;
CREATE TRIGGER commission_rows_remain BEFORE DELETE ON commission_rows
BEGIN SELECT RAISE (ABORT, 'commission_rows are only added to'); END;
CREATE TRIGGER commission_words_stay BEFORE UPDATE ON commission_words
BEGIN SELECT RAISE (ABORT, 'commission_words are only added to'); END;
CREATE TRIGGER commission_words_remain BEFORE DELETE ON commission_words
BEGIN SELECT RAISE (ABORT, 'commission_words are only added to'); END;
CREATE TRIGGER commission_papers_stay BEFORE UPDATE ON commission_papers
BEGIN SELECT RAISE (ABORT, 'commission_papers are only added to'); END;
CREATE TRIGGER commission_papers_remain BEFORE DELETE ON commission_papers
BEGIN SELECT RAISE (ABORT, 'commission_papers are only added to'); END;
CREATE TRIGGER commission_before_stays BEFORE UPDATE ON commission_before
BEGIN SELECT RAISE (ABORT, 'commission_before is written once'); END;
CREATE TRIGGER commission_before_remains BEFORE DELETE ON commission_before
BEGIN SELECT RAISE (ABORT, 'commission_before is written once'); END;
CREATE TRIGGER reports_shut_stay BEFORE UPDATE ON reports_shut
BEGIN SELECT RAISE (ABORT, 'reports_shut are only added to'); END;
CREATE TRIGGER reports_shut_remain BEFORE DELETE ON reports_shut
BEGIN SELECT RAISE (ABORT, 'reports_shut are only added to'); END;
