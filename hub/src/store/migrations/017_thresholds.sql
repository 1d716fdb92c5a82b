-- Version 17: thresholds of homes: what nights counted, what was proposed and decided, what units
-- were sent and say that they hold. Times are milliseconds since 1970 (UTC). Everything here is
-- only ever added to.

-- What a unit's eye counted in a night, as signed. The first that came stands.
CREATE TABLE counts (
    unit TEXT NOT NULL REFERENCES units (unit),
    night TEXT NOT NULL,
    body TEXT NOT NULL,
    signature TEXT NOT NULL,
    came_ms INTEGER NOT NULL,
    PRIMARY KEY (unit, night)
) STRICT;
CREATE INDEX counts_by_night ON counts (night);

-- What somebody wants to hold somewhere: `municipality`, `area:NAME` or `home:ID`. Without levels
-- what holds around the place. A rollback names the change that it undoes.
CREATE TABLE threshold_changes (
    change INTEGER PRIMARY KEY AUTOINCREMENT,
    place TEXT NOT NULL CHECK (length(place) > 0),
    visible INTEGER CHECK (visible BETWEEN 0 AND 64),
    not_visible INTEGER CHECK (not_visible BETWEEN 0 AND 64),
    undoes INTEGER REFERENCES threshold_changes (change),
    why TEXT NOT NULL CHECK (length(trim(why)) > 0),
    at_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL CHECK (length(trim(made_by)) > 0),
    CHECK ((visible IS NULL) = (not_visible IS NULL))
) STRICT;

-- What became of it; once. `alone`: a rollback that makes nothing looser needs no second person.
-- What holds is the last by `turn`: a clock that is set back changes no order.
CREATE TABLE threshold_verdicts (
    turn INTEGER PRIMARY KEY AUTOINCREMENT,
    change INTEGER NOT NULL UNIQUE REFERENCES threshold_changes (change),
    verdict TEXT NOT NULL CHECK (verdict IN ('approved', 'alone', 'refused', 'withdrawn')),
    at_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL CHECK (length(trim(made_by)) > 0)
) STRICT;

CREATE TRIGGER threshold_verdicts_are_anothers BEFORE INSERT ON threshold_verdicts
WHEN NEW.verdict IN ('approved', 'refused')
 AND NEW.made_by = (SELECT made_by FROM threshold_changes WHERE change = NEW.change)
BEGIN SELECT RAISE (ABORT, 'nobody decides on what they proposed'); END;
CREATE TRIGGER threshold_withdrawals_are_ones_own BEFORE INSERT ON threshold_verdicts
WHEN NEW.verdict IN ('alone', 'withdrawn')
 AND NEW.made_by <> (SELECT made_by FROM threshold_changes WHERE change = NEW.change)
BEGIN SELECT RAISE (ABORT, 'only whoever proposed it can'); END;
CREATE TRIGGER threshold_changes_need_another BEFORE INSERT ON threshold_verdicts
WHEN NEW.verdict = 'alone'
 AND (SELECT undoes FROM threshold_changes WHERE change = NEW.change) IS NULL
BEGIN SELECT RAISE (ABORT, 'a change that is no rollback needs a second person'); END;

-- Every version of every unit's thresholds, as signed, and under which epoch of the hub's keys.
CREATE TABLE thresholds (
    unit TEXT NOT NULL REFERENCES units (unit),
    version INTEGER NOT NULL CHECK (version > 0),
    epoch INTEGER NOT NULL,
    body TEXT NOT NULL,
    signature TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    PRIMARY KEY (unit, version)
) STRICT;

-- Which version a unit's eye said, signed, that it holds, whenever that changed; 0 for none.
CREATE TABLE threshold_words (
    word INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL REFERENCES units (unit),
    version INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

-- Pools of homes' counts, as they were given. The newest is shown.
CREATE TABLE pools (
    pool INTEGER PRIMARY KEY AUTOINCREMENT,
    one_in INTEGER NOT NULL CHECK (one_in >= 2),
    body TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL CHECK (length(trim(made_by)) > 0)
) STRICT;

CREATE TRIGGER counts_stay BEFORE UPDATE ON counts
BEGIN SELECT RAISE (ABORT, 'counts are only added to'); END;
CREATE TRIGGER counts_remain BEFORE DELETE ON counts
BEGIN SELECT RAISE (ABORT, 'counts are only added to'); END;
CREATE TRIGGER threshold_changes_stay BEFORE UPDATE ON threshold_changes
BEGIN SELECT RAISE (ABORT, 'threshold_changes are only added to'); END;
CREATE TRIGGER threshold_changes_remain BEFORE DELETE ON threshold_changes
BEGIN SELECT RAISE (ABORT, 'threshold_changes are only added to'); END;
CREATE TRIGGER threshold_verdicts_stay BEFORE UPDATE ON threshold_verdicts
BEGIN SELECT RAISE (ABORT, 'threshold_verdicts are only added to'); END;
CREATE TRIGGER threshold_verdicts_remain BEFORE DELETE ON threshold_verdicts
BEGIN SELECT RAISE (ABORT, 'threshold_verdicts are only added to'); END;
CREATE TRIGGER thresholds_stay BEFORE UPDATE ON thresholds
BEGIN SELECT RAISE (ABORT, 'thresholds are only added to'); END;
CREATE TRIGGER thresholds_remain BEFORE DELETE ON thresholds
BEGIN SELECT RAISE (ABORT, 'thresholds are only added to'); END;
CREATE TRIGGER threshold_words_stay BEFORE UPDATE ON threshold_words
BEGIN SELECT RAISE (ABORT, 'threshold_words are only added to'); END;
CREATE TRIGGER threshold_words_remain BEFORE DELETE ON threshold_words
BEGIN SELECT RAISE (ABORT, 'threshold_words are only added to'); END;
CREATE TRIGGER pools_stay BEFORE UPDATE ON pools
BEGIN SELECT RAISE (ABORT, 'pools are only added to'); END;
CREATE TRIGGER pools_remain BEFORE DELETE ON pools
BEGIN SELECT RAISE (ABORT, 'pools are only added to'); END;
