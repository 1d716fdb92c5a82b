//! What people say of checks: written down before it is answered.
//!
//! Who may say what is for the door that takes their word.

use super::ServiceError;
use super::desk::Desk;
use crate::exception::Act;
use crate::store::Batch;
use crate::watch::{ActRefused, Closing, Fit, MatterRefused, Moment, Seen, StaffId, Word};
use nattsyn_protocol::time::Timestamp;

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

    /// Takes in what somebody does about a row of "Att åtgärda", as they saw it. When this returns
    /// it is written down, or refused, and then nothing has changed.
    ///
    /// # Errors
    ///
    /// The store fails; nothing may be answered. Drop the desk and open another.
    pub fn act(
        &mut self,
        now: Moment,
        row: (i64, Seen),
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

    /// Takes in how somebody closes a matter that they saw as it was then. When this returns it is
    /// written down, or refused, and then nothing has changed.
    ///
    /// # Errors
    ///
    /// The store fails; nothing may be answered. Drop the desk and open another.
    pub fn close(
        &mut self,
        now: Moment,
        matter: (i64, Timestamp),
        by: (StaffId, Closing),
    ) -> Result<Result<(), MatterRefused>, ServiceError> {
        let now = self.read(now);
        match self.watch.close_matter(now, matter, by) {
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

#[cfg(test)]
mod tests {
    use super::super::messages::tests::Office;
    use super::*;
    use crate::exception::Unresolved;
    use crate::view::ledger::Account;
    use crate::view::{Cause, Ending};
    use crate::watch::{How, Said};

    fn word(office: &Office, said: Said, at_s: u64) -> Word {
        Word {
            check: office.check.id,
            said,
            by: "natt-017".parse().unwrap(),
            at: office.at(at_s).timestamp,
        }
    }

    #[test]
    fn a_word_on_an_open_exception_closes_it_and_is_written() {
        let mut office = Office::open();
        office.pass(16 * 60);
        let open = office.desk.tonight(office.at(16 * 60)).open;
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].cause, Cause::Silent);
        let word = word(&office, Said::Visited, 17 * 60);
        let now = office.at(17 * 60);
        assert_eq!(office.desk.say(now, &word).unwrap(), Fit::Check);
        assert_eq!(office.desk.tonight(now).open, []);
        let line = office.line();
        assert_eq!(
            line.account(now.timestamp),
            Account::Ended(How::Said(Said::Visited))
        );
        let ended = line.exceptions[0].ended;
        assert_eq!(ended, Some((now.timestamp, Ending::Said(Said::Visited))));
        assert_eq!(line.words, [word]);
    }

    #[test]
    fn a_matter_that_somebody_closed_is_over_and_who_and_how_is_written_with_it() {
        let mut office = Office::open();
        office.pass(16 * 60);
        let now = office.at(16 * 60);
        let row = office.desk.tonight(now).open[0].clone();
        let seen = Seen {
            turn: 0,
            checks: row.checks.len(),
            cause: row.cause,
        };
        let by: StaffId = "natt-017".parse().unwrap();
        let died = Act::Say(Said::Died);
        let done = office.desk.act(now, (row.id, seen), &by, died);
        assert_eq!(done.unwrap(), Ok(()));
        let matter = office.desk.tonight(now).matters.remove(0);
        let not_so = (by.clone(), Closing::Mended);
        let refused = office.desk.close(now, (matter.id, matter.seen), not_so);
        let situation = matter.situation;
        assert_eq!(refused.unwrap(), Err(MatterRefused::NotSo(situation)));
        let mistaken = (by, Closing::Mistaken);
        let closed = office.desk.close(now, (matter.id, matter.seen), mistaken);
        assert_eq!(closed.unwrap(), Ok(()));
        assert_eq!(office.desk.tonight(now).matters, []);
        let line = office.line();
        let said = Account::Ended(How::Said(Said::Died));
        assert_eq!(line.account(now.timestamp), said, "what was said stays");
    }

    #[test]
    fn a_word_about_a_check_that_never_was_is_refused_and_nothing_of_it_is_written() {
        let mut office = Office::open();
        let mut word = word(&office, Said::Visited, 20);
        word.check.window = nattsyn_protocol::ids::WindowKey(9);
        let refusal = office.desk.say(office.at(20), &word);
        assert!(
            matches!(refusal, Err(ServiceError::Store(_))),
            "{refusal:?}"
        );
        assert_eq!(office.line().words, []);
        assert_eq!(office.words(), 0);
    }

    #[test]
    fn a_word_after_visible_corrects_and_the_outcome_stays_written() {
        let mut office = Office::open();
        office.seen();
        let before = office.line().outcome;
        assert!(matches!(before.unwrap().how, How::Visible(_)));
        for said in [Said::Spoke, Said::Seen] {
            let word = word(&office, said, 60);
            let fit = office.desk.say(office.at(60), &word).unwrap();
            assert_eq!(fit, Fit::Check);
            let line = office.line();
            let now = office.at(60).timestamp;
            assert_eq!(line.account(now), Account::Ended(How::Said(said)));
            assert_eq!(line.outcome, before);
        }
        assert_eq!(office.line().words.len(), 2);
    }

    #[test]
    fn no_report_and_no_sign_of_life_ends_a_row_on_which_somebody_found_that_help_is_needed() {
        for found in [Unresolved::NeedsHelp, Unresolved::NotSeen] {
            let mut office = Office::open();
            office.pass(16 * 60);
            let now = office.at(16 * 60);
            let row = office.desk.tonight(now).open[0].clone();
            let seen = Seen {
                turn: 0,
                checks: row.checks.len(),
                cause: row.cause,
            };
            let by: StaffId = "natt-017".parse().unwrap();
            let done = office.desk.act(now, (row.id, seen), &by, Act::Find(found));
            assert_eq!(done.unwrap(), Ok(()));
            // The unit is heard again, and its outbox says that the person was seen before.
            office.seen();
            let open = office.desk.tonight(now).open;
            assert_eq!(open.len(), 1, "{found:?}");
            assert_eq!(open[0].id, row.id);
            let line = office.line();
            assert_eq!(line.outcome, None, "a person has said otherwise");
            assert_eq!(
                line.looks.len(),
                1,
                "the look stands on the line all the same"
            );
            let now = office.at(18 * 60);
            let row = &office.desk.tonight(now).open[0];
            let seen = Seen {
                turn: row.handling.turn(),
                checks: row.checks.len(),
                cause: row.cause,
            };
            let done = office
                .desk
                .act(now, (row.id, seen), &by, Act::Say(Said::Visited));
            assert_eq!(done.unwrap(), Ok(()));
            assert_eq!(office.desk.tonight(now).open, []);
        }
    }
}
