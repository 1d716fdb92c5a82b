//! What people say of checks: written down before it is answered.
//!
//! Who may say what is for the door that takes their word; there is no page for it yet.

use super::ServiceError;
use super::desk::Desk;
use crate::store::Batch;
use crate::watch::{Fit, Moment, Word};

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
