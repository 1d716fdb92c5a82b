//! What needs somebody and is about no check: a unit that is not enrolled, a broker that is
//! gone, a person whom no unit has looked after.
//!
//! One open row for each subject and situation, however often it is seen. A row is cleared when
//! the watch sees that it is over; what only a person can judge stays until one closes it. There
//! is a bound, and what is raised beyond it is counted on one row of the hub's own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::time::Timestamp;

use super::change::Change;
use super::proof::TeamWord;
use super::situation::Situation;
use super::word::StaffId;

/// Most open matters about units that are not enrolled. Only who holds a certificate of ours can
/// cause one, so more than this is one fault or one attack and not a hundred; further ones are
/// not written down one by one.
pub const UNKNOWN_MAX: usize = 100;

/// What a matter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A unit, enrolled or not.
    Unit(UnitId),
    /// A resident.
    Resident(ResidentId),
    /// A team, and whether it can be reached.
    Team(TeamWord),
    /// The hub itself.
    Hub,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit(unit) => write!(f, "unit {unit}"),
            Self::Resident(resident) => write!(f, "resident {resident}"),
            Self::Team(team) => write!(f, "team {team}"),
            Self::Hub => f.write_str("hub"),
        }
    }
}

/// A text that names no subject.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} names no unit, resident, team or hub")]
pub struct SubjectError(String);

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let found = match text.split_once(' ') {
            Some(("unit", id)) => id.parse().ok().map(Self::Unit),
            Some(("resident", id)) => id.parse().ok().map(Self::Resident),
            Some(("team", word)) => word.parse().ok().map(Self::Team),
            _ => (text == "hub").then_some(Self::Hub),
        };
        found.ok_or_else(|| SubjectError(text.chars().take(40).collect()))
    }
}

/// Something that needs somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matter {
    /// Names it for ever.
    pub id: i64,
    /// About what.
    pub subject: Subject,
    /// What is wrong.
    pub situation: Situation,
    /// Since when.
    pub opened: Timestamp,
}

/// All open matters.
#[derive(Clone, Debug, Default)]
pub(super) struct Matters {
    open: BTreeMap<(Situation, Subject), Row>,
    next: i64,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    matter: Matter,
    /// When it was last seen to be so.
    seen: Timestamp,
}

impl Matters {
    pub(super) fn restore(saved: Vec<Matter>, next: i64) -> Self {
        let open = saved.into_iter().map(|matter| {
            let seen = matter.opened;
            ((matter.situation, matter.subject), Row { matter, seen })
        });
        Self {
            open: open.collect(),
            next: next.max(1),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Matter> {
        self.open.values().map(|row| &row.matter)
    }

    /// Whether a row stands.
    pub(super) fn is_open(&self, subject: Subject, situation: Situation) -> bool {
        self.open.contains_key(&(situation, subject))
    }

    /// It is so, now.
    pub(super) fn raise(
        &mut self,
        subject: Subject,
        situation: Situation,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        if let Some(row) = self.open.get_mut(&(situation, subject)) {
            row.seen = now;
            return;
        }
        let all_units = self.open.keys().filter(|(what, _)| *what == situation);
        if situation == Situation::UnknownUnit
            && subject != Subject::Hub
            && all_units.count() >= UNKNOWN_MAX
        {
            self.raise(Subject::Hub, situation, now, changes);
            return;
        }
        let matter = Matter {
            id: self.next,
            subject,
            situation,
            opened: now,
        };
        self.next += 1;
        let row = Row { matter, seen: now };
        self.open.insert((situation, subject), row);
        changes.push(Change::Raised(matter));
    }

    /// It is over.
    pub(super) fn clear(
        &mut self,
        subject: Subject,
        situation: Situation,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        if let Some(row) = self.open.remove(&(situation, subject)) {
            let matter = row.matter.id;
            let by = None;
            changes.push(Change::Cleared {
                matter,
                by,
                at: now,
            });
        }
    }

    /// A person says that it is over. `None` if there is no such row.
    pub(super) fn close(&mut self, id: i64, by: StaffId, now: Timestamp) -> Option<Change> {
        let held = self.open.iter().find(|(_, row)| row.matter.id == id);
        let key = *held?.0;
        self.open.remove(&key);
        Some(Change::Cleared {
            matter: id,
            by: Some(by),
            at: now,
        })
    }

    /// Clears what only shows itself now and then and has not been seen since.
    pub(super) fn clear_unseen(
        &mut self,
        situation: Situation,
        since: Timestamp,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        let unseen: Vec<Subject> = self
            .open
            .values()
            .filter(|row| row.matter.situation == situation && row.seen < since)
            .map(|row| row.matter.subject)
            .collect();
        for subject in unseen {
            self.clear(subject, situation, now, changes);
        }
    }

    /// Makes the open rows of a situation be about these subjects and no others.
    pub(super) fn set(
        &mut self,
        situation: Situation,
        subjects: impl IntoIterator<Item = Subject>,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        let mut over: BTreeSet<Subject> = self
            .open
            .keys()
            .filter(|(what, _)| *what == situation)
            .map(|(_, subject)| *subject)
            .collect();
        for subject in subjects {
            over.remove(&subject);
            self.raise(subject, situation, now, changes);
        }
        for subject in over {
            self.clear(subject, situation, now, changes);
        }
    }
}
