//! What the guard says to a live view: the look before it, and how many there may be.
//!
//! Pure. Who may see and what is shown is decided elsewhere; here stands only what must be
//! counted over restarts, or is a plan's.

use std::time::Duration;

use nattsyn_protocol::assertion::Operator;
use nattsyn_protocol::grant::{FIRST_LOOK_AGAIN, VIEWS_PER_NIGHT_MAX};
use nattsyn_protocol::ids::CheckId;
use nattsyn_protocol::live::Refusal as NoView;
use nattsyn_protocol::signing::{PublicKey, Signed};

use super::consent::OldKey;
use super::{Change, Guard, Moment, Span, Verdict};
use crate::memory::MadeView;
use crate::pair::Refusal;

/// How long after its window's end a check may still be looked at again, before a live view.
///
/// The design allows looks inside the plan's windows, and one more before a live view. That
/// look follows the last of the plan's own, which may come up to the window's end: a worker
/// then has to wake, read the row and ask. Fifteen minutes is how long the hub leaves an
/// exception with one person before it asks another; whoever comes later goes there instead.
pub const LOOK_AGAIN_WITHIN: Duration = Duration::from_secs(15 * 60);

/// Two live views lie in one night if they are no further apart, whatever night their plans
/// call it: a plan of another time zone must not make two nights of one. From noon to noon no
/// two nights' windows come closer.
pub const NIGHT_AT_LEAST: Duration = Duration::from_secs(12 * 60 * 60);

/// Views that are remembered: those of one night, and of what may be left of the one before.
pub const VIEWS_KEPT_MAX: usize = 2 * VIEWS_PER_NIGHT_MAX as usize;

impl Guard {
    /// Judges a look that comes before a live view: as [`Guard::admit`], and until
    /// [`LOOK_AGAIN_WITHIN`] after the window. Its number is one that this check has not had.
    pub fn admit_again(&mut self, now: Moment, check: CheckId) -> Verdict {
        let age = self.lifetime.age(now.uptime);
        self.forget_looks(age);
        let looks = self.memory.looks.iter();
        let made = looks.filter(|made| made.check == Some(check)).count();
        let number = u8::try_from(made)
            .ok()
            .and_then(|made| made.checked_add(FIRST_LOOK_AGAIN));
        match number {
            Some(look) => self.judge(now, (check, look), Span::AndAfter(LOOK_AGAIN_WITHIN)),
            None => Verdict::Refuse(Refusal::TooMany),
        }
    }

    /// Counts a live view as made.
    ///
    /// # Errors
    ///
    /// [`VIEWS_PER_NIGHT_MAX`] were made in this night.
    pub fn count_view(&mut self, now: Moment, check: CheckId) -> Result<(), NoView> {
        let age = self.lifetime.age(now.uptime);
        if self.views_left(now, check) == 0 {
            return Err(NoView::TooManyViews);
        }
        let views = &mut self.memory.views;
        if views.len() >= VIEWS_KEPT_MAX {
            views.remove(0);
        }
        views.push(MadeView {
            night: Some(check.night),
            at: age,
        });
        self.change = Change::Unwritten;
        Ok(())
    }

    /// How many live views there may still be in this check's night.
    #[must_use]
    pub fn views_left(&self, now: Moment, check: CheckId) -> u32 {
        let age = self.lifetime.age(now.uptime);
        let tonight =
            self.memory.views.iter().filter(|made| {
                made.night == Some(check.night) || age.since(made.at) < NIGHT_AT_LEAST
            });
        let made = u32::try_from(tonight.count()).unwrap_or(u32::MAX);
        VIEWS_PER_NIGHT_MAX.saturating_sub(made)
    }

    /// Holds the hub's key under a grant to the latest epoch.
    ///
    /// # Errors
    ///
    /// The root did not endorse it, or another since.
    pub fn handle_endorsement(&mut self, endorsement: &Signed) -> Result<(), NoView> {
        let opened = endorsement
            .open(&self.root)
            .ok()
            .ok_or(NoView::NotTheHubs)?;
        self.endorse(&opened)
            .map_err(|OldKey { .. }| NoView::NotTheHubs)
    }

