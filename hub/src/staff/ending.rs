//! What ends of somebody's right to look through a camera, and when: training, and a line of the
//! roster. Said a fortnight before, so that nobody learns of it at night.
//!
//! Only live view ends: roles, sessions, alarms and the list have no date. It renews nothing.

use std::time::Duration;

use nattsyn_protocol::time::Timestamp;

use super::Member;
use super::rights::{Person, Rights, Standing, TRAINING_LASTS};
use super::role::{Allowed, Permission, Role};
use crate::store::StoreError;

/// How long before an end somebody is told: a fortnight, in which a manager is at work and whoever
/// keeps the root's key can be asked. Not set by any rule.
pub const TOLD_BEFORE: Duration = Duration::from_secs(14 * 24 * 3600);

/// How long after an end it is still said: whoever does without from then on need not read it every
/// night. Where access is gone through, the date stands for ever.
pub const TOLD_AFTER: Duration = TOLD_BEFORE;

/// What ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runs {
    /// Training.
    Training,
    /// The newest line of theirs in the roster.
    Line,
}

/// That something ends soon, or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// What.
    pub what: Runs,
    /// The last moment of it.
    pub at: Timestamp,
}

/// Somebody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Whose.
    pub member: Member,
    /// What, and when.
    pub end: End,
}

/// Whether anybody answers for access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Managed {
    /// Somebody is unit manager, or nobody works here yet.
    #[default]
    Yes,
    /// Nobody is, and somebody else leads or looks after the accounts.
    No,
    /// Nobody is any of these.
    ByNobody,
}

impl Standing {
    /// What of their right to look through a camera ends within a fortnight, or ended within the
    /// last. Nothing of whoever never had it.
    #[must_use]
    pub fn ends(&self, now: Timestamp) -> Vec<End> {
        if self.roles().allow(Permission::LiveView) == Allowed::No {
            return Vec::new();
        }
        let training = self.training.as_ref().and_then(|training| {
            let day = training.day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            let at = Timestamp(day.timestamp()).after(TRAINING_LASTS);
            let what = Runs::Training;
            Some(End { what, at })
        });
        let lines = self.lines.iter().map(|line| line.operator.until_ms);
        let line = lines.max().map(|at| End {
            what: Runs::Line,
            at,
        });
        let soon = now.after(TOLD_BEFORE);
        let ends = training.into_iter().chain(line);
        let is_told = |end: &End| end.at <= soon && now <= end.at.after(TOLD_AFTER);
        ends.filter(is_told).collect()
    }
}

impl Rights {
    /// Whose right to look through a camera ends within a fortnight, or ended in the last; the
    /// first end first.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn endings(&self, now: Timestamp) -> Result<Vec<Ending>, StoreError> {
        let people = self.people()?.into_iter();
        let mut endings: Vec<Ending> = people.flat_map(|person| of(&person, now)).collect();
        endings.sort_by_key(|ending| ending.end.at);
        Ok(endings)
    }

    /// Whether anybody answers for access: after an upgrade from before roles nobody does.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn managed(&self) -> Result<Managed, StoreError> {
        let people = self.people()?;
        let has = |role: Role| {
            let mut held = people.iter().flat_map(|person| &person.standing.held);
            held.any(|held| held.role == role)
        };
        Ok(if people.is_empty() || has(Role::UnitManager) {
            Managed::Yes
        } else if has(Role::Administrator) || has(Role::NightLead) {
            Managed::No
        } else {
            Managed::ByNobody
        })
    }
}

fn of(person: &Person, now: Timestamp) -> Vec<Ending> {
    let ends = person.standing.ends(now).into_iter();
    let ending = |end| Ending {
        member: person.member.clone(),
        end,
    };
    ends.map(ending).collect()
}
