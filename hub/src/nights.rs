//! Which checks a night has: the plans in force at its noon, and nothing of before they were
//! made. Pure.
//!
//! A night's checks are settled at noon. A plan that changes after that holds from the next
//! night on, for the unit as for the hub: a unit is sent the version in force and no newer one.
//! Only a resident's very first plan holds at once, from the next window that opens.

use std::collections::BTreeMap;

use jiff::civil::Date;

use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::plan::PlanError;
use nattsyn_protocol::schedule::checks_of;
use nattsyn_protocol::time::Timestamp;

use crate::roster::Roster;
use crate::store::{Holds, StoredPlan};
use crate::watch::Planned;

/// Most nights that are made up for after the hub was down: as many as a unit's outbox holds.
pub const NIGHTS_MAX: usize = 400;

/// The noon at which a night begins.
///
/// # Errors
///
/// The zone is unknown.
pub fn noon(night: Date, zone: &str) -> Result<Timestamp, PlanError> {
    let zoned = night.at(12, 0, 0, 0).in_tz(zone);
    zoned
        .map(|noon| Timestamp(noon.timestamp()))
        .map_err(|_error| PlanError::UnknownZone(zone.to_owned()))
}

/// Each resident's plan in force for each of their units, on a night that begins at `noon`: what
/// units are to hold.
///
/// A unit that is no longer a resident's, or whose resident will not be looked at again, is among
/// them with the version that says so: nobody's eye may go on looking by a plan that has ended.
#[must_use]
pub fn to_hold(plans: &[StoredPlan], noon: Timestamp) -> Vec<&StoredPlan> {
    let mut chosen: BTreeMap<(ResidentId, UnitId), &StoredPlan> = BTreeMap::new();
    // By resident and version: of several that hold, the newest is taken last.
    for (stored, rank) in ranked(plans) {
        if holds(stored, rank, noon) {
            chosen.insert((stored.plan.resident, stored.plan.unit), stored);
        }
    }
    chosen.into_values().collect()
}

/// The checks of a night, as they are to be frozen: those of the versions that held at its noon,
/// and those that later versions added at once and whose windows had not opened then.
///
/// Only enrolled residents have checks, by the unit that hangs where they live.
#[must_use]
pub fn checks(plans: &[StoredPlan], roster: &Roster, night: Date, noon: Timestamp) -> Vec<Planned> {
    let mut at_noon: BTreeMap<ResidentId, &StoredPlan> = BTreeMap::new();
    let mut later: Vec<&StoredPlan> = Vec::new();
    for (stored, rank) in ranked(plans) {
        if stored.made <= noon {
            at_noon.insert(stored.plan.resident, stored);
        } else if holds(stored, rank, noon) {
            later.push(stored);
        }
    }
    let mut checks: BTreeMap<CheckId, Planned> = BTreeMap::new();
    for stored in at_noon.into_values() {
        for planned in planned(stored, roster, night) {
            checks.insert(planned.check.id, planned);
        }
    }
    for stored in later {
        for planned in planned(stored, roster, night) {
            if planned.check.opens >= stored.made {
                checks.entry(planned.check.id).or_insert(planned);
            }
        }
    }
    checks.into_values().collect()
}

/// Whether a plan version holds in the night that begins at `noon`, now or as soon as it is read.
pub(crate) fn holds(stored: &StoredPlan, rank: Rank, noon: Timestamp) -> bool {
    rank == Rank::First || stored.made <= noon || stored.holds == Holds::AtOnce
}

/// Whether a plan version is its resident's very first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// It is.
    First,
    /// It is not.
    Later,
}

/// Plan versions by resident and version, each with its rank.
pub(crate) fn ranked<'a>(
    plans: impl IntoIterator<Item = &'a StoredPlan>,
) -> impl Iterator<Item = (&'a StoredPlan, Rank)> {
    let mut before = None;
    plans.into_iter().map(move |stored| {
        let resident = Some(stored.plan.resident);
        let is_first = before.replace(stored.plan.resident) != resident;
        (stored, if is_first { Rank::First } else { Rank::Later })
    })
}

/// Whether the plan's unit hangs where its resident is enrolled.
fn lives_there(stored: &StoredPlan, roster: &Roster) -> bool {
    let home = roster.of_resident(stored.plan.resident);
    home.is_some_and(|home| home.unit == stored.plan.unit)
}

/// The checks of a night by one plan version.
fn planned(stored: &StoredPlan, roster: &Roster, night: Date) -> Vec<Planned> {
    let plan = &stored.plan;
    if !lives_there(stored, roster) {
        return Vec::new();
    }
    match checks_of(plan, night) {
        Ok(checks) => checks
            .into_iter()
            .map(|check| Planned {
                check,
                unit: plan.unit,
            })
            .collect(),
        // Plans are examined before they are signed, so this is a plan of another build.
        Err(error) => {
            tracing::error!(
                resident = %plan.resident, version = plan.version, %error, "a plan cannot be kept"
            );
            Vec::new()
        }
    }
}

/// The nights to freeze now: tonight, and those that went by since the last.
#[must_use]
pub fn due(last: Option<Date>, tonight: Date) -> Vec<Date> {
    let mut nights = vec![tonight];
    let mut night = tonight;
    while let Ok(earlier) = night.yesterday() {
        if last.is_none_or(|last| earlier <= last) || nights.len() >= NIGHTS_MAX {
            break;
        }
        nights.push(earlier);
        night = earlier;
    }
    nights.reverse();
    nights
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn nights_that_went_by_are_made_up_for_oldest_first_and_not_without_end() {
        let tonight = date(2026, 11, 21);
        assert_eq!(due(None, tonight), [tonight]);
        assert_eq!(due(Some(tonight), tonight), [tonight]);
        assert_eq!(
            due(Some(date(2026, 11, 18)), tonight),
            [date(2026, 11, 19), date(2026, 11, 20), tonight]
        );
        assert_eq!(due(Some(date(2020, 1, 1)), tonight).len(), NIGHTS_MAX);
    }

    #[test]
    fn a_night_of_a_clock_change_still_begins_at_noon() {
        let hours = |night: Date| {
            let next = noon(night.tomorrow().unwrap(), "Europe/Stockholm").unwrap();
            next.since(noon(night, "Europe/Stockholm").unwrap())
                .as_secs()
                / 3600
        };
        assert_eq!(hours(date(2026, 3, 28)), 23);
        assert_eq!(hours(date(2026, 10, 24)), 25);
        assert!(noon(date(2026, 11, 21), "Mars").is_err());
    }
}
