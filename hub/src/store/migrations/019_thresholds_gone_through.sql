-- Version 19: what units say of their thresholds beside the version, homes that were gone through
-- anew, and in which home nights were counted. Everything here is only ever added to.

-- The levels that the unit says; NULL of a unit that does not say them.
ALTER TABLE threshold_words ADD COLUMN visible INTEGER CHECK (visible BETWEEN 0 AND 64);
ALTER TABLE threshold_words ADD COLUMN not_visible INTEGER CHECK (not_visible BETWEEN 0 AND 64);
-- How often its home was gone through anew, by the thresholds that it holds.
ALTER TABLE threshold_words ADD COLUMN anew INTEGER NOT NULL DEFAULT 0;
-- Whether its home still looks as it did: 'alike' or 'changed'.
ALTER TABLE threshold_words ADD COLUMN home TEXT NOT NULL DEFAULT 'alike'
    CHECK (home IN ('alike', 'changed'));

-- 1 where a proposal at a home says that the home was gone through anew.
ALTER TABLE threshold_changes ADD COLUMN anew INTEGER NOT NULL DEFAULT 0
    CHECK (anew = 0 OR (anew = 1 AND place LIKE 'home:%'));

-- Where the unit hung when its counts came; NULL of those that came before this was kept.
ALTER TABLE counts ADD COLUMN home TEXT;
