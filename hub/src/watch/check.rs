//! One check: what is known of it, and what follows.
//!
//! [`CheckState::judge`] depends on what has come and on the time, never on the order in which
//! it came: reports are lost, repeated, reordered and late, and the ledger is the same.

use std::collections::BTreeMap;
use std::time::Duration;

use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::grant::FIRST_LOOK_AGAIN;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::report::ReportKey;
use nattsyn_protocol::time::Timestamp;

use super::alteration::{Alteration, Altered, CallOff};
use super::change::{Counted, Manner, Outcome, Planned, SavedCheck};
use super::word::Word;
use crate::commission::gate::Gate;
use crate::view::Cause;

/// How long after a look was due its report is overdue (budget of the design, §12): twice the
/// longest look.
pub const REPORT_WITHIN: Duration = Duration::from_secs(60);

/// How long before its deadline a person is asked, at the latest, about a check of which nothing
/// came: an exception stands before the deadline and not at it (invariant 1).
///
/// A plan leaves its last look no more room than [`nattsyn_protocol::plan::LOOK_MAX`], which is
/// less than [`REPORT_WITHIN`]. A unit begins no look later than 10 s before the deadline, and an
/// ordinary one takes five: its report has come by now. One that comes later still ends the
/// exception by itself.
pub const ASK_BEFORE: Duration = Duration::from_secs(5);

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
    /// It was called off, and nobody took that back before its window opened.
    CalledOff(CallOff),
    /// A person is needed, by what a report or a notice says, or by the plan.
    Needs(Cause),
    /// A person is needed, because nothing says anything.
    Missing,
}

/// A unit that makes or made a check, and under which version of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tenure {
    unit: UnitId,
    plan: Option<u32>,
    /// Looks made later than this count for nothing: the unit hangs elsewhere by then.
    until: Option<Timestamp>,
}

/// Whether a unit in service can make the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Available,
    None,
}

/// Whether a look is one that an operator asked for before a live view. It is beside the plan: no
/// expectation waits for it and none is met by it; only *visible* inside the window ends anything.
pub(super) fn is_again(look: u8) -> bool {
    look >= FIRST_LOOK_AGAIN
}

/// One check and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct CheckState {
    /// As it is to be made now: as frozen, and as altered since.
    pub(super) planned: Planned,
    /// How it was to be made as frozen.
    frozen: Manner,
    /// That it is not to be made, as long as that may be taken back.
    called_off: Option<CallOff>,
    pub(super) outcome: Option<Outcome>,
    /// What a person said last.
    pub(super) word: Option<Word>,
    tenures: Vec<Tenure>,
    service: Service,
    counted: BTreeMap<ReportKey, Counted>,
    /// The latest word for each look; of several, the first that came.
    noted: BTreeMap<u8, Fault>,
}

impl CheckState {
    /// Whether a unit is to look, as far as is known.
    pub(super) fn is_to_be_looked_at(&self) -> bool {
        self.planned.manner == Manner::Digital && self.called_off.is_none()
    }

    pub(super) fn new(mut planned: Planned) -> Self {
        let frozen = planned.manner;
        let service = match frozen {
            Manner::NoUnit => Service::None,
            Manner::Digital | Manner::Physical | Manner::AskIfAway => Service::Available,
        };
        if frozen == Manner::NoUnit {
            planned.manner = Manner::Digital;
        }
        Self {
            tenures: vec![Tenure {
                unit: planned.unit,
                plan: planned.plan,
                until: None,
            }],
            planned,
            frozen,
            called_off: None,
            outcome: None,
            word: None,
            service,
            counted: BTreeMap::new(),
            noted: BTreeMap::new(),
        }
    }

