//! What a night holds for everybody with an agreement in force: a look, a visit, a check that
//! somebody must ask about, or nothing and why.
//!
//! Digital checks come from the very plans that were signed and sent, so the hub expects what
//! the unit will do; visits and reasons come from the [`Book`]. What was agreed and stands in no
//! plan of a unit is a line too: people are compared with units here, before the night.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use nattsyn_protocol::calendar::Days;
use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::plan::{Plan, PlanError, Window};
use nattsyn_protocol::policy::Looks;
use nattsyn_protocol::schedule::{Check, checks_of};
use nattsyn_protocol::time::Timestamp;

use super::record::Record;
use super::{
    Absence, AgreedWindow, Agreement, Away, Book, Confirmation, Ending, How, Seat,
    TemporaryWindows, VisitReason,
};
use crate::nights;
use crate::watch::{Manner, Planned};

/// One line of a night.
#[derive(Clone, Debug, PartialEq)]
pub enum NightRow {
    /// The unit looks.
    Look(Planned),
    /// A person goes there.
    Visit(PlannedVisit),
    /// It was agreed, and no unit looks: none in service has a plan for it, or the resident is
    /// away until further notice and nobody has confirmed it. Somebody must ask.
    Ask(Planned),
    /// There is no check.
    Nothing(NoCheck),
}

/// A check that a person makes by going there. The unit makes no look for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedVisit {
    /// Which check.
    pub check: CheckId,
    /// When its window opens.
    pub opens: Timestamp,
    /// When its window closes.
    pub deadline: Timestamp,
    /// Why it is not digital.
    pub reason: VisitReason,
    /// The reason in words; may be empty.
    pub note: String,
}

/// That a resident has no check on a night.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCheck {
    /// Who.
    pub resident: ResidentId,
    /// Which night.
    pub night: Date,
    /// Why not.
    pub why: Why,
}

/// Why there is no check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing was agreed.
    NoAgreement,
    /// The resident is away, or asked to be left alone.
    Away {
        /// Which of the two.
        why: Away,
        /// The last night; without one, until further notice.
        last: Option<Date>,
        /// Whether that can be relied on. If not, a person has to ask.
        confirmation: Confirmation,
    },
    /// The agreement begins later.
    NotBegun {
        /// Its first night.
        first: Date,
    },
    /// It was a trial, which is over, and nobody has decided what is to be.
    TrialOver {
        /// Its last night.
        last: Date,
    },
    /// The agreement has no window on this day of the week.
    NotThisDay,
    /// The agreement has no window at all.
    NoWindows,
    /// Somebody has died, or the supervision has ended.
    Ended(Ending),
    /// Windows were agreed, and the unit that hangs there was given no plan for them.
    NoUnit,
    /// It was agreed only after tonight's windows had opened.
    TooLateTonight,
}

impl Why {
    /// That a resident is away, as far as it had been confirmed `by` then.
    pub(crate) fn of(absence: &Absence, by: Timestamp) -> Self {
        Self::Away {
            why: absence.why,
            last: absence.last,
            confirmation: absence.confirmation(by),
        }
    }
}

/// The lines of a night, by resident and opening time: every enrolled resident has at least one,
/// and so has whoever is enrolled no more and whose supervision nobody has ended.
///
/// `noon` is when the night begins. Whether an absence is confirmed is judged then, or `now` of
/// a night that is still to come; whoever confirms it later puts that right.
#[must_use]
pub fn rows(record: &Record, (night, noon): (Date, Timestamp), now: Timestamp) -> Vec<NightRow> {
    let book = &record.book;
    let by = noon.min(now);
    let mut of_resident: BTreeMap<ResidentId, Vec<NightRow>> = BTreeMap::new();
    for planned in nights::checks(record, night, noon) {
        let resident = planned.check.id.resident;
        let rows = of_resident.entry(resident).or_default();
        rows.push(match record.looks(resident) {
            Looks::ByPlan => NightRow::Look(planned),
            Looks::Stopped => NightRow::Visit(instead(&planned.check)),
        });
    }
    let mut everybody: BTreeSet<ResidentId> = record.seats.residents().collect();
    everybody.extend(book.residents().filter(|who| book.ended(*who).is_none()));
    for resident in everybody {
        let rows = of_resident.entry(resident).or_default();
        let is_known =
            |visit: &PlannedVisit| rows.iter().any(|row| row.check() == Some(visit.check));
        let mut visits = visits(record, resident, night, noon);
        visits.retain(|visit| !is_known(visit));
        rows.extend(visits.into_iter().map(NightRow::Visit));
        let unkept = unkept(record, resident, (night, noon), by);
        let is_new =
            |planned: &Planned| rows.iter().all(|row| row.check() != Some(planned.check.id));
        let unkept: Vec<Planned> = unkept.into_iter().filter(is_new).collect();
        rows.extend(unkept.into_iter().map(NightRow::Ask));
        if rows.is_empty() {
            let why = why_none(book, resident, (night, noon), by);
            rows.push(NightRow::Nothing(NoCheck {
                resident,
                night,
                why,
            }));
        }
        rows.sort_by_key(NightRow::opens);
    }
    of_resident.into_values().flatten().collect()
}

