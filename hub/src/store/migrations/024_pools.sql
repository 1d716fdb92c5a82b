-- Version 24: why a pool does not go on from the one before it; empty where it does.

ALTER TABLE pools ADD COLUMN anew TEXT NOT NULL DEFAULT '';
