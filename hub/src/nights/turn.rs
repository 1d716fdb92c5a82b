//! What a night begins with and what changes about it later, from what was agreed: the rows to
//! freeze, the changes of rows that are frozen, and the residents whom somebody must ask about.
//!
//! Pure. It takes the lines that [`crate::agreement::rows`] says and gives what the watch and the
//! store understand.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;

use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::policy::Looks;
use nattsyn_protocol::schedule::Check;
use nattsyn_protocol::time::Timestamp;

use crate::agreement::record::Record;
use crate::agreement::rows::{NightRow, PlannedVisit, Why, no_longer_planned, rows};
use crate::agreement::{Away, Book, Confirmation, Ending};
use crate::nights;
use crate::watch::{Alteration, Altered, CallOff, Manner, Planned};

/// Why a look became a visit, as it stands in the ledger.
const DECLINED: &str = "samtycke saknas eller är återtaget";

/// The same where looks may be made again and the unit has not said that it makes them.
const AWAITED: &str = "sensorenheten har inte svarat att den tittar igen";

/// Why a check that was called off is made after all.
const BACK: &str = "den enskilde är tillbaka";

/// Why such a visit became a look again.
const RESUMED: &str = "sensorenheten har svarat att den tittar igen";

/// What is known when a night is frozen or looked at again.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// What is written, as far as it is about this night.
    pub record: &'a Record,
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
    /// Whose checks no unit in service was given a plan for.
    pub without_unit: BTreeSet<ResidentId>,
    /// Who is said to be away until further notice, and nobody has confirmed it lately.
    pub away_unconfirmed: BTreeSet<ResidentId>,
    /// Who is not to be looked at, and has windows that were agreed to be looked at: somebody
    /// must decide on visits.
    pub declined: BTreeSet<ResidentId>,
    /// Who may be looked at again by a unit that has not said that it looks again.
    pub awaited: BTreeSet<ResidentId>,
    /// Who has a plan, whether this night has a check or not.
    pub with_plan: BTreeSet<ResidentId>,
}

/// What a night holds for everybody with an agreement in force, or enrolled.
#[must_use]
pub fn holding(grounds: Grounds<'_>) -> Holding {
    let Grounds {
        record,
        night,
        noon,
        now,
    } = grounds;
    let mut holding = Holding::default();
    for row in rows(record, (night, noon), now) {
        match row {
            NightRow::Look(planned) => holding.plan(planned),
            NightRow::Visit(visit) => {
                let unit = record.unit_of(visit.check.resident);
                if let Some(planned) = unit.map(|unit| visit_of(&visit, unit)) {
                    holding.plan(planned);
                }
            }
            NightRow::Ask(planned) => {
                let resident = planned.check.id.resident;
                match planned.manner {
                    Manner::AskIfAway => holding.away_unconfirmed.insert(resident),
                    Manner::NoUnit => holding.without_unit.insert(resident),
                    Manner::Digital | Manner::Physical => false,
                };
                holding.plan(planned);
            }
            NightRow::Nothing(none) => {
                if has_plan(none.why) {
                    holding.with_plan.insert(none.resident);
                }
            }
        }
    }
    holding.declined = record.declined();
    holding.awaited = record.awaited();
    // Plans of before agreements were kept have no other witness.
    let looking = nights::to_hold(&record.plans, noon).into_iter();
    let is_for_now = |plan: &Plan| {
        let is_over = plan.nights.last.is_some_and(|last| last < night);
        !is_over && !plan.windows.is_empty()
    };
    let looking = looking.filter(|stored| is_for_now(&stored.plan));
    let looking = looking.map(|stored| stored.plan.resident);
    holding.with_plan.extend(looking);
    holding
}

impl Holding {
    fn plan(&mut self, planned: Planned) {
        self.with_plan.insert(planned.check.id.resident);
        self.checks.push(planned);
    }
}

/// Whether somebody without a check tonight has a plan all the same.
fn has_plan(why: Why) -> bool {
    match why {
        Why::Away { .. }
        | Why::NotBegun { .. }
        | Why::NotThisDay
        | Why::NoUnit
        | Why::TooLateTonight => true,
        Why::NoAgreement | Why::TrialOver { .. } | Why::NoWindows | Why::Ended(_) => false,
    }
}

/// A visit as a row to freeze: no looks, and the unit that hangs there.
fn visit_of(visit: &PlannedVisit, unit: UnitId) -> Planned {
    Planned {
        check: Check {
            id: visit.check,
            opens: visit.opens,
            deadline: visit.deadline,
            looks: Vec::new(),
        },
        unit,
        plan: None,
        manner: Manner::Physical,
    }
}

/// What has changed about frozen checks that are still to come.
#[must_use]
pub fn altered(grounds: Grounds<'_>, frozen: &[CheckId]) -> Vec<Altered> {
    let Grounds {
        record,
        night,
        noon,
        now,
    } = grounds;
    let gone = no_longer_planned(record, frozen, (night, noon), now);
    let gone = gone.into_iter().filter_map(|(check, why)| {
        Some(Altered {
            check,
            what: alteration(why)?,
            by: said_by(&record.book, check),
            why: String::new(),
            at: now,
        })
    });
    gone.chain(declined(grounds, frozen)).collect()
}

