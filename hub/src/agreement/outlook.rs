//! What the coming nights would hold with changes that are not written down yet. Pure.
//!
//! For the answer to an import, dry or real: what of it holds tonight already, and where the
//! nights to come ask more of staff than they can answer. Decides nothing and writes nothing.

use std::collections::BTreeSet;

use jiff::civil::Date;

use nattsyn_protocol::ids::{CheckId, ResidentId};
use nattsyn_protocol::plan::PlanError;
use nattsyn_protocol::schedule::Check;
use nattsyn_protocol::time::Timestamp;

use super::Agreed;
use super::record::Record;
use super::rows::{NightRow, rows};
use super::staffing::{PileUp, Staffing, pile_ups};
use crate::nights;

/// How many nights are looked through for pile-ups: tonight, and every day of the week once.
const NIGHTS_AHEAD: usize = 8;

/// What of a changed agreement holds tonight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tonight {
    /// The checks that come to tonight: when they open and close.
    pub added: Vec<(Timestamp, Timestamp)>,
    /// Whether anything else of tonight waits.
    pub rest: Rest,
}

/// Whether part of a change holds only from the next noon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Tonight is as agreed.
    None,
    /// What was settled at noon stands for tonight, and the change holds from the next.
    FromNoon,
}

impl Record {
    /// What of a resident's new agreement holds tonight, beside `before`.
    #[must_use]
    pub fn tonight(
        &self,
        before: &Self,
        new: &Agreed,
        tonight: (Date, Timestamp),
        now: Timestamp,
    ) -> Tonight {
        let resident = new.agreement.resident;
        let held = before.checks(resident, tonight, now);
        let holds = self.checks(resident, tonight, now);
        let is_held = |check: &Check| held.iter().any(|(id, _)| *id == check.id);
        let added = holds.iter().filter(|(_, check)| !is_held(check));
        let agreed: Vec<Check> = self.agreed(new, tonight.0);
        let to_come = |checks: Vec<&Check>| {
            let to_come = checks.into_iter().filter(|check| check.deadline > now);
            let times = |check: &Check| (check.id, check.opens, check.deadline, check.looks.len());
            to_come.map(times).collect::<BTreeSet<_>>()
        };
        let wanted = to_come(agreed.iter().collect());
        let stands = to_come(holds.iter().map(|(_, check)| check).collect());
        let is_away = self.book.absence_on(resident, tonight.0).is_some();
        Tonight {
            added: added
                .map(|(_, check)| (check.opens, check.deadline))
                .collect(),
            rest: if is_away || wanted == stands {
                Rest::None
            } else {
                Rest::FromNoon
            },
        }
    }

    /// Where the coming nights ask more than staff can answer.
    ///
    /// # Errors
    ///
    /// The zone is unknown.
    pub fn pile_ups(
        &self,
        tonight: Date,
        zone: &str,
        staffing: Staffing,
        now: Timestamp,
    ) -> Result<Vec<PileUp>, PlanError> {
        let mut found = Vec::new();
        let mut night = tonight;
        for _ in 0..NIGHTS_AHEAD {
            let noon = nights::noon(night, zone)?;
            let rows = rows(self, (night, noon), now);
            found.extend(pile_ups(&rows, night, staffing));
            night = night.tomorrow().unwrap_or(night);
        }
        found.retain(|pile_up| pile_up.to >= now);
        Ok(found)
    }

    /// A resident's checks of tonight, visits and looks.
    fn checks(
        &self,
        resident: ResidentId,
        tonight: (Date, Timestamp),
        now: Timestamp,
    ) -> Vec<(CheckId, Check)> {
        let rows = rows(self, tonight, now);
        let check = |row: NightRow| match row {
            NightRow::Look(planned) => Some(planned.check),
            NightRow::Visit(visit) => Some(Check {
                id: visit.check,
                opens: visit.opens,
                deadline: visit.deadline,
                looks: Vec::new(),
            }),
            NightRow::Ask(_) | NightRow::Nothing(_) => None,
        };
        let checks = rows.into_iter().filter_map(check);
        let own = checks.filter(|check| check.id.resident == resident);
        own.map(|check| (check.id, check)).collect()
    }

    /// The checks of a night by an agreement alone.
    fn agreed(&self, new: &Agreed, night: Date) -> Vec<Check> {
        let resident = new.agreement.resident;
        let seat = self.seats.seat(resident);
        seat.map_or_else(Vec::new, |seat| new.agreement.checks(seat, night))
    }
}
