//! Whether the hub's wall clock can be believed, judged by uptime and by the units' clocks.
//!
//! A clock that jumps by hours is not followed: the hub goes on by the time that has passed, so
//! that the night that is really tonight is watched to its end and no other night is written
//! down. The jump is a row for the administrator. It is followed after all when units say the
//! same time. Pure. It sets no clock; small corrections are followed silently.

use std::collections::BTreeSet;
use std::time::Duration;

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::time::Timestamp;

use super::Moment;

/// Largest step of the wall clock that is followed: time servers correct seconds, people an hour
/// or two; more is a broken clock or a wrong date.
pub const STEP_MAX: Duration = Duration::from_secs(6 * 3600);

/// How near to the hub's wall clock a heartbeat's clock must be to speak for it: a unit's drift
/// of weeks and the network's delay fit in.
pub const WITNESS_WITHIN: Duration = Duration::from_secs(5 * 60);

/// How many units must say the same before a doubted clock is believed: one unit may be wrong.
pub const WITNESSES: usize = 2;

/// Whether the hub's wall clock is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Time is as the clock says.
    Believed,
    /// Time is what has passed since the clock was last believed.
    Doubted,
}

/// How the time at the hub's start fits what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// As if the hub had been away for hours or days, or there is nothing written.
    Plausible,
    /// Longer than an outage is believed to last: the date may be wrong instead.
    Doubtful,
}

/// The wall clock under judgement.
#[derive(Clone, Debug)]
pub struct Wall {
    /// The last moment that was gone by.
    anchor: Moment,
    trust: Trust,
    gap: Gap,
    witnesses: BTreeSet<UnitId>,
}

impl Wall {
    /// A clock at the hub's start. It cannot be earlier than `written`, the latest moment that
    /// the store holds: if it is, by more than a step that is followed, time goes on from there.
    /// After a doubtful gap it is gone by and doubted until units say the same time.
    #[must_use]
    pub fn new(now: Moment, written: Option<Timestamp>, gap: Gap) -> Self {
        let is_back = |written: Timestamp| written.since(now.timestamp) > STEP_MAX;
        let (timestamp, trust) = match written {
            Some(written) if is_back(written) => (written, Trust::Doubted),
            Some(_) | None => (now.timestamp, trust_of(gap)),
        };
        Self {
            anchor: Moment {
                uptime: now.uptime,
                timestamp,
            },
            trust,
            gap,
            witnesses: BTreeSet::new(),
        }
    }

    /// Whether the clock is believed, as of the last reading.
    #[must_use]
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// The moment to go by when the clocks say `now`.
    pub fn read(&mut self, now: Moment) -> Moment {
        let passed = now.uptime.since(self.anchor.uptime);
        let expected = self.anchor.timestamp.after(passed);
        if apart(now.timestamp, expected) <= STEP_MAX {
            self.trust = trust_of(self.gap);
            if self.trust == Trust::Believed {
                self.witnesses.clear();
            }
            self.anchor = now;
        } else {
            self.trust = Trust::Doubted;
            self.anchor = Moment {
                uptime: now.uptime,
                timestamp: expected,
            };
        }
        self.anchor
    }

    /// Takes in a heartbeat's clock. `units` is how many are enrolled: where there are fewer
    /// than [`WITNESSES`], all of them suffice.
    pub fn hear(&mut self, now: Moment, unit: UnitId, says: Timestamp, units: usize) {
        if self.trust == Trust::Believed || apart(says, now.timestamp) > WITNESS_WITHIN {
            return;
        }
        self.witnesses.insert(unit);
        if self.witnesses.len() >= WITNESSES.min(units.max(1)) {
            self.anchor = now;
            self.gap = Gap::Plausible;
            self.trust = Trust::Believed;
            self.witnesses.clear();
        }
    }
}

/// What a clock's reading is worth beside the moment that was gone by last: itself, or, if it
/// steps further than is followed, that moment. For those who are not told of the wall clock's
/// judgement otherwise; that moment must be seconds old at most.
#[must_use]
pub fn believed(says: Timestamp, gone_by: Timestamp) -> Timestamp {
    if apart(says, gone_by) <= STEP_MAX {
        says
    } else {
        gone_by
    }
}

fn trust_of(gap: Gap) -> Trust {
    match gap {
        Gap::Plausible => Trust::Believed,
        Gap::Doubtful => Trust::Doubted,
    }
}

