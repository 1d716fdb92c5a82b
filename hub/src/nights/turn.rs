//! What a night begins with and what changes about it later, from what was agreed: the rows to
//! freeze, the changes of rows that are frozen, and the residents whom somebody must ask about.
//!
//! Pure. It takes the lines that [`crate::agreement::rows`] says and gives what the watch and the
//! store understand.

use std::collections::BTreeSet;

use jiff::civil::Date;

use nattsyn_protocol::ids::{CheckId, ResidentId};
use nattsyn_protocol::schedule::Check;
use nattsyn_protocol::time::Timestamp;

use crate::agreement::rows::{NightRow, PlannedVisit, Why, no_longer_planned, rows};
use crate::agreement::{Away, Book, Confirmation, Ending};
use crate::roster::Roster;
use crate::store::StoredPlan;
use crate::watch::{Alteration, Altered, CallOff, Manner, Planned};

/// What is known when a night is frozen or looked at again.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// What was agreed, and who is away or has died.
    pub book: &'a Book,
    /// Every version of every plan.
    pub plans: &'a [StoredPlan],
    /// Who is enrolled.
    pub roster: &'a Roster,
    /// Which night.
    pub night: Date,
    /// When it begins.
    pub noon: Timestamp,
    /// The moment.
    pub now: Timestamp,
}

/// What a night holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Holding {
    /// The checks to freeze: looks and visits.
    pub checks: Vec<Planned>,
    /// Who has windows agreed and no unit that was given a plan for them.
    pub without_unit: BTreeSet<ResidentId>,
    /// Who is said to be away until further notice, and nobody has confirmed it lately.
    pub away_unconfirmed: BTreeSet<ResidentId>,
}

/// What a night holds for everybody who is enrolled.
#[must_use]
pub fn holding(grounds: Grounds<'_>) -> Holding {
    let Grounds {
        book,
        plans,
        roster,
        night,
        noon,
        now,
    } = grounds;
    let mut holding = Holding::default();
    for row in rows(book, plans, roster, (night, noon), now) {
        match row {
            NightRow::Look(planned) => holding.checks.push(planned),
            NightRow::Visit(visit) => holding.checks.extend(visit_of(&visit, roster)),
            NightRow::Nothing(none) => match none.why {
                Why::NoUnit => {
                    holding.without_unit.insert(none.resident);
                }
                Why::Away {
                    confirmation: Confirmation::Unconfirmed { .. },
                    ..
                } => {
                    holding.away_unconfirmed.insert(none.resident);
                }
                Why::Away { .. }
                | Why::NoAgreement
                | Why::NotBegun { .. }
                | Why::TrialOver { .. }
                | Why::NotThisDay
                | Why::NoWindows
                | Why::Ended(_)
                | Why::TooLateTonight => {}
            },
        }
    }
    holding
}

/// A visit as a row to freeze: no looks, and the unit that hangs there.
fn visit_of(visit: &PlannedVisit, roster: &Roster) -> Option<Planned> {
    Some(Planned {
        check: Check {
            id: visit.check,
            opens: visit.opens,
            deadline: visit.deadline,
            looks: Vec::new(),
        },
        unit: roster.of_resident(visit.check.resident)?.unit,
        plan: None,
        manner: Manner::Physical,
    })
}

/// What has changed about frozen checks that are still to come.
#[must_use]
pub fn altered(grounds: Grounds<'_>, frozen: &[CheckId]) -> Vec<Altered> {
    let Grounds {
        book,
        plans,
        night,
        noon,
        now,
        ..
    } = grounds;
    let gone = no_longer_planned(book, plans, frozen, (night, noon), now);
    gone.into_iter()
        .filter_map(|(check, why)| {
            Some(Altered {
                check,
                what: alteration(why)?,
                by: said_by(book, check),
                why: String::new(),
                at: now,
            })
        })
        .collect()
}

/// What a reason makes of a check. Where nobody has decided anything it stays as it was frozen.
fn alteration(why: Why) -> Option<Alteration> {
    match why {
        Why::Away {
            confirmation: Confirmation::Unconfirmed { .. },
            ..
        } => Some(Alteration::AskIfAway),
        Why::Away {
            why: Away::Away, ..
        } => Some(Alteration::CalledOff(CallOff::Away)),
        Why::Away {
            why: Away::Skip, ..
        } => Some(Alteration::CalledOff(CallOff::Skipped)),
        Why::Ended(Ending::Died) => Some(Alteration::CalledOff(CallOff::Died)),
        Why::Ended(Ending::Ended) => Some(Alteration::CalledOff(CallOff::Withdrawn)),
        Why::NoUnit => Some(Alteration::NoUnit),
        Why::NoAgreement
        | Why::NotBegun { .. }
        | Why::TrialOver { .. }
        | Why::NotThisDay
        | Why::NoWindows
        | Why::TooLateTonight => None,
    }
}

/// Who said so, as far as it is written.
fn said_by(book: &Book, check: CheckId) -> String {
    let ended = book.ended(check.resident).map(|ended| &ended.by);
    let absence = book.absence_on(check.resident, check.night);
    let absence = absence.map(|absence| &absence.by);
    ended
        .or(absence)
        .map_or_else(|| "enrolment".to_owned(), Clone::clone)
}
