//! Knows from the plans which looks are due, and makes an exception of what is missing, not
//! visible, unclear or technical.
//!
//! Judges by expected results, never by "connected". Pure: `now` and what came go in, [`Change`]s
//! come out; it reads no clock, writes nothing and can be made anew from the store at any
//! instant ([`Saved`]). Every check ends in exactly one outcome or is an open exception.
//!
//! What it deliberately does not do: close what needs a person (a person does), alert anybody,
//! or guess. An unsigned notice is never more than a technical fault.

mod change;
mod check;
mod exceptions;
#[cfg(test)]
mod nights;
mod rows;
#[cfg(test)]
mod scenes;
mod silence;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use nattsyn_protocol::heartbeat::{EyeState, SILENT_AFTER};
use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::report::{Notice, Report};
use nattsyn_protocol::time::{Timestamp, Uptime};

use crate::roster::Roster;
use crate::view::Cause;

pub use change::{
    Arrival, Change, Counted, Exception, Noted, Outcome, Planned, Punctuality, Saved, SavedCheck,
};
pub use check::{CLOCK_AHEAD, CLOCK_BEHIND, REPORT_WITHIN};
use check::{CheckState, Judgement};
use exceptions::{Call, Exceptions, Unit};
use silence::UnitState;

/// A moment by both clocks: uptime for silence, the wall clock for plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// For how long something has lasted.
    pub uptime: Uptime,
    /// For when something is planned.
    pub timestamp: Timestamp,
}

impl Moment {
    /// The uptime at a wall-clock moment, if neither clock is set in between.
    #[must_use]
    pub fn uptime_at(self, at: Timestamp) -> Uptime {
        let ahead = self.uptime.after(at.since(self.timestamp));
        Uptime(ahead.0.saturating_sub(self.timestamp.since(at)))
    }
}

/// What a report was to the watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is about a check of its unit, and is counted.
    Check,
    /// It matches no check of its unit. It is kept, and counts for nothing.
    Nothing,
}

/// Tonight in all homes, and what is still open of earlier nights.
#[derive(Clone, Debug)]
pub struct Watch {
    started: Moment,
    night: Date,
    roster: Arc<Roster>,
    checks: BTreeMap<CheckId, CheckState>,
    units: BTreeMap<UnitId, UnitState>,
    exceptions: Exceptions,
    wake: Option<Uptime>,
}

impl Watch {
    /// A watch that begins at `started`, with the past that the store remembers. The caller
    /// lets time pass ([`Watch::handle_timeout`]) before anything else, so that what went by
    /// while the hub was down is accounted for first.
    #[must_use]
    pub fn new(started: Moment, night: Date, roster: Arc<Roster>, saved: Saved) -> Self {
        let mut watch = Self {
            started,
            night,
            roster: Arc::default(),
            checks: BTreeMap::new(),
            units: BTreeMap::new(),
            exceptions: Exceptions::restore(saved.exceptions, saved.next_exception),
            wake: Some(started.uptime),
        };
        for saved in saved.checks {
            watch
                .checks
                .insert(saved.planned.check.id, CheckState::restore(saved));
        }
        watch.enrol(started, roster);
        watch
    }

    /// The night that is shown.
    #[must_use]
    pub fn night(&self) -> Date {
        self.night
    }

    /// Who is enrolled.
    #[must_use]
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// Takes in a new roster. A unit that is new gets the grace of one just heard.
    pub fn enrol(&mut self, now: Moment, roster: Arc<Roster>) {
        let held = std::mem::take(&mut self.units);
        for home in roster.homes() {
            let known = held.get(&home.unit).copied();
            self.units.insert(
                home.unit,
                known.unwrap_or_else(|| UnitState::new(now.uptime)),
            );
        }
        self.roster = roster;
        self.wake = Some(now.uptime);
    }

    /// Takes in checks as frozen. One that is known already stays as it is.
    pub fn plan(&mut self, now: Moment, checks: Vec<Planned>) {
        for planned in checks {
            let id = planned.check.id;
            self.checks
                .entry(id)
                .or_insert_with(|| CheckState::new(planned));
        }
        self.wake = Some(now.uptime);
    }

