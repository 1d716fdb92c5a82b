//! One check: what is known of it, and what follows.
//!
//! [`CheckState::judge`] depends on what has come and on the time, never on the order in which
//! it came: reports are lost, repeated, reordered and late, and the ledger is the same.

use std::collections::BTreeMap;
use std::time::Duration;

use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::report::ReportKey;
use nattsyn_protocol::time::Timestamp;

use super::change::{Counted, Outcome, Planned, SavedCheck};
use crate::view::Cause;

/// How long after a look was due its report is overdue (budget of the design, §12): twice the
/// longest look.
pub const REPORT_WITHIN: Duration = Duration::from_secs(60);

/// How much a unit's clock may run ahead and a look still count for the check: what a Pi drifts
/// in a week without a network.
pub const CLOCK_AHEAD: Duration = Duration::from_secs(30);

/// How much a unit's clock may run behind, a last look of 30 s included.
pub const CLOCK_BEHIND: Duration = Duration::from_secs(60);

/// What follows from what is known of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Nothing yet.
    Open,
    /// The person was seen.
    Seen(Counted),
    /// A person is needed, by what a report or a notice says.
    Needs(Cause),
    /// A person is needed, because nothing says anything.
    Missing,
}

/// One check and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct CheckState {
    pub(super) planned: Planned,
    pub(super) outcome: Option<Outcome>,
    counted: BTreeMap<ReportKey, Counted>,
    /// The latest word for each look; of several, the first that came.
    noted: BTreeMap<u8, Fault>,
}

impl CheckState {
    pub(super) fn new(planned: Planned) -> Self {
        Self {
            planned,
            outcome: None,
            counted: BTreeMap::new(),
            noted: BTreeMap::new(),
        }
    }

    pub(super) fn restore(saved: SavedCheck) -> Self {
        let mut state = Self::new(saved.planned);
        state.outcome = saved.outcome;
        for counted in saved.counted {
            state.count(counted);
        }
        for noted in saved.noted {
            state.note(noted.look, noted.fault);
        }
        state
    }

    /// Takes in a report, once.
    pub(super) fn count(&mut self, counted: Counted) {
        self.counted.entry(counted.key).or_insert(counted);
    }

    /// Takes in a notice.
    pub(super) fn note(&mut self, look: u8, fault: Fault) {
        self.noted.entry(look).or_insert(fault);
    }

    /// The looks that were made, in order.
    pub(super) fn looks(&self) -> Vec<Counted> {
        let mut looks: Vec<Counted> = self.counted.values().copied().collect();
        looks.sort_by_key(|counted| (counted.look, counted.at, counted.key));
        looks
    }

    /// What follows at `now`.
    pub(super) fn judge(&self, now: Timestamp) -> Judgement {
        let looks = self.looks();
        let seen = looks
            .iter()
            .filter(|counted| self.finding(counted) == Finding::Visible);
        if let Some(first) = seen.min_by_key(|counted| (counted.at, counted.key)) {
            return Judgement::Seen(*first);
        }
        let is_last = |look: u8| usize::from(look) >= self.planned.check.looks.len();
        if let Some(last) = looks.last().filter(|counted| is_last(counted.look))
            && let Some(cause) = cause_of(self.finding(last))
        {
            return Judgement::Needs(cause);
        }
        if let Some((_, &fault)) = self
            .noted
            .iter()
            .next_back()
            .filter(|(look, _)| is_last(**look))
        {
            return Judgement::Needs(Cause::Technical(fault));
        }
        if now >= self.planned.check.concluded_by(REPORT_WITHIN) {
            return Judgement::Missing;
        }
        Judgement::Open
    }

    /// What a report counts as: a look made outside the window says nothing about the check,
    /// except that the unit's clock is wrong. So does one that came before it was made: whenever
    /// it was made, it was not then.
    pub(super) fn finding(&self, counted: &Counted) -> Finding {
        let check = &self.planned.check;
        let inside = counted.at >= check.opens.before(CLOCK_AHEAD)
            && counted.at <= check.deadline.after(CLOCK_BEHIND);
        let came_after = counted.at <= counted.came.after(CLOCK_AHEAD);
        if inside && came_after {
            counted.finding
        } else {
            Finding::Technical(Fault::ClockUnknown)
        }
    }

    /// Whether a look that was due has no report, a minute after it was.
    pub(super) fn is_overdue(&self, now: Timestamp) -> bool {
        (1u8..).zip(&self.planned.check.looks).any(|(number, due)| {
            let reported = self.counted.values().any(|counted| counted.look >= number);
            now >= due.after(REPORT_WITHIN) && !reported
        })
    }

    /// The next moment after `now` at which something about this check may change by itself.
    pub(super) fn next_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        let check = &self.planned.check;
        let overdue = check.looks.iter().map(|due| due.after(REPORT_WITHIN));
        overdue
            .chain([
                check.opens,
                check.concluded_by(REPORT_WITHIN),
                check.deadline,
            ])
            .filter(|&at| at > now)
            .min()
    }

    /// The next look that is due after `now`; none once the person was seen.
    pub(super) fn next_look(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self
            .planned
            .check
            .looks
            .iter()
            .copied()
            .find(|&due| due > now);
        next.filter(|_| self.outcome.is_none())
    }
}

fn cause_of(finding: Finding) -> Option<Cause> {
    match finding {
        Finding::Visible => None,
        Finding::NotVisible => Some(Cause::NotVisible),
        Finding::Unclear(reason) => Some(Cause::Unclear(reason)),
        Finding::Technical(fault) => Some(Cause::Technical(fault)),
        Finding::Paused => Some(Cause::Paused),
    }
}
