-- Version 10: which browsers are told by Web Push, as whom, and until when. Times are milliseconds
-- since 1970 (UTC).

-- One browser that somebody subscribed in their session. `subscription` is what the browser gave,
-- as JSON: it is taken out once it has ended, and nothing else is ever changed.
CREATE TABLE subscriptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL REFERENCES sessions (session),
    staff TEXT NOT NULL,
    recipient TEXT NOT NULL,
    channel TEXT NOT NULL,
    subscription TEXT,
    at_ms INTEGER NOT NULL
) STRICT;

-- That it ended, and why. The last four are ends of the session that it was made in.
CREATE TABLE subscription_ends (
    subscription INTEGER PRIMARY KEY REFERENCES subscriptions (id),
    why TEXT NOT NULL CHECK (why IN (
        'stopped', 'changed', 'gone', 'crowded', 'no_channel',
        'signed_out', 'new_pin', 'left', 'shift_over'
    )),
    at_ms INTEGER NOT NULL
) STRICT;

CREATE TRIGGER subscriptions_stay BEFORE UPDATE ON subscriptions
WHEN NEW.subscription IS NOT NULL
    OR NOT EXISTS (SELECT 1 FROM subscription_ends WHERE subscription = OLD.id)
    OR (NEW.id, NEW.session, NEW.staff, NEW.recipient, NEW.channel, NEW.at_ms)
        IS NOT (OLD.id, OLD.session, OLD.staff, OLD.recipient, OLD.channel, OLD.at_ms)
BEGIN SELECT RAISE (ABORT, 'subscriptions are only added to'); END;
CREATE TRIGGER subscriptions_remain BEFORE DELETE ON subscriptions
BEGIN SELECT RAISE (ABORT, 'subscriptions are only added to'); END;

CREATE TRIGGER subscription_ends_stay BEFORE UPDATE ON subscription_ends
BEGIN SELECT RAISE (ABORT, 'subscription ends are only added to'); END;
CREATE TRIGGER subscription_ends_remain BEFORE DELETE ON subscription_ends
BEGIN SELECT RAISE (ABORT, 'subscription ends are only added to'); END;
