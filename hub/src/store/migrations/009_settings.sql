-- Version 9: what holds for the municipality, its areas and its homes. Times are milliseconds
-- since 1970 (UTC).

-- Every document that was ever set, whole. The newest holds. It names recipients' telephone
-- numbers and mail addresses.
CREATE TABLE settings (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL CHECK (length(trim(made_by)) > 0),
    why TEXT NOT NULL CHECK (length(trim(why)) > 0),
    body TEXT NOT NULL
) STRICT;

CREATE TRIGGER settings_stay BEFORE UPDATE ON settings
BEGIN SELECT RAISE (ABORT, 'settings are only added to'); END;
CREATE TRIGGER settings_remain BEFORE DELETE ON settings
BEGIN SELECT RAISE (ABORT, 'settings are only added to'); END;