    pub(super) fn restore(saved: SavedCheck) -> Self {
        let mut state = Self::new(saved.planned);
        state.outcome = saved.outcome;
        for altered in &saved.altered {
            state.alter(altered);
        }
        state.word = saved.words.into_iter().next_back();
        for counted in saved.counted {
            if state.is_made_by(counted.unit) {
                state.count(counted);
            }
        }
        for noted in saved.noted {
            state.note(noted.look, noted.fault);
        }
        state
    }

    /// Takes in a change of the check. What comes of calling it off is the watch's affair.
    pub(super) fn alter(&mut self, altered: &Altered) {
        match altered.what {
            Alteration::Added => {}
            Alteration::CalledOff(why) => self.called_off = Some(why),
            Alteration::MadePhysical => self.make(Manner::Physical),
            Alteration::AskIfAway => self.make(Manner::AskIfAway),
            Alteration::Restored => self.make(match self.frozen {
                Manner::Physical => Manner::Physical,
                Manner::Digital | Manner::AskIfAway | Manner::NoUnit => Manner::Digital,
            }),
            Alteration::NoUnit => self.service = Service::None,
            Alteration::Unit { unit, plan } => {
                for tenure in self.tenures.iter_mut().filter(|held| held.until.is_none()) {
                    tenure.until = Some(altered.at);
                }
                self.tenures.push(Tenure {
                    unit,
                    plan,
                    until: None,
                });
                (self.planned.unit, self.planned.plan) = (unit, plan);
                self.service = match plan {
                    Some(_) => Service::Available,
                    None => Service::None,
                };
            }
        }
    }

    /// It is to be made, and in this manner.
    fn make(&mut self, manner: Manner) {
        self.planned.manner = manner;
        self.called_off = None;
    }

    /// Whether it is called off, for good or until somebody takes that back.
    pub(super) fn called_off(&self) -> Option<CallOff> {
        self.called_off
    }

    /// Whether nobody is to make it, or it is asked whether anybody is: what somebody who comes
    /// back before its window opens puts right.
    pub(super) fn is_suspended(&self) -> bool {
        self.called_off.is_some() || self.planned.manner == Manner::AskIfAway
    }

    /// Whether it was to be a look, and is made as a visit.
    pub(super) fn was_made_physical(&self) -> bool {
        let is_visit = self.planned.manner == Manner::Physical && self.called_off.is_none();
        is_visit && self.frozen == Manner::Digital
    }

    /// Whether a change says only what is so already.
    pub(super) fn is_already(&self, what: Alteration) -> bool {
        match what {
            Alteration::MadePhysical => {
                self.planned.manner == Manner::Physical && self.called_off.is_none()
            }
            Alteration::AskIfAway => {
                self.planned.manner == Manner::AskIfAway && self.called_off.is_none()
            }
            Alteration::Restored => !self.is_suspended() && !self.was_made_physical(),
            Alteration::CalledOff(why) => self.called_off == Some(why),
            Alteration::NoUnit => self.service == Service::None,
            Alteration::Unit { unit, plan } => {
                self.planned.unit == unit && self.planned.plan == plan
            }
            Alteration::Added => false,
        }
    }

    /// Whether a unit in service can make it.
    pub(super) fn is_served(&self) -> bool {
        self.service == Service::Available
    }

