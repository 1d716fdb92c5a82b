//! Which checks a night has: the plans in force at its noon, and nothing of before they were
//! made. Pure.
//!
//! A night's checks are settled at noon. A plan that changes after that holds from the next
//! night on, for the unit as for the hub: a unit is sent the version in force and no newer one.
//! A resident's very first plan holds at once, from the next window that opens, and so does what
//! must not wait: away, skipped, back, died ([`Holds::AtOnce`]). What becomes of rows that are
//! frozen already is for [`turn`] to say.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::policy::Looks;
use nattsyn_protocol::schedule::checks_of;
use nattsyn_protocol::time::Timestamp;

use crate::agreement::record::Record;
use crate::agreement::rows::wants_looks;
use crate::store::{Holds, StoredPlan};
use crate::watch::Planned;
use crate::watch::wall::{Gap, Trust};

pub mod turn;

pub use nattsyn_protocol::schedule::noon;

/// Most nights that are made up for after the hub was down: as many as a unit's outbox holds.
pub const NIGHTS_MAX: usize = 400;

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
pub fn checks(record: &Record, night: Date, noon: Timestamp) -> Vec<Planned> {
    let mut at_noon: BTreeMap<ResidentId, &StoredPlan> = BTreeMap::new();
    let mut later: Vec<&StoredPlan> = Vec::new();
    for (stored, rank) in ranked(&record.plans) {
        if stored.made <= noon {
            at_noon.insert(stored.plan.resident, stored);
        } else if holds(stored, rank, noon) {
            later.push(stored);
        }
    }
    let mut checks: BTreeMap<CheckId, Planned> = BTreeMap::new();
    for stored in at_noon.into_values() {
        for planned in planned(stored, record, night) {
            checks.insert(planned.check.id, planned);
        }
    }
    for stored in later {
        for planned in planned(stored, record, night) {
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
fn lives_there(stored: &StoredPlan, record: &Record) -> bool {
    let seat = record.seats.seat(stored.plan.resident);
    seat.is_some_and(|seat| seat.unit == stored.plan.unit)
}

/// The checks of a night by one plan version.
fn planned(stored: &StoredPlan, record: &Record, night: Date) -> Vec<Planned> {
    let plan = &stored.plan;
    if !lives_there(stored, record) {
        return Vec::new();
    }
    match checks_of(plan, night) {
        Ok(checks) => checks
            .into_iter()
            .map(|check| Planned::digital(check, plan.unit, plan.version))
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

/// Longest outage of the hub that is believed without question, in nights: what a holiday week
/// without anybody to mend it takes. After a longer one the date itself may be wrong.
pub const OUTAGE_BELIEVED: i32 = 7;

/// Whether the time between the last night that was frozen and tonight can be an outage.
#[must_use]
pub fn gap(frozen: &BTreeSet<Date>, tonight: Date) -> Gap {
    let last = frozen.range(..=tonight).next_back();
    let nights = last.and_then(|last| tonight.since(*last).ok());
    match nights {
        Some(span) if span.get_days() > OUTAGE_BELIEVED => Gap::Doubtful,
        Some(_) | None => Gap::Plausible,
    }
}

/// The nights to freeze now, oldest first: tonight, and those that went by since the last. Never
/// a night after tonight. While the clock is doubted only tonight and the first that was missed:
/// the others are made up for once it is believed.
#[must_use]
pub fn due(frozen: &BTreeSet<Date>, tonight: Date, trust: Trust) -> Vec<Date> {
    let mut nights = vec![tonight];
    let is_kept = |night: &Date| frozen.range(..*night).next_back().is_some();
    let mut night = tonight;
    while let Ok(earlier) = night.yesterday() {
        if frozen.contains(&earlier) || !is_kept(&earlier) || nights.len() >= NIGHTS_MAX {
            break;
        }
        nights.push(earlier);
        night = earlier;
    }
    nights.reverse();
    match trust {
        Trust::Believed => nights,
        Trust::Doubted => nights
            .iter()
            .enumerate()
            .filter(|(place, night)| *place == 0 || **night == tonight)
            .map(|(_, night)| *night)
            .collect(),
    }
}

/// Puts the night that was under way when the hub was last there before those to go through:
/// what was said of it afterwards has to be taken in.
pub fn begin_earlier(frozen: &BTreeSet<Date>, nights: &mut Vec<Date>) {
    if let Some(&first) = nights.first()
        && let Some(&earlier) = frozen.range(..first).next_back()
    {
        nights.insert(0, earlier);
    }
}

/// Whose plan was in force during a night, and who of them had no look in it: away, visited, or a
/// night of the week without a window.
///
/// Whoever is enrolled and has a plan, and whoever has an agreement that nobody has ended,
/// wherever they are: it is people that are compared, not units.
#[must_use]
pub fn planned_for(
    record: &Record,
    (night, noon): (Date, Timestamp),
) -> (BTreeSet<ResidentId>, BTreeSet<ResidentId>) {
    let Record { book, plans, seats } = record;
    let agreed = |who: &ResidentId| book.versions(*who).iter().any(|agreed| agreed.made <= noon);
    let by_agreement = book.residents().filter(|who| book.ended(*who).is_none());
    let mut in_force: BTreeSet<ResidentId> = by_agreement.filter(agreed).collect();
    let wanted = |who: &ResidentId| wants_looks(record, *who, (night, noon));
    let mut with_looks: BTreeSet<ResidentId> = in_force.iter().copied().filter(wanted).collect();
    let mut newest: BTreeMap<ResidentId, &StoredPlan> = BTreeMap::new();
    for stored in plans.iter().filter(|stored| stored.made <= noon) {
        newest.insert(stored.plan.resident, stored);
    }
    newest.retain(|resident, _| seats.seat(*resident).is_some());
    let has_window = |stored: &StoredPlan| match checks_of(&stored.plan, night) {
        Ok(checks) => !checks.is_empty(),
        // A plan that cannot be kept is no excuse.
        Err(_) => true,
    };
    let looking = newest.iter().filter(|(_, stored)| has_window(stored));
    with_looks.extend(looking.map(|(resident, _)| *resident));
    // Whoever said no was not to be looked at, whatever an older plan had them for.
    with_looks.retain(|who| record.looks(*who) == Looks::ByPlan);
    in_force.extend(newest.into_keys());
    let idle = in_force.difference(&with_looks).copied().collect();
    (in_force, idle)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TONIGHT: Date = date(2026, 11, 21);

    fn frozen(nights: &[Date]) -> BTreeSet<Date> {
        nights.iter().copied().collect()
    }

    #[test]
    fn nights_that_went_by_are_made_up_for_oldest_first_and_not_without_end() {
        let of = |nights: &[Date]| due(&frozen(nights), TONIGHT, Trust::Believed);
        assert_eq!(of(&[]), [TONIGHT]);
        assert_eq!(of(&[TONIGHT]), [TONIGHT]);
        assert_eq!(
            of(&[date(2026, 11, 18)]),
            [date(2026, 11, 19), date(2026, 11, 20), TONIGHT]
        );
        assert_eq!(of(&[date(2020, 1, 1)]).len(), NIGHTS_MAX);
    }

    #[test]
    fn a_night_written_down_too_early_hides_none_that_is_missing() {
        let ahead = frozen(&[date(2026, 11, 18), date(2027, 6, 1)]);
        assert_eq!(
            due(&ahead, TONIGHT, Trust::Believed),
            [date(2026, 11, 19), date(2026, 11, 20), TONIGHT]
        );
    }

    #[test]
    fn a_doubted_clock_freezes_tonight_and_the_first_missed_night_alone() {
        let last = frozen(&[date(2026, 3, 1)]);
        assert_eq!(gap(&last, TONIGHT), Gap::Doubtful);
        assert_eq!(
            due(&last, TONIGHT, Trust::Doubted),
            [date(2026, 3, 2), TONIGHT]
        );
        assert_eq!(gap(&frozen(&[date(2026, 11, 14)]), TONIGHT), Gap::Plausible);
        assert_eq!(gap(&frozen(&[date(2026, 11, 13)]), TONIGHT), Gap::Doubtful);
        assert_eq!(gap(&frozen(&[]), TONIGHT), Gap::Plausible);
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
