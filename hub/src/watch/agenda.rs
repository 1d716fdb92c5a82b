//! When something may happen by itself next: an ordered list of moments, so that one report
//! costs the logarithm of the town and not the town.
//!
//! Checks go by the wall clock, silence by uptime, and a silent unit's next look by the wall
//! clock again; the two are kept apart because their relation changes when a clock is set. It
//! decides nothing and asks nobody: what is due is judged anew by the watch.

use std::collections::{BTreeMap, BTreeSet};

use nattsyn_protocol::ids::{CheckId, UnitId};
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::Moment;

/// What a moment of the wall clock is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Check(CheckId),
    Unit(UnitId),
}

/// A unit's next moments; see [`super::silence::UnitState::moments`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct UnitMoments {
    pub(super) by_uptime: Option<Uptime>,
    pub(super) by_clock: Option<Timestamp>,
}

/// What is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) checks: BTreeSet<CheckId>,
    pub(super) units: BTreeSet<UnitId>,
}

/// All next moments, at most one of each kind for each check and unit.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    by_clock: BTreeSet<(Timestamp, Item)>,
    by_uptime: BTreeSet<(Uptime, UnitId)>,
    of_check: BTreeMap<CheckId, Timestamp>,
    of_unit: BTreeMap<UnitId, UnitMoments>,
}

impl Agenda {
    pub(super) fn set_check(&mut self, check: CheckId, at: Option<Timestamp>) {
        let held = match at {
            Some(at) => self.of_check.insert(check, at),
            None => self.of_check.remove(&check),
        };
        if let Some(held) = held {
            self.by_clock.remove(&(held, Item::Check(check)));
        }
        if let Some(at) = at {
            self.by_clock.insert((at, Item::Check(check)));
        }
    }

    pub(super) fn set_unit(&mut self, unit: UnitId, moments: UnitMoments) {
        let held = self.of_unit.insert(unit, moments).unwrap_or_default();
        if let Some(at) = held.by_clock {
            self.by_clock.remove(&(at, Item::Unit(unit)));
        }
        if let Some(at) = held.by_uptime {
            self.by_uptime.remove(&(at, unit));
        }
        if let Some(at) = moments.by_clock {
            self.by_clock.insert((at, Item::Unit(unit)));
        }
        if let Some(at) = moments.by_uptime {
            self.by_uptime.insert((at, unit));
        }
    }

    /// What is due at `now`. It stays until it is set anew.
    pub(super) fn due(&self, now: Moment) -> Due {
        let mut due = Due::default();
        for (_, item) in self
            .by_clock
            .iter()
            .take_while(|(at, _)| *at <= now.timestamp)
        {
            match *item {
                Item::Check(check) => due.checks.insert(check),
                Item::Unit(unit) => due.units.insert(unit),
            };
        }
        let silent = self.by_uptime.iter();
        let silent = silent.take_while(|(at, _)| *at <= now.uptime);
        due.units.extend(silent.map(|(_, unit)| *unit));
        due
    }

    /// The next moment, by uptime; what is due already is due now.
    pub(super) fn next(&self, now: Moment) -> Option<Uptime> {
        let by_clock = self.by_clock.first().map(|(at, _)| now.uptime_at(*at));
        let by_uptime = self.by_uptime.first().map(|(at, _)| *at);
        let first = [by_clock, by_uptime].into_iter().flatten().min()?;
        Some(first.max(now.uptime))
    }
}
