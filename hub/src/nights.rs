//! Which checks a night has: the plans in force at its noon, and nothing of before they were
//! made. Pure.
//!
//! A night's checks are settled at noon. A plan that changes after that holds from the next
//! night on, for the unit as for the hub: a unit is sent the version in force and no newer one.
//! Only a resident's very first plan holds at once, from the next window that opens.

use std::collections::BTreeMap;

use jiff::civil::Date;

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::plan::PlanError;
use nattsyn_protocol::schedule::checks_of;
use nattsyn_protocol::time::Timestamp;

use crate::roster::Roster;
use crate::store::StoredPlan;
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

/// Each enrolled resident's plan in force on a night that begins at `noon`.
#[must_use]
pub fn in_force<'a>(
    plans: &'a [StoredPlan],
    roster: &Roster,
    noon: Timestamp,
) -> Vec<&'a StoredPlan> {
    let mut chosen: BTreeMap<ResidentId, &StoredPlan> = BTreeMap::new();
    // By resident and version: the first is taken whenever it was made, a later one by noon.
    for stored in plans {
        let resident = stored.plan.resident;
        if !chosen.contains_key(&resident) || stored.made <= noon {
            chosen.insert(resident, stored);
        }
    }
    chosen
        .into_values()
        .filter(|stored| {
            roster
                .of_resident(stored.plan.resident)
                .is_some_and(|home| home.unit == stored.plan.unit)
        })
        .collect()
}

/// The checks of a night, as they are to be frozen.
#[must_use]
pub fn checks(plans: &[StoredPlan], roster: &Roster, night: Date, noon: Timestamp) -> Vec<Planned> {
    let mut checks = Vec::new();
    for stored in in_force(plans, roster, noon) {
        match checks_of(&stored.plan, night) {
            Ok(planned) => {
                let agreed = planned
                    .into_iter()
                    .filter(|check| check.opens >= stored.made);
                checks.extend(agreed.map(|check| Planned {
                    check,
                    unit: stored.plan.unit,
                }));
            }
            // Enrolment examines plans, so this is a plan of another build.
            Err(error) => tracing::error!(
                resident = %stored.plan.resident, version = stored.plan.version, %error,
                "a plan cannot be kept"
            ),
        }
    }
    checks
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
