//! What people say of checks: written down before it is answered.
//!
//! Who may say what is for the door that takes their word; there is no page for it yet.

use super::ServiceError;
use super::desk::Desk;
use crate::exception::Act;
use crate::store::Batch;
use crate::watch::{ActRefused, Fit, Moment, StaffId, Word};

impl Desk {
    /// Takes in what a person says about a check. When this returns it is written down.
    ///
    /// # Errors
    ///
    /// The store fails, or never had such a check; nothing may be answered. Drop the desk and
    /// open another.
    pub fn say(&mut self, now: Moment, word: &Word) -> Result<Fit, ServiceError> {
        let now = self.read(now);
        let (fit, changes) = self.watch.handle_word(now, word);
        self.store.commit(&Batch {
            changes,
            ..Batch::default()
        })?;
        Ok(fit)
    }
}

impl Desk {
    /// Takes in what somebody does about a row of "Att åtgärda". When this returns it is written
    /// down, or refused, and then nothing has changed.
    ///
    /// # Errors
    ///
    /// The store fails; nothing may be answered. Drop the desk and open another.
    pub fn act(
        &mut self,
        now: Moment,
        row: i64,
        by: &StaffId,
        act: Act,
    ) -> Result<Result<(), ActRefused>, ServiceError> {
        let now = self.read(now);
        match self.watch.handle_act(now, row, by, act) {
            Ok(changes) => {
                self.store.commit(&Batch {
                    changes,
                    ..Batch::default()
                })?;
                Ok(Ok(()))
            }
            Err(refused) => Ok(Err(refused)),
        }
    }
}