    /// Takes in checks with what the store has of them: a clock that is set back begins a night
    /// again whose settled checks were forgotten here. One that is known stays as it is.
    pub fn recall(&mut self, now: Moment, checks: Vec<SavedCheck>) {
        for saved in checks {
            let id = saved.planned.check.id;
            self.checks
                .entry(id)
                .or_insert_with(|| CheckState::restore(saved));
        }
        self.wake = Some(now.uptime);
    }

    /// Begins another night. What is settled of earlier nights is for the store to remember.
    pub fn begin_night(&mut self, now: Moment, night: Date) {
        self.night = night;
        self.checks
            .retain(|id, state| id.night >= night || state.outcome.is_none());
        self.exceptions.forget(now.timestamp);
        self.wake = Some(now.uptime);
    }

    /// Takes in a sign of life of an enrolled unit.
    pub fn handle_sign(&mut self, now: Moment, unit: UnitId, eye: Option<EyeState>) -> Vec<Change> {
        let mut changes = Vec::new();
        let Some(state) = self.units.get_mut(&unit) else {
            return changes;
        };
        state.hear(now, eye);
        let silent_at = now.uptime.after(SILENT_AFTER);
        self.wake = Some(self.wake.map_or(silent_at, |wake| wake.min(silent_at)));
        let (checks, roster) = (&self.checks, Arc::clone(&self.roster));
        for resident in roster.of_unit(unit).iter().flat_map(|home| &home.residents) {
            let is_explained = |check| is_explained(checks, check);
            self.exceptions
                .hear(resident.id, now.timestamp, is_explained, &mut changes);
        }
        changes
    }

    /// Takes in a verified report that is not held already.
    pub fn handle_report(&mut self, now: Moment, report: &Report) -> (Fit, Vec<Change>) {
        let mut changes = self.handle_sign(now, report.unit, None);
        let Some(state) = self.check_of(report.check, report.unit) else {
            return (Fit::Nothing, changes);
        };
        state.count(Counted {
            key: report.key(),
            look: report.look,
            at: report.at_ms,
            came: now.timestamp,
            finding: report.finding,
        });
        self.judge(report.check, now, &mut changes);
        self.reckon_unless_due(now);
        (Fit::Check, changes)
    }

    /// Takes in a voice's word, which is never more than a technical fault.
    pub fn handle_notice(&mut self, now: Moment, notice: &Notice) -> (Fit, Vec<Change>) {
        let mut changes = self.handle_sign(now, notice.unit, None);
        let Some(state) = self.check_of(notice.check, notice.unit) else {
            return (Fit::Nothing, changes);
        };
        state.note(notice.look, notice.fault);
        self.judge(notice.check, now, &mut changes);
        self.reckon_unless_due(now);
        (Fit::Check, changes)
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Moment) -> Vec<Change> {
        let mut changes = Vec::new();
        let open: Vec<CheckId> = self
            .unsettled()
            .map(|state| state.planned.check.id)
            .collect();
        for check in open {
            self.judge(check, now, &mut changes);
        }
        let next_looks = self.next_looks(now);
        for (unit, state) in &self.units {
            let next_look = next_looks.get(unit).copied();
            let is_silent = state.silence(now.uptime).is_some();
            if is_silent && now.uptime >= state.ask_at(now, next_look) {
                for resident in self
                    .roster
                    .of_unit(*unit)
                    .iter()
                    .flat_map(|home| &home.residents)
                {
                    let call = Call {
                        now: now.timestamp,
                        resident: resident.id,
                        cause: Cause::Silent,
                        due: self.next_deadline(resident.id, now.timestamp),
                        punctuality: Punctuality::InTime,
                    };
                    self.exceptions.call(call, &mut changes);
                }
            }
        }
        self.reckon(now);
        changes
    }