fn apart(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nattsyn_protocol::time::Uptime;

    const DAY_S: i64 = 24 * 3600;

    /// After so many seconds of uptime, with the wall clock so many seconds off.
    fn at(passed_s: u64, off_s: i64) -> Moment {
        let ms = 1_795_312_930_000 + (i64::try_from(passed_s).unwrap() + off_s) * 1000;
        Moment {
            uptime: Uptime(Duration::from_secs(1000 + passed_s)),
            timestamp: Timestamp::from_ms(ms).unwrap(),
        }
    }

    #[test]
    fn a_clock_that_jumps_days_is_not_followed_and_comes_back() {
        for off_s in [400 * DAY_S, -3 * DAY_S, 7 * 3600, -7 * 3600] {
            let mut wall = Wall::new(at(0, 0), None, Gap::Plausible);
            assert_eq!(wall.read(at(60, off_s)), at(60, 0));
            assert_eq!(wall.trust(), Trust::Doubted);
            // Hours later it is still the time that has passed.
            assert_eq!(wall.read(at(7200, off_s)), at(7200, 0));
            assert_eq!(wall.read(at(7260, 1)), at(7260, 1));
            assert_eq!(wall.trust(), Trust::Believed);
        }
    }

    #[test]
    fn a_reading_is_believed_unless_it_steps_further_than_is_followed() {
        let now = at(60, 0).timestamp;
        for off_s in [0, 15, 3600, -5 * 3600, 6 * 3600] {
            let says = at(60, off_s).timestamp;
            assert_eq!(believed(says, now), says, "{off_s}");
        }
        for off_s in [12 * 3600, -7 * 3600, -400 * DAY_S] {
            assert_eq!(believed(at(60, off_s).timestamp, now), now, "{off_s}");
        }
    }

    #[test]
    fn an_hour_of_correction_is_followed_silently() {
        let mut wall = Wall::new(at(0, 0), None, Gap::Plausible);
        for off_s in [3600, -3600, 5 * 3600] {
            assert_eq!(wall.read(at(60, off_s)), at(60, off_s));
            assert_eq!(wall.trust(), Trust::Believed);
            wall = Wall::new(at(0, 0), None, Gap::Plausible);
        }
    }

    #[test]
    fn a_clock_behind_what_is_written_is_not_believed_until_units_say_the_same() {
        let written = at(0, 0).timestamp;
        let units: Vec<UnitId> = (1..4).map(|n| UnitId::from_random([n; 8])).collect();
        let mut wall = Wall::new(at(0, -2 * DAY_S), Some(written), Gap::Plausible);
        assert_eq!(wall.trust(), Trust::Doubted);
        assert_eq!(wall.read(at(60, -2 * DAY_S)), at(60, 0));
        // One unit says otherwise, one the same twice: not enough.
        wall.hear(at(61, -2 * DAY_S), units[0], at(61, 0).timestamp, 3);
        for _ in 0..2 {
            wall.hear(
                at(61, -2 * DAY_S),
                units[1],
                at(60, -2 * DAY_S).timestamp,
                3,
            );
            assert_eq!(wall.trust(), Trust::Doubted);
        }
        wall.hear(
            at(62, -2 * DAY_S),
            units[2],
            at(62, -2 * DAY_S).timestamp,
            3,
        );
        assert_eq!(wall.trust(), Trust::Believed);
        assert_eq!(wall.read(at(63, -2 * DAY_S)), at(63, -2 * DAY_S));
    }

    #[test]
    fn a_single_unit_may_speak_where_there_is_no_other() {
        let mut wall = Wall::new(at(0, 0), None, Gap::Plausible);
        let ahead = at(60, 30 * DAY_S);
        wall.read(ahead);
        wall.hear(ahead, UnitId::from_random([1; 8]), ahead.timestamp, 1);
        assert_eq!(wall.read(ahead), ahead);
    }

    #[test]
    fn after_a_long_gap_the_clock_is_gone_by_and_doubted_until_units_agree() {
        let mut wall = Wall::new(at(0, 0), None, Gap::Doubtful);
        assert_eq!(wall.read(at(60, 0)), at(60, 0));
        assert_eq!(wall.trust(), Trust::Doubted);
        for unit in 1..3 {
            let says = at(61, 2).timestamp;
            wall.hear(at(61, 0), UnitId::from_random([unit; 8]), says, 9);
        }
        assert_eq!(wall.read(at(62, 0)), at(62, 0));
        assert_eq!(wall.trust(), Trust::Believed);
    }
}
