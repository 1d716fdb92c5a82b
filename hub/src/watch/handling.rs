//! What the watch makes of what people do about a row: who has it, and how it ends.
//!
//! [`crate::exception`] says what may be done; here it is done to a row and its checks. Whether
//! somebody may act at all is for the door that takes their word.

use std::sync::Arc;
use std::time::Duration;

use nattsyn_protocol::ids::{CheckId, ResidentId};
use nattsyn_protocol::schedule::Check;

use super::change::{Change, Exception};
use super::word::{Said, StaffId, Word};
use super::{Knowledge, Moment, Watch};
use crate::exception::{Act, Event, Refusal};
use crate::settings::Settings;
use crate::view::{Cause, Ending};

/// Why nothing came of what somebody did.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActRefused {
    /// There is no such row, or it was over before tonight.
    #[error("there is no row {0}")]
    NoRow(i64),
    /// Something happened to the row that whoever acts had not seen.
    #[error("the row has changed")]
    Changed,
    /// The row is not such that this can be done.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// A row as somebody saw it when they acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How many things people had done about it.
    pub turn: u32,
    /// How many checks it was about.
    pub checks: usize,
    /// Why somebody was needed.
    pub cause: Cause,
}

impl Seen {
    /// A row as it is.
    #[must_use]
    pub fn of(row: &Exception) -> Self {
        Self {
            turn: row.handling.turn(),
            checks: row.checks.len(),
            cause: row.cause,
        }
    }
}

impl Watch {
    /// Takes in what somebody does about a row as they saw it. To say how it went takes having
    /// seen it as it is; to take it does not.
    ///
    /// # Errors
    ///
    /// It cannot be done; then nothing has changed.
    pub fn handle_act(
        &mut self,
        now: Moment,
        (row, seen): (i64, Seen),
        by: &StaffId,
        act: Act,
    ) -> Result<Vec<Change>, ActRefused> {
        let mut changes = Vec::new();
        if self.is_unseen(row, seen, &act) {
            self.reckon(now);
            return Err(ActRefused::Changed);
        }
        let said = match act {
            Act::Say(said) => Some(said),
            Act::Take
            | Act::TakeOver
            | Act::Go { .. }
            | Act::Arrive
            | Act::Return
            | Act::Find(_) => None,
        };
        let event = Event::By(by.clone(), act);
        let lent = self.falls_back_after(row);
        let handled = self
            .exceptions
            .act(row, now.timestamp, (event, lent), &mut changes);
        if let (Ok(()), Some(said)) = (&handled, said) {
            self.end_as_said(now, row, by, said, &mut changes);
        }
        self.reckon(now);
        handled.map(|()| changes)
    }

    /// Takes in what is set for the homes. Who has a row has it for as long as they were told.
    pub fn handle_settings(&mut self, settings: Arc<Settings>) {
        self.settings = settings;
    }

    /// What is set for the homes.
    #[must_use]
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// How long whoever takes a row now has it when nothing happens.
    fn falls_back_after(&self, row: i64) -> Duration {
        let row = self.exceptions.row(row);
        let home = row.and_then(|row| self.roster.of_resident(row.resident));
        let applied = self.settings.of_home(home.map(|home| home.id));
        applied.falls_back_after.value
    }

    /// Takes in who is looked after no more: nobody has to see to the silence of their unit. A row
    /// about a check that was missed before stays, for a person to say how it was.
    pub fn handle_ended(
        &mut self,
        now: Moment,
        is_ended: impl Fn(ResidentId) -> bool,
    ) -> Vec<Change> {
        let open = self.exceptions.all().filter(|row| row.ended.is_none());
        let idle = open.filter(|row| row.checks.is_empty() && is_ended(row.resident));
        let rows: Vec<i64> = idle.map(|row| row.id).collect();
        let mut changes = Vec::new();
        for row in rows {
            let ending = Ending::CalledOff;
            self.exceptions
                .finish(row, now.timestamp, ending, &mut changes);
        }
        self.see_to_agreements(now, is_ended, &mut changes);
        changes
    }

    fn is_unseen(&self, row: i64, seen: Seen, act: &Act) -> bool {
        let is_word = match act {
            Act::Say(_) | Act::Find(_) => true,
            Act::Take | Act::TakeOver | Act::Go { .. } | Act::Arrive | Act::Return => false,
        };
        let row = self.exceptions.row(row).filter(|row| row.ended.is_none());
        is_word && row.is_some_and(|row| Seen::of(row) != seen)
    }

    /// A row is over because somebody said so, and so are the checks that it is about.
    fn end_as_said(
        &mut self,
        now: Moment,
        row: i64,
        by: &StaffId,
        said: Said,
        changes: &mut Vec<Change>,
    ) {
        let Some(exception) = self.exceptions.row(row) else {
            return;
        };
        let (resident, cause) = (exception.resident, exception.cause);
        let mut checks = exception.checks.clone();
        if cause == Cause::Silent {
            // Who went there in the middle of a window has made its check.
            checks.extend(self.under_way(resident, now));
        }
        let is_open = |check: &CheckId| {
            let state = self.checks.get(check);
            state.is_some_and(|state| state.outcome.is_none())
        };
        let open: Vec<CheckId> = checks.into_iter().filter(is_open).collect();
        for check in open {
            let word = Word {
                check,
                said,
                by: by.clone(),
                at: now.timestamp,
            };
            changes.extend(self.take_word(now, &word).1);
        }
        if said == Said::Died {
            self.call_off_for_death(now, resident, by, changes);
        }
        // One about no check, or whose checks had all explained themselves.
        self.exceptions
            .finish(row, now.timestamp, Ending::Said(said), changes);
        if cause == Cause::Silent && (said != Said::Died || !self.lives_with_others(resident)) {
            self.answer_unit_of(resident, now);
        }
    }

    /// A resident's checks whose windows are open.
    fn under_way(&self, resident: ResidentId, now: Moment) -> Vec<CheckId> {
        let checks = self.checks.values().map(|state| &state.planned.check);
        let own = checks.filter(|check| check.id.resident == resident);
        let is_open =
            |check: &&Check| check.opens <= now.timestamp && now.timestamp < check.deadline;
        own.filter(is_open).map(|check| check.id).collect()
    }

    /// A person has acted on the silence of a resident's unit.
    fn answer_unit_of(&mut self, resident: ResidentId, now: Moment) {
        let home = self.roster.of_resident(resident);
        let Some(unit) = home.map(|home| home.unit) else {
            return;
        };
        if let Some(state) = self.units.get_mut(&unit) {
            state.answer();
        }
        if self.knowledge == Knowledge::Current {
            self.remember_unit(unit, now);
        }
    }
}
