//! What a night holds for everybody who is enrolled: a look, a visit, or nothing and why.
//!
//! Digital checks come from the very plans that were signed and sent, so the hub expects what
//! the unit will do; visits and reasons come from the [`Book`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;

use nattsyn_protocol::calendar::Days;
use nattsyn_protocol::ids::{CheckId, ResidentId};
use nattsyn_protocol::plan::{Plan, PlanError, Window};
use nattsyn_protocol::schedule::checks_of;
use nattsyn_protocol::time::Timestamp;

use super::{AgreedWindow, Agreement, Away, Book, Confirmation, Ending, How, VisitReason};
use crate::nights;
use crate::roster::Roster;
use crate::store::StoredPlan;
use crate::watch::Planned;

/// One line of a night.
#[derive(Clone, Debug, PartialEq)]
pub enum NightRow {
    /// The unit looks.
    Look(Planned),
    /// A person goes there.
    Visit(PlannedVisit),
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

/// The lines of a night, by resident and opening time: every enrolled resident has at least one.
///
/// `noon` is when the night begins; `now` is for absences that must be confirmed.
#[must_use]
pub fn rows(
    book: &Book,
    plans: &[StoredPlan],
    roster: &Roster,
    (night, noon): (Date, Timestamp),
    now: Timestamp,
) -> Vec<NightRow> {
    let mut of_resident: BTreeMap<ResidentId, Vec<NightRow>> = BTreeMap::new();
    for planned in nights::checks(plans, roster, night, noon) {
        let resident = planned.check.id.resident;
        let rows = of_resident.entry(resident).or_default();
        rows.push(NightRow::Look(planned));
    }
    let enrolled = roster.homes().iter().flat_map(|home| &home.residents);
    for resident in enrolled.map(|resident| resident.id) {
        let rows = of_resident.entry(resident).or_default();
        let visits = visits(book, resident, night, noon);
        rows.extend(visits.into_iter().map(NightRow::Visit));
        if rows.is_empty() {
            let why = why_none(book, resident, (night, noon), now);
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
    book: &Book,
    plans: &[StoredPlan],
    frozen: &[CheckId],
    (night, noon): (Date, Timestamp),
    now: Timestamp,
) -> Vec<(CheckId, Why)> {
    let mut planned: BTreeSet<CheckId> = BTreeSet::new();
    for stored in nights::to_hold(plans, noon) {
        let checks = checks_of(&stored.plan, night).unwrap_or_default();
        planned.extend(checks.into_iter().map(|check| check.id));
    }
    let residents: BTreeSet<ResidentId> = frozen.iter().map(|check| check.resident).collect();
    for resident in residents {
        let visits = visits(book, resident, night, noon);
        planned.extend(visits.into_iter().map(|visit| visit.check));
    }
    let gone = frozen.iter().filter(|check| !planned.contains(check));
    gone.map(|&check| (check, why_none(book, check.resident, (night, noon), now)))
        .collect()
}

impl NightRow {
    fn opens(&self) -> Option<Timestamp> {
        match self {
            Self::Look(planned) => Some(planned.check.opens),
            Self::Visit(visit) => Some(visit.opens),
            Self::Nothing(_) => None,
        }
    }
}

/// The visits of a resident on a night.
fn visits(book: &Book, resident: ResidentId, night: Date, noon: Timestamp) -> Vec<PlannedVisit> {
    let Some(agreed) = book.in_force(resident, noon) else {
        return Vec::new();
    };
    if book.ended(resident).is_some() || book.absence_on(resident, night).is_some() {
        return Vec::new();
    }
    match agreed.agreement.visits(night) {
        Ok(mut visits) => {
            // Only the very first version can have been made after noon.
            visits.retain(|visit| agreed.made <= noon || visit.opens >= agreed.made);
            visits
        }
        // Agreements are examined before they are written down.
        Err(error) => {
            tracing::error!(%resident, version = agreed.version, %error, "an agreement cannot be kept");
            Vec::new()
        }
    }
}

impl Agreement {
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
    now: Timestamp,
) -> Why {
    if let Some(ended) = book.ended(resident) {
        return Why::Ended(ended.why);
    }
    let Some(agreed) = book.in_force(resident, noon) else {
        return Why::NoAgreement;
    };
    if let Some(absence) = book.absence_on(resident, night) {
        return Why::Away {
            why: absence.why,
            last: absence.last,
            confirmation: absence.confirmation(now),
        };
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
    } else if agreed.made > noon && now.since(noon) < Duration::from_secs(24 * 60 * 60) {
        Why::TooLateTonight
    } else {
        Why::NoUnit
    }
}
