//! Somebody was found dead: what the watch makes of the word for it.
//!
//! What is left of the night is called off, so that nobody is sent there or called for a check,
//! and a matter stands until the agreement is ended. One word at night ends no agreement: a slip
//! of a thumb would leave a living person without a check for as long as nobody noticed
//! (`docs/design/0007-found-dead.md`).

use nattsyn_protocol::ids::ResidentId;

use super::alteration::{Alteration, Altered, CallOff};
use super::change::{Change, Punctuality};
use super::exceptions::Call;
use super::matters::Subject;
use super::situation::Situation;
use super::word::{Said, StaffId};
use super::{Moment, Watch, is_explained};
use crate::view::{Cause, Ending};

impl Watch {
    /// Whether nobody is to be asked about the silence of a resident's unit: they were found dead,
    /// neither is their agreement ended nor was it a mistake, and no check of theirs is to come. A
    /// later night that is planned for them is asked about like any other.
    pub(super) fn is_beyond_asking(&self, resident: ResidentId, now: Moment) -> bool {
        let subject = Subject::Resident(resident);
        self.matters.is_open(subject, Situation::FoundDead)
            && self.first_to_come(resident, now.timestamp).is_none()
    }

    /// Whether others live where somebody does: that one of them died answers nothing about the
    /// silence of the unit that they share.
    pub(super) fn lives_with_others(&self, resident: ResidentId) -> bool {
        let home = self.roster.of_resident(resident);
        home.is_some_and(|home| home.residents.len() > 1)
    }

    /// Calls off what is left of the night, ends the rows that are about nothing else, and asks
    /// for the agreement to be ended.
    pub(super) fn call_off_for_death(
        &mut self,
        now: Moment,
        resident: ResidentId,
        by: &StaffId,
        changes: &mut Vec<Change>,
    ) {
        let (subject, situation) = (Subject::Resident(resident), Situation::FoundDead);
        self.matters
            .raise(subject, situation, now.timestamp, changes);
        // One that went by before stays, for a person to say how it was.
        for check in self.to_come(now) {
            if check.resident != resident {
                continue;
            }
            let altered = Altered {
                check,
                what: Alteration::CalledOff(CallOff::Died),
                by: by.to_string(),
                why: String::new(),
                at: now.timestamp,
            };
            changes.extend(self.alter(now, altered).1);
        }
        for row in self.exceptions.rows_of(resident) {
            let checks = self.exceptions.row(row).map(|row| &row.checks);
            let mut checks = checks.into_iter().flatten();
            if checks.all(|check| is_explained(&self.checks, *check)) {
                let ending = Ending::Said(Said::Died);
                self.exceptions.finish(row, now.timestamp, ending, changes);
            }
        }
    }

    /// Somebody was said to be dead and is not. Their checks stay called off, so a person is asked
    /// to go there at once; that row is about no check, and only a person ends it.
    pub(super) fn ask_after_mistake(
        &mut self,
        now: Moment,
        resident: ResidentId,
        changes: &mut Vec<Change>,
    ) {
        let call = Call {
            now: now.timestamp,
            resident,
            cause: Cause::CalledOffByMistake,
            due: now.timestamp,
            punctuality: Punctuality::InTime,
        };
        self.exceptions.call(call, changes);
    }

    /// Whose agreement was ended needs nobody any more to end it.
    pub(super) fn see_to_agreements(
        &mut self,
        now: Moment,
        is_ended: impl Fn(ResidentId) -> bool,
        changes: &mut Vec<Change>,
    ) {
        let is_seen_to = |(subject, situation): (Subject, Situation)| match subject {
            Subject::Resident(who) => situation == Situation::FoundDead && is_ended(who),
            Subject::Unit(_) | Subject::Team(_) | Subject::Hub => false,
        };
        let open = self.matters.all();
        let open = open.map(|matter| (matter.subject, matter.situation));
        let over: Vec<(Subject, Situation)> = open.filter(|&matter| is_seen_to(matter)).collect();
        for (subject, situation) in over {
            self.matters
                .clear(subject, situation, now.timestamp, changes);
        }
    }
}
