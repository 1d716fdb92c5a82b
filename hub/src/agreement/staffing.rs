//! Whether a night would ask more of its staff than they can answer. Pure; points out, never
//! refuses.
//!
//! Counted is the worst case: that no look sees anybody, so that every check asks for a person at
//! its last look. The setting says how many such questions staff can answer in how long.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::Date;
use serde::Deserialize;

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::time::Timestamp;

use super::rows::NightRow;

/// How much the night's staff can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Staffing {
    /// Most checks that may conclude within [`Staffing::within_min`]. Default 30.
    pub checks: u16,
    /// Over how many minutes they are counted. Default 15. In Kramfors one place makes thirty
    /// checks in about a quarter of an hour (rules and practice, 3.2).
    pub within_min: u16,
}

impl Default for Staffing {
    fn default() -> Self {
        Self {
            checks: 30,
            within_min: 15,
        }
    }
}

/// A stretch of a night in which more checks conclude than staff can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PileUp {
    /// The night.
    pub night: Date,
    /// When the first of them concludes.
    pub from: Timestamp,
    /// When the last of them concludes.
    pub to: Timestamp,
    /// How many there are at once, at most.
    pub checks: usize,
    /// Whose they are.
    pub residents: BTreeSet<ResidentId>,
}

/// The stretches of a night in which more checks conclude than staff can answer.
#[must_use]
pub fn pile_ups(rows: &[NightRow], night: Date, staffing: Staffing) -> Vec<PileUp> {
    let within = Duration::from_secs(u64::from(staffing.within_min) * 60);
    let mut ends: Vec<(Timestamp, ResidentId)> = rows.iter().filter_map(concludes).collect();
    ends.sort();
    let mut found: Vec<PileUp> = Vec::new();
    for (index, (from, _)) in ends.iter().enumerate() {
        let rest = ends.get(index..).unwrap_or_default();
        let count = rest.partition_point(|(at, _)| at.since(*from) < within);
        let together = rest.get(..count).unwrap_or_default();
        let (true, Some((to, _))) = (count > usize::from(staffing.checks), together.last()) else {
            continue;
        };
        let residents = together.iter().map(|(_, resident)| *resident);
        match found.last_mut().filter(|last| *from <= last.to) {
            Some(last) => {
                last.to = *to;
                last.checks = last.checks.max(count);
                last.residents.extend(residents);
            }
            None => found.push(PileUp {
                night,
                from: *from,
                to: *to,
                checks: count,
                residents: residents.collect(),
            }),
        }
    }
    found
}

/// When a row would ask for a person. Visits are planned and ask for nobody more; what asks
/// whatever is seen is no matter of the plan.
fn concludes(row: &NightRow) -> Option<(Timestamp, ResidentId)> {
    match row {
        NightRow::Look(planned) => {
            let last = planned.check.looks.last()?;
            Some((*last, planned.check.id.resident))
        }
        NightRow::Visit(_) | NightRow::Ask(_) | NightRow::Nothing(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use nattsyn_protocol::ids::WindowKey;
    use nattsyn_protocol::schedule::checks_of;

    use super::*;
    use crate::agreement::{AgreedWindow, Agreement, How, Offset, Seat};
    use crate::watch::Planned;
    use nattsyn_protocol::calendar::Days;

    const NIGHT: Date = date(2026, 11, 21);

    fn rows(homes: u32, offset: Offset) -> Vec<NightRow> {
        let row = |index: u32| {
            let id = |kind: char| format!("{kind}{index:07}");
            let agreement = Agreement {
                offset,
                windows: vec![AgreedWindow {
                    key: WindowKey(1),
                    from: jiff::civil::time(23, 0, 0, 0),
                    to: jiff::civil::time(23, 45, 0, 0),
                    days: Days::EVERY,
                    how: How::Looks(Vec::new()),
                }],
                ..Agreement::bare(id('r').parse().unwrap(), "Europe/Stockholm")
            };
            let seat = Seat {
                home: id('h').parse().unwrap(),
                unit: id('u').parse().unwrap(),
                place: 0,
            };
            let plan = agreement.plan(seat, &[], NIGHT);
            assert_eq!(plan.examine(), Ok(()));
            let check = checks_of(&plan, NIGHT).unwrap().remove(0);
            NightRow::Look(Planned::digital(check, plan.unit, plan.version))
        };
        (0..homes).map(row).collect()
    }

    #[test]
    fn more_checks_at_once_than_staff_can_answer_are_pointed_out_with_whose_they_are() {
        let all_at_once = rows(31, Offset::Fixed(0));
        let found = pile_ups(&all_at_once, NIGHT, Staffing::default());
        assert_eq!((found.len(), found[0].checks), (1, 31));
        assert_eq!(found[0].residents.len(), 31);
        assert!(pile_ups(&all_at_once[1..], NIGHT, Staffing::default()).is_empty());
    }

    #[test]
    fn homes_spread_over_ten_minutes_are_never_far_from_evenly() {
        let mut minutes = [0; 10];
        for row in rows(1000, Offset::Spread) {
            let (at, _) = concludes(&row).unwrap();
            let begin = Timestamp("2026-11-21T22:15:00Z".parse().unwrap());
            let minute = usize::try_from(at.since(begin).as_secs() / 60).unwrap();
            minutes[minute.min(9)] += 1;
        }
        assert!(
            minutes.iter().all(|count| (60..=140).contains(count)),
            "{minutes:?}"
        );
        let staffing = Staffing {
            checks: 25,
            within_min: 5,
        };
        assert!(pile_ups(&rows(30, Offset::Spread), NIGHT, staffing).is_empty());
        assert_eq!(
            pile_ups(&rows(30, Offset::Fixed(60)), NIGHT, staffing).len(),
            1
        );
    }

    #[test]
    fn two_people_in_one_home_are_not_looked_at_at_once() {
        let agreement = Agreement {
            windows: vec![AgreedWindow {
                key: WindowKey(1),
                from: jiff::civil::time(23, 0, 0, 0),
                to: jiff::civil::time(23, 45, 0, 0),
                days: Days::EVERY,
                how: How::Looks(Vec::new()),
            }],
            ..Agreement::bare("r0000001".parse().unwrap(), "Europe/Stockholm")
        };
        let seat = |place| Seat {
            home: "h0000001".parse().unwrap(),
            unit: "u0000001".parse().unwrap(),
            place,
        };
        let offsets = [0, 1, 2].map(|place| agreement.offset_s(seat(place)));
        assert!(offsets[0].abs_diff(offsets[1]) >= 40 && offsets[1].abs_diff(offsets[2]) >= 40);
    }

    #[test]
    fn a_window_without_room_to_spare_is_not_moved() {
        let mut agreement = Agreement::bare("r0000001".parse().unwrap(), "Europe/Stockholm");
        agreement.windows.push(AgreedWindow {
            key: WindowKey(1),
            from: jiff::civil::time(23, 0, 0, 0),
            to: jiff::civil::time(23, 15, 30, 0),
            days: Days::EVERY,
            how: How::Looks(Vec::new()),
        });
        let seat = Seat {
            home: "h0000001".parse().unwrap(),
            unit: "u0000001".parse().unwrap(),
            place: 1,
        };
        assert_eq!(agreement.offset_s(seat), 0);
        assert_eq!(agreement.examine(), Ok(()));
    }
}