    /// Holds an operator's line to the latest roster and to its own end. Its signature has been
    /// checked.
    ///
    /// # Errors
    ///
    /// It is of an older roster, or over.
    pub fn handle_operator(&mut self, now: Moment, operator: &Operator) -> Result<(), NoView> {
        if operator.roster < self.memory.roster || operator.until_ms <= now.wall {
            return Err(NoView::NotInTheRoster);
        }
        if operator.roster > self.memory.roster {
            self.memory.roster = operator.roster;
            self.change = Change::Unwritten;
        }
        Ok(())
    }

    /// The municipality's key.
    #[must_use]
    pub fn root(&self) -> &PublicKey {
        &self.root
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use nattsyn_protocol::time::{Timestamp, Uptime};

    use super::*;
    use crate::guard::Trust;
    use crate::guard::lifetime::Opening;
    use crate::memory::{Found, Memory};

    fn guard(found: Found) -> Guard {
        let root = PublicKey::of(&SigningKey::from_bytes(&[1; 32]));
        let opening = Opening {
            uptime: Uptime::default(),
            machine: None,
        };
        Guard::resume("u0000001".parse().unwrap(), root, found, opening)
    }

    fn hour(hour: u64) -> Moment {
        let passed = Duration::from_secs(hour * 3600);
        let begin = Timestamp("2026-11-21T19:00:00Z".parse().unwrap());
        Moment {
            uptime: Uptime(passed),
            wall: begin.after(passed),
            trust: Trust::Synced,
        }
    }

    fn check(day: u8) -> CheckId {
        format!("r0000001.202611{day}.1").parse().unwrap()
    }

    #[test]
    fn two_views_a_night_and_two_more_in_the_next() {
        let mut guard = guard(Found::Nothing);
        assert_eq!(guard.count_view(hour(1), check(21)), Ok(()));
        assert_eq!(guard.count_view(hour(10), check(21)), Ok(()));
        let third = guard.count_view(hour(11), check(21));
        assert_eq!(third, Err(NoView::TooManyViews));
        assert_eq!(guard.count_view(hour(25), check(22)), Ok(()));
        assert_eq!(guard.views_left(hour(25), check(22)), 1);
        // However much later, that night had its two.
        assert_eq!(guard.views_left(hour(90), check(21)), 0);
    }

    #[test]
    fn one_night_by_two_names_is_one_night() {
        let mut guard = guard(Found::Nothing);
        assert_eq!(guard.count_view(hour(1), check(21)), Ok(()));
        assert_eq!(guard.count_view(hour(2), check(22)), Ok(()));
        let third = guard.count_view(hour(3), check(23));
        assert_eq!(third, Err(NoView::TooManyViews));
    }

    #[test]
    fn a_restart_forgets_no_view_and_a_lost_memory_makes_none_for_a_night() {
        let mut before = guard(Found::Nothing);
        before.count_view(hour(1), check(21)).unwrap();
        before.count_view(hour(1), check(21)).unwrap();
        let memory: Memory = before.take_change(hour(1).uptime).unwrap();
        let after = guard(Found::Remembered(memory));
        assert_eq!(after.views_left(hour(2), check(21)), 0);
        let lost = guard(Found::Lost);
        assert_eq!(lost.views_left(hour(11), check(21)), 0);
        assert_eq!(lost.views_left(hour(12), check(21)), 2);
    }

    #[test]
    fn a_memory_of_before_there_were_policies_is_read() {
        let written = r#"{"runs":3,"epoch":2,"plans":[],"looks":[],"mark":null}"#;
        let memory: Memory = serde_json::from_str(written).unwrap();
        let guard = guard(Found::Remembered(memory));
        assert_eq!(guard.runs(), 4);
        assert_eq!(guard.views_left(hour(1), check(21)), 2);
    }
}