/// Those of a night's frozen checks that are planned no longer, and why: somebody has gone away,
/// has died or has left since the noon at which they were frozen.
#[must_use]
pub fn no_longer_planned(
    record: &Record,
    frozen: &[CheckId],
    (night, noon): (Date, Timestamp),
    now: Timestamp,
) -> Vec<(CheckId, Why)> {
    let book = &record.book;
    let by = noon.min(now);
    let mut planned: BTreeSet<CheckId> = BTreeSet::new();
    for stored in nights::to_hold(&record.plans, noon) {
        let checks = checks_of(&stored.plan, night).unwrap_or_default();
        planned.extend(checks.into_iter().map(|check| check.id));
    }
    let residents: BTreeSet<ResidentId> = frozen.iter().map(|check| check.resident).collect();
    for resident in residents {
        let visits = visits(record, resident, night, noon);
        planned.extend(visits.into_iter().map(|visit| visit.check));
    }
    let gone = frozen.iter().filter(|check| !planned.contains(check));
    gone.map(|&check| (check, why_none(book, check.resident, (night, noon), by)))
        .collect()
}

impl NightRow {
    fn opens(&self) -> Option<Timestamp> {
        match self {
            Self::Look(planned) => Some(planned.check.opens),
            Self::Visit(visit) => Some(visit.opens),
            Self::Ask(planned) => Some(planned.check.opens),
            Self::Nothing(_) => None,
        }
    }

    fn check(&self) -> Option<CheckId> {
        match self {
            Self::Look(planned) | Self::Ask(planned) => Some(planned.check.id),
            Self::Visit(visit) => Some(visit.check),
            Self::Nothing(_) => None,
        }
    }
}

/// Whether a unit was to look after a resident on a night, by what was agreed.
pub(crate) fn wants_looks(
    record: &Record,
    resident: ResidentId,
    tonight: (Date, Timestamp),
) -> bool {
    let Some(unit) = record.unit_of(resident) else {
        return false;
    };
    let agreed = agreed(record, (resident, unit), tonight);
    let mut agreed = agreed.into_iter();
    agreed.any(|(check, absence)| absence.is_none() && !check.looks.is_empty())
}

/// The checks that were agreed for a night and that no unit looks at by a plan, for somebody to
/// ask about. Some may have rows of another kind.
fn unkept(
    record: &Record,
    resident: ResidentId,
    tonight: (Date, Timestamp),
    by: Timestamp,
) -> Vec<Planned> {
    let Some(unit) = record.unit_of(resident) else {
        return Vec::new();
    };
    let manner = |check: &Check, absence: Option<&Absence>| match absence {
        Some(absence) => match absence.confirmation(by) {
            Confirmation::Holds => None,
            Confirmation::Unconfirmed { .. } => Some(Manner::AskIfAway),
        },
        None if check.looks.is_empty() => None,
        None => Some(Manner::NoUnit),
    };
    let agreed = agreed(record, (resident, unit), tonight);
    let to_ask = agreed.into_iter().filter_map(|(check, absence)| {
        Some(Planned {
            manner: manner(&check, absence)?,
            check,
            unit,
            plan: None,
        })
    });
    to_ask.collect()
}

/// The checks that were agreed for a night, each with the absence that covers it.
fn agreed(
    record: &Record,
    (resident, unit): (ResidentId, UnitId),
    (night, noon): (Date, Timestamp),
) -> Vec<(Check, Option<&Absence>)> {
    let book = &record.book;
    let Some(agreed) = book.in_force(resident, noon) else {
        return Vec::new();
    };
    if book.ended(resident).is_some() {
        return Vec::new();
    }
    let seat = record.seats.seat(resident);
    let seat = seat.unwrap_or_else(|| Seat::elsewhere(unit));
    let checks = agreed.agreement.checks(seat, night).into_iter();
    let held = checks.filter(|check| agreed.made <= noon || check.opens >= agreed.made);
    let stopped = record.looks(resident) == Looks::Stopped;
    held.map(|mut check| {
        if stopped {
            check.looks.clear();
        }
        let absence = away(book, resident, night, check.opens);
        (check, absence)
    })
    .collect()
}

/// The absence that covers a check: as it stands now, or as it stood when the window opened. Who
/// comes back at two was not to be looked at an hour before.
fn away(book: &Book, resident: ResidentId, night: Date, opens: Timestamp) -> Option<&Absence> {
    let stood = book.absence_at(resident, night, opens);
    stood.or_else(|| book.absence_on(resident, night))
}