    /// When to call [`Watch::handle_timeout`] next, at the latest.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Uptime> {
        self.wake
    }

    fn check_of(&mut self, check: CheckId, unit: UnitId) -> Option<&mut CheckState> {
        self.checks
            .get_mut(&check)
            .filter(|state| state.planned.unit == unit)
    }

    fn unsettled(&self) -> impl Iterator<Item = &CheckState> {
        self.checks.values().filter(|state| state.outcome.is_none())
    }

    /// By when somebody must have acted for a resident whose unit is silent: the deadline of the
    /// next check that it will not make. At once, if no check is known.
    fn next_deadline(&self, resident: ResidentId, now: Timestamp) -> Timestamp {
        self.unsettled()
            .map(|state| &state.planned.check)
            .filter(|check| check.id.resident == resident && check.deadline > now)
            .map(|check| check.deadline)
            .min()
            .unwrap_or(now)
    }

    fn judge(&mut self, id: CheckId, now: Moment, changes: &mut Vec<Change>) {
        let Some(state) = self
            .checks
            .get_mut(&id)
            .filter(|state| state.outcome.is_none())
        else {
            return;
        };
        let silent_row = self.exceptions.open(id.resident, Cause::Silent);
        let unit = match self.units.get(&state.planned.unit) {
            // The grace that a hub's start gives is no sign of life: a row of silence from
            // before it still stands.
            Some(unit) if unit.heard.is_none() && silent_row.is_some() => Unit::Silent,
            Some(unit) if unit.silence(now.uptime).is_none() => Unit::Heard,
            Some(_) | None => Unit::Silent,
        };
        let cause = match state.judge(now.timestamp) {
            Judgement::Open => return,
            Judgement::Seen(look) => {
                let arrival = match self.exceptions.of_check(id) {
                    Some(_) => Arrival::Late,
                    None => Arrival::InTime,
                };
                let outcome = Outcome {
                    at: look.at,
                    came: look.came,
                    arrival,
                };
                state.outcome = Some(outcome);
                changes.push(Change::Settled(id, outcome));
                let is_explained = |check| is_explained(&self.checks, check);
                self.exceptions
                    .explain(id, now.timestamp, look.at, is_explained, changes);
                return;
            }
            Judgement::Needs(cause) => cause,
            // Why it went missing is settled when it does, not anew with every heartbeat.
            Judgement::Missing if self.exceptions.of_check(id).is_some() => return,
            Judgement::Missing => match unit {
                Unit::Heard => Cause::NoReport,
                Unit::Silent => Cause::Silent,
            },
        };
        let deadline = state.planned.check.deadline;
        let call = Call {
            now: now.timestamp,
            resident: id.resident,
            cause,
            due: deadline,
            punctuality: if deadline < self.started.timestamp {
                Punctuality::HubWasDown
            } else {
                Punctuality::InTime
            },
        };
        let is_explained = |check| is_explained(&self.checks, check);
        self.exceptions.place(call, id, unit, is_explained, changes);
    }

    /// Each unit's next look.
    fn next_looks(&self, now: Moment) -> BTreeMap<UnitId, Timestamp> {
        let mut next_looks = BTreeMap::new();
        for state in self.unsettled() {
            if let Some(look) = state.next_look(now.timestamp) {
                next_looks
                    .entry(state.planned.unit)
                    .and_modify(|earliest: &mut Timestamp| *earliest = look.min(*earliest))
                    .or_insert(look);
            }
        }
        next_looks
    }

    /// Finds the next timeout after a message. What is due already is about other checks and
    /// units too, and is [`Watch::handle_timeout`]'s to deal with.
    fn reckon_unless_due(&mut self, now: Moment) {
        if self.wake.is_none_or(|wake| wake > now.uptime) {
            self.reckon(now);
        }
    }

    /// Finds the next timeout. A sign of life only moves it further away, so it is not found
    /// anew for every heartbeat: waking for nothing costs less.
    fn reckon(&mut self, now: Moment) {
        let next_looks = self.next_looks(now);
        let checks = self
            .unsettled()
            .filter_map(|state| state.next_timeout(now.timestamp))
            .map(|at| now.uptime_at(at));
        let units = self
            .units
            .iter()
            .filter_map(|(unit, state)| state.next_timeout(now, next_looks.get(unit).copied()));
        self.wake = checks.chain(units).min();
    }
}

/// Whether nothing is unexplained about a check.
fn is_explained(checks: &BTreeMap<CheckId, CheckState>, check: CheckId) -> bool {
    checks
        .get(&check)
        .is_none_or(|state| state.outcome.is_some())
}