    /// Whether a unit makes this check, or did.
    pub(super) fn is_made_by(&self, unit: UnitId) -> bool {
        self.tenures.iter().any(|tenure| tenure.unit == unit)
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
        match self.called_off {
            Some(why) if now >= self.planned.check.opens => return Judgement::CalledOff(why),
            Some(_) => return Judgement::Open,
            None => {}
        }
        let looks = self.looks();
        let seen = looks.iter().filter(|counted| self.needs(counted).is_none());
        if let Some(first) = seen.min_by_key(|counted| (counted.at, counted.key)) {
            return Judgement::Seen(*first);
        }
        // No later look of this unit is likely to count: whoever goes there has the whole window.
        let mut shut = looks.iter().rev().filter_map(|look| self.needs(look));
        if let Some(cause) = shut.find(|cause| matches!(cause, Cause::NotCommissioned(_))) {
            return Judgement::Needs(cause);
        }
        if let Some(cause) = self.needs_by_plan() {
            return if now >= self.planned.check.opens {
                Judgement::Needs(cause)
            } else {
                Judgement::Open
            };
        }
        let is_last = |look: u8| usize::from(look) >= self.planned.check.looks.len();
        let mut by_plan = looks.iter().filter(|counted| !is_again(counted.look));
        if let Some(last) = by_plan.next_back().filter(|last| is_last(last.look))
            && let Some(cause) = self.needs(last)
        {
            return Judgement::Needs(cause);
        }
        if let Some((_, &fault)) = self
            .noted
            .range(..FIRST_LOOK_AGAIN)
            .next_back()
            .filter(|(look, _)| is_last(**look))
        {
            return Judgement::Needs(Cause::Technical(fault));
        }
        if now >= self.missing_from() {
            return Judgement::Missing;
        }
        Judgement::Open
    }

    /// When a person is asked because nothing says anything: once the last report is overdue,
    /// and before the deadline in any case.
    fn missing_from(&self) -> Timestamp {
        let check = &self.planned.check;
        let latest = check.deadline.before(ASK_BEFORE).max(check.opens);
        check.concluded_by(REPORT_WITHIN).min(latest)
    }

    /// Why a person is needed from the window's opening on, whatever a unit does.
    fn needs_by_plan(&self) -> Option<Cause> {
        match (self.planned.manner, self.service) {
            (Manner::Physical, _) => Some(Cause::VisitPlanned),
            (Manner::AskIfAway, _) => Some(Cause::AwayUnconfirmed),
            (Manner::Digital | Manner::NoUnit, Service::None) => Some(Cause::NoUnit),
            (Manner::Digital | Manner::NoUnit, Service::Available) => None,
        }
    }

    /// Why a look leaves a person needed; `None` if it saw the resident.
    ///
    /// *Visible* under an older version of the plan than the night was frozen with settles
    /// nothing: it may have been seen in a place that is no longer agreed. A newer one is what is
    /// agreed now, and some versions hold at once. Nor does *visible* of a unit that is not
    /// commissioned for it.
    fn needs(&self, counted: &Counted) -> Option<Cause> {
        match self.finding(counted) {
            Finding::Visible if !self.is_as_planned(counted) => Some(Cause::OtherPlan),
            Finding::Visible => match counted.gate {
                Gate::Open => None,
                Gate::Shut(why) => Some(Cause::NotCommissioned(why)),
            },
            Finding::NotVisible => Some(Cause::NotVisible),
            Finding::Unclear(reason) => Some(Cause::Unclear(reason)),
            Finding::Technical(fault) => Some(Cause::Technical(fault)),
            Finding::Paused => Some(Cause::Paused),
        }
    }

    /// Whether a look was made by a unit that was to make it, under the plan in force or a newer
    /// one.
    pub(super) fn is_as_planned(&self, counted: &Counted) -> bool {
        self.tenures.iter().any(|tenure| {
            let is_of_plan = match (tenure.plan, counted.plan) {
                (Some(planned), Some(kept)) => kept >= planned,
                (None, _) | (_, None) => true,
            };
            let is_in_time = tenure
                .until
                .is_none_or(|until| counted.at <= until.after(CLOCK_AHEAD));
            tenure.unit == counted.unit && is_of_plan && is_in_time
        })
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

    /// What the page shows of a report. A look that an operator asked for may be made a little
    /// after the window: it says what it saw, and only inside the window does it count.
    pub(super) fn shown(&self, counted: &Counted) -> Finding {
        if is_again(counted.look) {
            counted.finding
        } else {
            self.finding(counted)
        }
    }

    /// Whether a look that was due has no report, a minute after it was.
    pub(super) fn is_overdue(&self, now: Timestamp) -> bool {
        if self.needs_by_plan().is_some() || self.called_off.is_some() {
            return false;
        }
        (1u8..).zip(&self.planned.check.looks).any(|(number, due)| {
            let is_as_late = |look: u8| look >= number && !is_again(look);
            let reported = self
                .counted
                .values()
                .any(|counted| is_as_late(counted.look));
            now >= due.after(REPORT_WITHIN) && !reported
        })
    }

    /// The next moment after `now` at which something about this check may change by itself.
    pub(super) fn next_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        let check = &self.planned.check;
        let looks = check.looks.iter();
        // The look itself too: what a silent unit's next look is changes then.
        let looks = looks.flat_map(|due| [*due, due.after(REPORT_WITHIN)]);
        looks
            .chain([check.opens, self.missing_from(), check.deadline])
            .filter(|&at| at > now)
            .min()
    }

