//! What the watch makes of what people do about a row: who has it, and how it ends.
//!
//! [`crate::exception`] says what may be done; here it is done to a row and its checks. Whether
//! somebody may act at all is for the door that takes their word.

use nattsyn_protocol::ids::{CheckId, ResidentId};

use super::change::Change;
use super::word::{Said, StaffId, Word};
use super::{Knowledge, Moment, Watch};
use crate::exception::{Act, Event, Refusal};
use crate::view::Ending;

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

impl Watch {
    /// Takes in what somebody does about a row of which they had seen `turn` things happen. To
    /// say how it went takes having seen all of them; to take it does not.
    ///
    /// # Errors
    ///
    /// It cannot be done; then nothing has changed.
    pub fn handle_act(
        &mut self,
        now: Moment,
        (row, turn): (i64, u32),
        by: &StaffId,
        act: Act,
    ) -> Result<Vec<Change>, ActRefused> {
        let mut changes = Vec::new();
        if self.is_unseen(row, turn, &act) {
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
            | Act::HandTo(_)
            | Act::Find(_) => None,
        };
        let event = Event::By(by.clone(), act);
        let handled = self
            .exceptions
            .handle(row, now.timestamp, event, &mut changes);
        if let (Ok(()), Some(said)) = (&handled, said) {
            self.end_as_said(now, row, by, said, &mut changes);
        }
        self.reckon(now);
        handled.map(|()| changes)
    }

    fn is_unseen(&self, row: i64, turn: u32, act: &Act) -> bool {
        let is_word = match act {
            Act::Say(_) | Act::Find(_) => true,
            Act::Take
            | Act::TakeOver
            | Act::Go { .. }
            | Act::Arrive
            | Act::Return
            | Act::HandTo(_) => false,
        };
        let row = self.exceptions.row(row).filter(|row| row.ended.is_none());
        is_word && row.is_some_and(|row| row.handling.turn() != turn)
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
        let resident = exception.resident;
        let checks = exception.checks.iter().copied();
        let is_open = |check: &CheckId| {
            let state = self.checks.get(check);
            state.is_some_and(|state| state.outcome.is_none())
        };
        let open: Vec<CheckId> = checks.filter(is_open).collect();
        for check in open {
            let word = Word {
                check,
                said,
                by: by.clone(),
                at: now.timestamp,
            };
            changes.extend(self.handle_word(now, &word).1);
        }
        // One about no check, or whose checks had all explained themselves.
        self.exceptions
            .finish(row, now.timestamp, Ending::Said(said), changes);
        self.answer_unit_of(resident, now);
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