/// The frozen looks at whoever may not be looked at any more: they are made as visits.
fn declined(grounds: Grounds<'_>, frozen: &[CheckId]) -> Vec<Altered> {
    let Grounds {
        record,
        night,
        noon,
        now,
    } = grounds;
    let is_stopped = |check: &&CheckId| record.looks(check.resident) == Looks::Stopped;
    let stopped: Vec<&CheckId> = frozen.iter().filter(is_stopped).collect();
    if stopped.is_empty() {
        return Vec::new();
    }
    let visited: BTreeSet<CheckId> = rows(record, (night, noon), now)
        .into_iter()
        .filter_map(|row| match row {
            NightRow::Visit(visit) => Some(visit.check),
            NightRow::Look(_) | NightRow::Ask(_) | NightRow::Nothing(_) => None,
        })
        .collect();
    let declined = stopped.into_iter().filter(|check| visited.contains(check));
    declined
        .map(|&check| Altered {
            check,
            what: Alteration::MadePhysical,
            by: record.book.consents().taken_by(check.resident),
            why: match record.permitted(check.resident) {
                Looks::Stopped => DECLINED.to_owned(),
                Looks::ByPlan => AWAITED.to_owned(),
            },
            at: now,
        })
        .collect()
}

/// What became of checks that went by while the hub was down, as far as somebody had said it by
/// then: nobody is sent to the dead, and who was away when the window opened was away.
#[must_use]
pub fn stood_by_then(grounds: Grounds<'_>, gone_by: &[Check]) -> Vec<Altered> {
    let Grounds { record, noon, .. } = grounds;
    let book = &record.book;
    let stood = |check: &Check| {
        let CheckId {
            resident, night, ..
        } = check.id;
        let ended = book.ended(resident);
        if let Some(ended) = ended.filter(|ended| ended.at < check.deadline) {
            return Some((Why::Ended(ended.why), ended.by.clone()));
        }
        // By the deadline, and by no word that was said later.
        let by = check.deadline.before(Duration::from_millis(1));
        let opened = book.absence_at(resident, night, check.opens);
        let absence = opened.or_else(|| book.absence_at(resident, night, by))?;
        let stood = absence.as_of(by)?;
        Some((Why::of(&stood, noon), stood.by))
    };
    let altered = gone_by.iter().filter_map(|check| {
        let (why, by) = stood(check)?;
        Some(Altered {
            check: check.id,
            what: alteration(why)?,
            by,
            why: String::new(),
            at: grounds.now,
        })
    });
    altered.collect()
}

/// Which checks that were called off, or of which it was asked, are to be made after all: the
/// resident was back when the window opened, or is back before it does.
#[must_use]
pub fn restored(grounds: Grounds<'_>, suspended: &[CheckId]) -> Vec<Altered> {
    let (book, night) = (&grounds.record.book, grounds.night);
    let planned: BTreeMap<CheckId, Planned> = holding(grounds)
        .checks
        .into_iter()
        .map(|planned| (planned.check.id, planned))
        .collect();
    let is_away = |planned: &Planned| {
        let (who, opens) = (planned.check.id.resident, planned.check.opens);
        let stood = book.absence_at(who, night, opens);
        stood.or_else(|| book.absence_on(who, night)).is_some()
    };
    let back = |&check: &CheckId| {
        // Of whoever is looked after no more there is nothing to be made after all.
        if book.ended(check.resident).is_some() {
            return None;
        }
        let planned = planned.get(&check).filter(|planned| !is_away(planned))?;
        let what = match planned.manner {
            // Without a unit too: that is a change of its own.
            Manner::Digital | Manner::NoUnit => Alteration::Restored,
            Manner::Physical => Alteration::MadePhysical,
            Manner::AskIfAway => return None,
        };
        Some(Altered {
            check,
            what,
            by: back_by(book, check.resident),
            why: BACK.to_owned(),
            at: grounds.now,
        })
    };
    suspended.iter().filter_map(back).collect()
}

/// Which of these checks, made as visits because no look could be counted on, are looks again: the
/// unit has said so, and the window has not opened. One that has opened is somebody's errand.
#[must_use]
pub fn resumed(grounds: Grounds<'_>, visits: &[CheckId]) -> Vec<Altered> {
    if visits.is_empty() {
        return Vec::new();
    }
    let rows = rows(grounds.record, (grounds.night, grounds.noon), grounds.now);
    let looks = rows.into_iter().filter_map(|row| match row {
        NightRow::Look(planned) => Some(planned.check),
        NightRow::Visit(_) | NightRow::Ask(_) | NightRow::Nothing(_) => None,
    });
    let again = looks.filter(|check| check.opens > grounds.now && visits.contains(&check.id));
    again
        .map(|check| Altered {
            check: check.id,
            what: Alteration::Restored,
            by: grounds.record.book.consents().taken_by(check.id.resident),
            why: RESUMED.to_owned(),
            at: grounds.now,
        })
        .collect()
}

/// Who said that a resident is back.
fn back_by(book: &Book, resident: ResidentId) -> String {
    let absences = book.absences(resident).iter();
    let ended = absences.filter_map(|absence| absence.ended.as_ref());
    let last = ended.max_by_key(|ended| ended.at);
    last.map_or_else(|| "enrolment".to_owned(), |ended| ended.by.clone())
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
