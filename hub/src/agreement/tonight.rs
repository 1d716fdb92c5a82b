//! What of a change that is made after noon still holds the same night. Pure.
//!
//! A night's checks are settled at its noon, and no later version takes one away or moves it. A
//! version that is made after noon may *add*: a window that the night did not have and that has
//! not opened. Everything else of it holds from the next noon. Who asks for more tonight, because
//! of an illness or a worry, gets it tonight (R52, R141); what somebody counts on is never lost.

use jiff::civil::Date;

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::plan::{Plan, Temporary, Window};
use nattsyn_protocol::schedule::checks_of;
use nattsyn_protocol::time::Timestamp;

use super::unit_plan::digital;
use super::{Agreed, AgreedWindow, Agreement, Book, How};

impl Book {
    /// A resident's agreement as it stands for the night that begins at `noon`: the windows that
    /// held then, and those that later versions add. Its looks are the windows' own. Only for
    /// this night, and to ask for windows: where a home's looks begin stands in its plan.
    #[must_use]
    pub fn tonight(
        &self,
        resident: ResidentId,
        (night, noon): (Date, Timestamp),
    ) -> Option<Agreement> {
        let held = self.in_force(resident, noon)?;
        let mut tonight = held.agreement.only(night);
        let versions = self.versions(resident).iter();
        for later in versions.filter(|agreed| agreed.version > held.version) {
            tonight.take_in(later, night);
        }
        Some(tonight)
    }

    /// The windows that versions of after noon add to a night and that a unit looks at.
    pub(super) fn added_looks(
        &self,
        resident: ResidentId,
        (night, noon): (Date, Timestamp),
    ) -> Vec<Window> {
        let (Some(held), Some(tonight)) = (
            self.in_force(resident, noon),
            self.tonight(resident, (night, noon)),
        ) else {
            return Vec::new();
        };
        let held = held.agreement.running(night);
        let mut windows = digital(&tonight.windows);
        windows.retain(|window| held.iter().all(|held| held.key != window.key));
        windows
    }
}

impl Agreement {
    /// The windows of a night.
    fn running(&self, night: Date) -> Vec<&AgreedWindow> {
        if !self.nights().contains(night) {
            return Vec::new();
        }
        let windows = self.windows_of(night).iter();
        windows
            .filter(|window| window.days.contains(night.weekday()))
            .collect()
    }

    /// The agreement with the windows of one night alone, for whatever night.
    fn only(&self, night: Date) -> Self {
        Self {
            windows: self.running(night).into_iter().cloned().collect(),
            temporary: None,
            first_night: None,
            trial_until: None,
            ..self.clone()
        }
    }

    /// Takes in what a later version adds: windows that are new, had not opened when it was made,
    /// and can be kept beside those that there are.
    fn take_in(&mut self, later: &Agreed, night: Date) {
        if later.agreement.zone != self.zone {
            return;
        }
        for window in later.agreement.running(night) {
            if self.windows.iter().any(|held| held.key == window.key) {
                continue;
            }
            let mut wider = self.clone();
            wider.windows.push(AgreedWindow {
                how: later.agreement.explicit(&window.how),
                ..window.clone()
            });
            let opens = wider.opening(window, night);
            if wider.examine().is_ok() && opens.is_some_and(|opens| opens >= later.made) {
                *self = wider;
            }
        }
    }

    /// How a check is made, with the looks written out.
    fn explicit(&self, how: &How) -> How {
        match how {
            How::Looks(looks) if looks.is_empty() => How::Looks(self.looks_after_s.clone()),
            How::Looks(_) | How::Visit(..) => how.clone(),
        }
    }

    fn opening(&self, window: &AgreedWindow, night: Date) -> Option<Timestamp> {
        let checks = checks_of(&self.timed(vec![window.timed()]), night).ok()?;
        checks.first().map(|check| check.opens)
    }
}

/// The plan with more windows on one night, and otherwise as it is. Where it cannot be kept so, it
/// stays as it is.
pub(super) fn widened(plan: &Plan, more: &[Window], night: Date) -> Plan {
    // Whoever is away tonight may be back tonight, to all of it.
    let at_home = Plan {
        away: Vec::new(),
        ..plan.clone()
    };
    let held: Vec<&Window> = at_home.windows_on(night);
    let is_new = |window: &&Window| held.iter().all(|held| held.key != window.key);
    let new: Vec<&Window> = more.iter().filter(is_new).collect();
    if new.is_empty() || !plan.nights.contains(night) {
        return plan.clone();
    }
    let wider = Plan {
        temporary: Some(Temporary {
            first: night,
            last: night,
            windows: held.into_iter().chain(new).cloned().collect(),
        }),
        ..plan.clone()
    };
    if wider.examine().is_ok() {
        wider
    } else {
        plan.clone()
    }
}
