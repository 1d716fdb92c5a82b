//! The rows that need a person: one a person and cause, about one or more checks.
//!
//! Only a report that the person was seen in that very check, or a unit that is heard again with
//! no check unexplained, ends a row here. Everything else waits for a person, and who that is
//! stands in the row ([`crate::exception`]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nattsyn_protocol::ids::{CheckId, ResidentId};
use nattsyn_protocol::time::Timestamp;

use super::change::{Change, Exception, Punctuality};
use super::check::REPORT_WITHIN;
use super::handling::ActRefused;
use crate::exception::{Act, Event, Handling, Refusal};
use crate::view::{Cause, Ending};

/// What is to be told to a person.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) now: Timestamp,
    pub(super) resident: ResidentId,
    pub(super) cause: Cause,
    pub(super) due: Timestamp,
    pub(super) punctuality: Punctuality,
}

/// Whether a row of a silent unit is still needed for the silence itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Heard,
    Silent,
}

/// All rows that are open, and those that ended tonight.
#[derive(Clone, Debug, Default)]
pub(super) struct Exceptions {
    rows: BTreeMap<i64, Exception>,
    /// The open row of each check that has one.
    of_check: BTreeMap<CheckId, i64>,
    /// Each resident's open rows.
    of_resident: BTreeMap<ResidentId, BTreeSet<i64>>,
    /// When which row is nobody's again.
    held: BTreeSet<(Timestamp, i64)>,
    next: i64,
}

impl Exceptions {
    pub(super) fn restore(saved: Vec<Exception>, next: i64) -> Self {
        let mut all = Self {
            next: next.max(1),
            ..Self::default()
        };
        for exception in saved {
            if exception.ended.is_none() {
                all.index(&exception);
            }
            all.rows.insert(exception.id, exception);
        }
        all
    }