    /// The next look that is due after `now`; none once the check has its outcome, or if no unit
    /// makes it.
    pub(super) fn next_look(&self, now: Timestamp) -> Option<Timestamp> {
        let mut looks = self.planned.check.looks.iter().copied();
        let next = looks.find(|&due| due > now);
        let is_to_be_made = self.outcome.is_none() && self.called_off.is_none();
        next.filter(|_| is_to_be_made && self.needs_by_plan().is_none())
    }
}

#[cfg(test)]
mod tests {
    use nattsyn_protocol::plan::LOOK_MAX;

    use super::super::scenes::{home, plan, planned};
    use super::*;

    /// The check of a window that opens at 23:00 and whose last look is due at 23:15.
    fn check(to: &str) -> CheckState {
        let home = home(1, &["r0000001"]);
        CheckState::new(planned(&plan(&home, 0, &[(1, "23:00", to)])).remove(0))
    }

    /// When somebody is asked about a check of which nothing comes, if it is looked at only when
    /// it says that it is to be.
    fn asked_at(state: &CheckState) -> Timestamp {
        let mut now = state.planned.check.opens.before(Duration::from_secs(1));
        while state.judge(now) == Judgement::Open {
            now = state.next_timeout(now).unwrap();
        }
        assert_eq!(state.judge(now), Judgement::Missing);
        now
    }

    #[test]
    fn somebody_is_asked_before_the_deadline_however_tight_the_window() {
        // The shortest that a plan may have for these looks: half a minute after the last.
        for (to, after_last_s) in [
            ("23:15:30", 25),
            ("23:15:59", 54),
            ("23:16", 55),
            ("23:16:05", 60),
            ("23:45", 60),
        ] {
            let state = check(to);
            let planned = &state.planned.check;
            let asked = asked_at(&state);
            assert!(asked.after(ASK_BEFORE) <= planned.deadline, "{to}");
            let last = *planned.looks.last().unwrap();
            assert_eq!(asked.since(last).as_secs(), after_last_s, "{to}");
        }
        let home = home(1, &["r0000001"]);
        let tighter = plan(&home, 0, &[(1, "23:00", "23:15:29")]);
        assert!(
            tighter.examine().is_err(),
            "no plan leaves less than {LOOK_MAX:?}"
        );
    }

    #[test]
    fn a_report_that_comes_just_in_time_asks_nobody() {
        let mut state = check("23:15:30");
        let deadline = state.planned.check.deadline;
        let came = deadline.before(ASK_BEFORE + Duration::from_secs(1));
        let counted = Counted {
            key: ReportKey {
                boot: nattsyn_protocol::ids::BootId(1),
                counter: 1,
            },
            unit: state.planned.unit,
            look: 5,
            plan: Some(1),
            at: came,
            came,
            finding: Finding::Visible,
            gate: Gate::Open,
        };
        assert_eq!(state.judge(came), Judgement::Open);
        state.count(counted);
        assert_eq!(state.judge(deadline), Judgement::Seen(counted));
    }
}