/// The visits of a resident on a night: all that was agreed, if no look may be made.
fn visits(
    record: &Record,
    resident: ResidentId,
    night: Date,
    noon: Timestamp,
) -> Vec<PlannedVisit> {
    let book = &record.book;
    let (Some(agreed), Some(tonight)) = (
        book.in_force(resident, noon),
        book.tonight(resident, (night, noon)),
    ) else {
        return Vec::new();
    };
    if book.ended(resident).is_some() {
        return Vec::new();
    }
    let tonight = match record.looks(resident) {
        Looks::ByPlan => tonight,
        Looks::Stopped => tonight.by_visits(),
    };
    match tonight.visits(night) {
        Ok(mut visits) => {
            // Only the very first version can have been made after noon.
            visits.retain(|visit| agreed.made <= noon || visit.opens >= agreed.made);
            visits.retain(|visit| away(book, resident, night, visit.opens).is_none());
            visits
        }
        // Agreements are examined before they are written down.
        Err(error) => {
            tracing::error!(%resident, version = agreed.version, %error, "an agreement cannot be kept");
            Vec::new()
        }
    }
}

/// A look as the visit that is made in its place.
fn instead(check: &Check) -> PlannedVisit {
    PlannedVisit {
        check: check.id,
        opens: check.opens,
        deadline: check.deadline,
        reason: VisitReason::Declined,
        note: String::new(),
    }
}

impl Agreement {
    /// The same with a visit in place of every look: the resident does not want to be looked at.
    pub(crate) fn by_visits(&self) -> Self {
        let visited = |windows: &[AgreedWindow]| -> Vec<AgreedWindow> {
            let visited = windows.iter().map(|window| AgreedWindow {
                how: match &window.how {
                    How::Looks(_) => How::Visit(VisitReason::Declined, String::new()),
                    How::Visit(reason, note) => How::Visit(*reason, note.clone()),
                },
                ..window.clone()
            });
            visited.collect()
        };
        let temporary = self.temporary.as_ref();
        Self {
            windows: visited(&self.windows),
            temporary: temporary.map(|temporary| TemporaryWindows {
                windows: visited(&temporary.windows),
                ..temporary.clone()
            }),
            ..self.clone()
        }
    }

    /// All checks of a night, whoever is away: those of a unit in this seat with their looks,
    /// visits without. None if the agreement cannot be kept.
    pub(super) fn checks(&self, seat: Seat, night: Date) -> Vec<Check> {
        let visits = self.visits(night).unwrap_or_default();
        let visits = visits.into_iter().map(|visit| Check {
            id: visit.check,
            opens: visit.opens,
            deadline: visit.deadline,
            looks: Vec::new(),
        });
        let looks = checks_of(&self.plan(seat, &[], night), night);
        looks
            .unwrap_or_default()
            .into_iter()
            .chain(visits)
            .collect()
    }

    /// The checks of a night that a person makes, whoever is away.
    ///
    /// # Errors
    ///
    /// The windows cannot be kept.
    pub fn visits(&self, night: Date) -> Result<Vec<PlannedVisit>, PlanError> {
        if !self.nights().contains(night) {
            return Ok(Vec::new());
        }
        let to_visit = |window: &AgreedWindow| match &window.how {
            How::Looks(_) => None,
            How::Visit(reason, note) => Some((window.key, *reason, note.clone())),
        };
        let windows = self.windows_of(night);
        let timed = windows.iter().filter(|w| to_visit(w).is_some());
        let plan = self.timed(timed.map(AgreedWindow::timed).collect());
        let checks = checks_of(&plan, night)?;
        let visits = checks.into_iter().filter_map(|check| {
            let window = windows.iter().find(|w| w.key == check.id.window)?;
            let (_, reason, note) = to_visit(window)?;
            Some(PlannedVisit {
                check: check.id,
                opens: check.opens,
                deadline: check.deadline,
                reason,
                note,
            })
        });
        Ok(visits.collect())
    }

    /// A plan that is only there to say when windows open and close. No unit gets it.
    pub(super) fn timed(&self, windows: Vec<Window>) -> Plan {
        let nobody = nattsyn_protocol::ids::UnitId::from_random([0; 8]);
        Plan {
            zone: self.zone.clone(),
            looks_after_s: vec![0],
            windows,
            ..Plan::bare(self.resident, nobody)
        }
    }
}

impl AgreedWindow {
    /// Its times, with one look at its start.
    pub(super) fn timed(&self) -> Window {
        Window {
            days: self.days,
            ..Window::nightly(self.key, self.from, self.to)
        }
    }
}

fn why_none(
    book: &Book,
    resident: ResidentId,
    (night, noon): (Date, Timestamp),
    by: Timestamp,
) -> Why {
    if let Some(ended) = book.ended(resident) {
        return Why::Ended(ended.why);
    }
    let Some(agreed) = book.in_force(resident, noon) else {
        return Why::NoAgreement;
    };
    if let Some(absence) = book.absence_on(resident, night) {
        return Why::of(absence, by);
    }
    let agreement = &agreed.agreement;
    if let Some(first) = agreement.first_night.filter(|first| night < *first) {
        return Why::NotBegun { first };
    }
    if let Some(last) = agreement.trial_until.filter(|last| *last < night) {
        return Why::TrialOver { last };
    }
    let windows = agreement.windows_of(night);
    let today = |days: Days| days.contains(night.weekday());
    if windows.is_empty() {
        Why::NoWindows
    } else if !windows.iter().any(|window| today(window.days)) {
        Why::NotThisDay
    } else if agreed.made > noon {
        Why::TooLateTonight
    } else {
        Why::NoUnit
    }
}