    fn index(&mut self, exception: &Exception) {
        for &check in &exception.checks {
            self.of_check.insert(check, exception.id);
        }
        self.of_resident
            .entry(exception.resident)
            .or_default()
            .insert(exception.id);
        let held = exception.handling.falls_back_at();
        self.held.extend(held.map(|at| (at, exception.id)));
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Exception> {
        self.rows.values()
    }

    /// Whether what somebody found about a check's person stands against what a report says.
    pub(super) fn is_for_people(&self, check: CheckId) -> bool {
        self.of_check(check).is_some_and(is_for_people)
    }

    /// A row of tonight, or one that is open.
    pub(super) fn row(&self, row: i64) -> Option<&Exception> {
        self.rows.get(&row)
    }

    /// When the first of the rows that somebody has is nobody's again.
    pub(super) fn falls_back_at(&self) -> Option<Timestamp> {
        self.held.first().map(|(at, _)| *at)
    }

    /// Somebody does something about a row. Whoever gets it by that has it for `lent` from then on.
    pub(super) fn act(
        &mut self,
        exception: i64,
        at: Timestamp,
        (event, lent): (Event, Duration),
        changes: &mut Vec<Change>,
    ) -> Result<(), ActRefused> {
        let row = self.rows.get(&exception);
        let row = row.ok_or(ActRefused::NoRow(exception))?;
        if row.handling.lent() != lent && gets_it(&event) {
            // What is refused changes nothing.
            row.handling.clone().handle(at, &event)?;
            self.handle(exception, at, Event::Lent(lent), changes)?;
        }
        self.handle(exception, at, event, changes)
    }

    /// Something happens to a row: somebody does something, or nothing came of it in time.
    pub(super) fn handle(
        &mut self,
        exception: i64,
        at: Timestamp,
        event: Event,
        changes: &mut Vec<Change>,
    ) -> Result<(), ActRefused> {
        let row = self.rows.get_mut(&exception);
        let row = row.ok_or(ActRefused::NoRow(exception))?;
        let before = row.handling.falls_back_at();
        row.handling.handle(at, &event)?;
        let after = row.handling.falls_back_at();
        if let Some(before) = before {
            self.held.remove(&(before, exception));
        }
        self.held.extend(after.map(|at| (at, exception)));
        changes.push(Change::Handled {
            exception,
            event,
            at,
        });
        Ok(())
    }

    /// Rows of which nothing came in time are nobody's again.
    pub(super) fn fall_back(&mut self, now: Timestamp, changes: &mut Vec<Change>) {
        // Also those that were taken later than now: the clock was set back, and whoever has one
        // would have it for so much longer.
        let is_over = |(at, id): &&(Timestamp, i64)| {
            let since = self.rows.get(id).and_then(|row| row.handling.since());
            *at <= now || since.is_some_and(|since| since > now)
        };
        let over: Vec<(Timestamp, i64)> = self.held.iter().filter(is_over).copied().collect();
        for (at, exception) in over {
            self.held.remove(&(at, exception));
            match self.handle(exception, now, Event::FellBack, changes) {
                Ok(()) => {}
                Err(error) => tracing::error!(exception, %error, "a row that nobody has fell back"),
            }
        }
    }

    /// Ends a row that is open still.
    pub(super) fn finish(
        &mut self,
        exception: i64,
        at: Timestamp,
        ending: Ending,
        changes: &mut Vec<Change>,
    ) {
        let is_open = self
            .rows
            .get(&exception)
            .is_some_and(|row| row.ended.is_none());
        if is_open {
            self.end(exception, ending, at, changes);
        }
    }

    /// The open row about a check.
    pub(super) fn of_check(&self, check: CheckId) -> Option<&Exception> {
        self.rows.get(self.of_check.get(&check)?)
    }

    pub(super) fn open(&self, resident: ResidentId, cause: Cause) -> Option<&Exception> {
        let open = self.of_resident.get(&resident)?.iter();
        open.filter_map(|id| self.rows.get(id))
            .find(|row| row.cause == cause)
    }

    /// Forgets rows that ended before `since`. They stay in the store.
    pub(super) fn forget(&mut self, since: Timestamp) {
        self.rows
            .retain(|_, row| row.ended.is_none_or(|(at, _)| at >= since));
    }

    /// A resident's open rows.
    pub(super) fn rows_of(&self, resident: ResidentId) -> Vec<i64> {
        let open = self.of_resident.get(&resident).into_iter().flatten();
        open.copied().collect()
    }

    /// A person is needed for a silent unit, with no check missed yet.
    pub(super) fn call(&mut self, call: Call, changes: &mut Vec<Change>) {
        if self.open(call.resident, call.cause).is_none() {
            self.begin(call, None, changes);
        }
    }

    /// A person is needed for a check. If it has a row with another cause, the row changes its
    /// cause, or the check changes rows.
    pub(super) fn place(
        &mut self,
        call: Call,
        check: CheckId,
        unit: Unit,
        is_explained: impl Fn(CheckId) -> bool,
        changes: &mut Vec<Change>,
    ) {
        let held = self.of_check(check).cloned();
        if held.as_ref().is_some_and(|row| row.cause == call.cause) {
            return;
        }
        // About one that changes rows somebody was asked when it came into the first.
        let punctuality = held
            .as_ref()
            .map_or(call.punctuality, |row| row.punctuality_of(check));
        let call = Call {
            punctuality,
            ..call
        };
        let target = self.open(call.resident, call.cause).map(|row| row.id);
        if let (Some(row), None) = (&held, target)
            && row.checks.len() == 1
            && !is_needed_for_silence(row, unit)
        {
            self.become_(row.id, call, changes);
            return;
        }
        if let Some(row) = &held {
            self.leave(row.id, check, call.now, changes);
        }
        match target {
            Some(exception) => self.join(exception, check, call, changes),
            None => self.begin(call, Some(check), changes),
        }
        if let Some(row) = held
            && !is_for_people(&row)
            && !is_needed_for_silence(&row, unit)
            && row
                .checks
                .iter()
                .all(|&other| other == check || is_explained(other))
        {
            // What is left of the row is explained; this check did not go missing after all,
            // and is another row's now.
            let ending = if row.checks.len() == 1 {
                Ending::HeardAgain
            } else {
                Ending::LateReport
            };
            self.end(row.id, ending, call.now, changes);
        }
    }

    /// A check's person was seen: ends its row if every check of the row is explained.
    pub(super) fn explain(
        &mut self,
        check: CheckId,
        now: Timestamp,
        seen_at: Timestamp,
        is_explained: impl Fn(CheckId) -> bool,
        changes: &mut Vec<Change>,
    ) {
        let Some(row) = self.of_check(check) else {
            return;
        };
        if is_for_people(row) {
            return;
        }
        if row.checks.iter().all(|&check| is_explained(check)) {
            let is_late = seen_at < row.opened || now.since(seen_at) > REPORT_WITHIN;
            let ending = if is_late {
                Ending::LateReport
            } else {
                Ending::LaterVisible
            };
            self.end(row.id, ending, now, changes);
        }
    }

    /// A person closed a check, or it was called off: ends its row if every check of the row is
    /// explained. A row of silence too: whoever acted knows of it.
    pub(super) fn close(
        &mut self,
        check: CheckId,
        now: Timestamp,
        ending: Ending,
        is_explained: impl Fn(CheckId) -> bool,
        changes: &mut Vec<Change>,
    ) {
        let Some(row) = self.of_check(check) else {
            return;
        };
        if row.checks.iter().all(|&check| is_explained(check)) {
            self.end(row.id, ending, now, changes);
        }
    }

    /// A unit is heard again: ends the row of its silence, unless a check is unexplained.
    pub(super) fn hear(
        &mut self,
        resident: ResidentId,
        now: Timestamp,
        is_explained: impl Fn(CheckId) -> bool,
        changes: &mut Vec<Change>,
    ) {
        if let Some(row) = self.open(resident, Cause::Silent)
            && !is_for_people(row)
            && row.checks.iter().all(|&check| is_explained(check))
        {
            self.end(row.id, Ending::HeardAgain, now, changes);
        }
    }

    fn begin(&mut self, call: Call, check: Option<CheckId>, changes: &mut Vec<Change>) {
        let late = match call.punctuality {
            Punctuality::InTime => None,
            Punctuality::HubWasDown => check,
        };
        let exception = Exception {
            id: self.next,
            resident: call.resident,
            cause: call.cause,
            opened: call.now,
            due: call.due,
            punctuality: call.punctuality,
            checks: check.into_iter().collect(),
            late: late.into_iter().collect(),
            handling: Handling::default(),
            ended: None,
        };
        self.next += 1;
        self.index(&exception);
        self.rows.insert(exception.id, exception.clone());
        changes.push(Change::Opened(exception));
    }

    fn join(&mut self, exception: i64, check: CheckId, call: Call, changes: &mut Vec<Change>) {
        if let Some(row) = self.rows.get_mut(&exception) {
            row.checks.insert(check);
            match call.punctuality {
                Punctuality::InTime => {}
                Punctuality::HubWasDown => {
                    row.late.insert(check);
                }
            }
            self.of_check.insert(check, exception);
            changes.push(Change::Joined {
                exception,
                check,
                punctuality: call.punctuality,
                at: call.now,
            });
        }
    }

    fn leave(&mut self, exception: i64, check: CheckId, at: Timestamp, changes: &mut Vec<Change>) {
        if let Some(row) = self.rows.get_mut(&exception) {
            row.checks.remove(&check);
            row.late.remove(&check);
            self.of_check.remove(&check);
            changes.push(Change::Left {
                exception,
                check,
                at,
            });
        }
    }

    fn become_(&mut self, exception: i64, call: Call, changes: &mut Vec<Change>) {
        if let Some(row) = self.rows.get_mut(&exception) {
            row.cause = call.cause;
            changes.push(Change::Became {
                exception,
                cause: call.cause,
                at: call.now,
            });
        }
    }

    fn end(&mut self, exception: i64, ending: Ending, at: Timestamp, changes: &mut Vec<Change>) {
        if let Some(row) = self.rows.get_mut(&exception) {
            row.ended = Some((at, ending));
            if let Some(held) = row.handling.falls_back_at() {
                self.held.remove(&(held, exception));
            }
            match row.handling.handle(at, &Event::Explained(ending)) {
                // Somebody has just said that it is over.
                Ok(()) | Err(Refusal::Over(_)) => {}
                Err(error @ (Refusal::Held { .. } | Refusal::NotHeld | Refusal::Arrival(_))) => {
                    tracing::error!(exception, %error, "a row ended that could not");
                }
            }
            for check in &row.checks {
                self.of_check.remove(check);
            }
            if let Some(open) = self.of_resident.get_mut(&row.resident) {
                open.remove(&exception);
            }
            changes.push(Change::Ended {
                exception,
                ending,
                at,
            });
        }
    }
}

/// Whether somebody has a row by this, for a time that the settings say.
fn gets_it(event: &Event) -> bool {
    match event {
        Event::By(_, Act::Take | Act::TakeOver | Act::Go { .. }) => true,
        Event::By(_, Act::Arrive | Act::Return | Act::Say(_) | Act::Find(_))
        | Event::Lent(_)
        | Event::FellBack
        | Event::Explained(_) => false,
    }
}

/// Whether somebody found that something is not well, or found nobody: then no report and no sign
/// of life ends the row, but a person (architecture, "The hub").
fn is_for_people(row: &Exception) -> bool {
    !row.handling.found().is_empty()
}

fn is_needed_for_silence(row: &Exception, unit: Unit) -> bool {
    row.cause == Cause::Silent && unit == Unit::Silent
}
