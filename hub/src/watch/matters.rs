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
use super::{Moment, Watch};

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

/// How somebody closed a matter: from a list, so that it can be counted, and no story about a
/// person ends up among units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closing {
    /// The fault is mended.
    Mended,
    /// The plan or the list of homes is put right.
    Arranged,
    /// It was looked into, and nothing was wrong.
    Harmless,
    /// Others see to it from here.
    Elsewhere,
    /// It should never have been: somebody wrote it down by mistake.
    Mistaken,
}

impl Closing {
    /// Every way.
    pub const ALL: [Self; 5] = [
        Self::Mended,
        Self::Arranged,
        Self::Harmless,
        Self::Elsewhere,
        Self::Mistaken,
    ];

    /// The ways that a matter can be closed by hand; none for what the hub sees itself, and which
    /// would be raised again the moment after, or would hide what is still so.
    #[must_use]
    pub fn of(situation: Situation) -> &'static [Self] {
        use Situation::{
            AwayUnconfirmed, BrokerDown, CertificateLate, CommissionAwaited, ConsentReview,
            ConsentWithdrawn, FoundDead, HubClock, LogHeadLost, LooksAwaited, PaperEnds,
            PlanWithoutUnit, SensorUnsuited, SidesUnsaid, TestUnanswered, UnitOfNobody,
            UnitWithoutPlan,
        };
        let goes_by_itself = matches!(
            situation,
            AwayUnconfirmed
                | BrokerDown
                | CertificateLate
                | CommissionAwaited
                | ConsentReview
                | ConsentWithdrawn
                | HubClock
                | LogHeadLost
                | LooksAwaited
                | PaperEnds
                | PlanWithoutUnit
                | SensorUnsuited
                | SidesUnsaid
                | TestUnanswered
                | UnitOfNobody
                | UnitWithoutPlan
        );
        match (goes_by_itself, situation == FoundDead) {
            (true, _) => &[],
            // It goes when the agreement is ended; but whoever was mistaken must be able to say so.
            (false, true) => &[Self::Mistaken],
            (false, false) => &[
                Self::Mended,
                Self::Arranged,
                Self::Harmless,
                Self::Elsewhere,
            ],
        }
    }

    /// The word in the store and in a form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Mended => "mended",
            Self::Arranged => "arranged",
            Self::Harmless => "harmless",
            Self::Elsewhere => "elsewhere",
            Self::Mistaken => "mistaken",
        }
    }

    /// Reads the word that [`Closing::word`] gives.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|closing| closing.word() == word)
    }
}

/// Why a matter cannot be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatterRefused {
    /// There is no such matter, or it is over.
    #[error("no matter {0} is open")]
    NotOpen(i64),
    /// It was so again since whoever closes it saw it.
    #[error("it was so again since")]
    Changed,
    /// It is not closed so.
    #[error("it is not closed so")]
    NotSo(Situation),
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

    /// The open matters, and when each was last seen to be so.
    pub(super) fn seen(&self) -> impl Iterator<Item = (&Matter, Timestamp)> {
        self.open.values().map(|row| (&row.matter, row.seen))
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

    /// A person says that it is over.
    fn close(
        &mut self,
        (id, seen): (i64, Timestamp),
        by: (StaffId, Closing),
        now: Timestamp,
    ) -> Result<Change, MatterRefused> {
        let held = self.open.iter().find(|(_, row)| row.matter.id == id);
        let (&key, row) = held.ok_or(MatterRefused::NotOpen(id))?;
        let situation = row.matter.situation;
        if !Closing::of(situation).contains(&by.1) {
            return Err(MatterRefused::NotSo(situation));
        }
        if row.seen.as_ms() != seen.as_ms() {
            return Err(MatterRefused::Changed);
        }
        self.open.remove(&key);
        Ok(Change::Cleared {
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

impl Watch {
    /// A person says how a matter ended that they had seen as it is: when it was last so. That
    /// somebody was found dead by mistake opens a row: what was called off is asked by nobody else.
    ///
    /// # Errors
    ///
    /// It cannot be closed so; then nothing has changed.
    pub fn close_matter(
        &mut self,
        now: Moment,
        matter: (i64, Timestamp),
        by: (StaffId, Closing),
    ) -> Result<Vec<Change>, MatterRefused> {
        let subject = self.matters.all().find(|row| row.id == matter.0);
        let subject = subject.map(|row| row.subject);
        let how = by.1;
        let mut changes = vec![self.matters.close(matter, by, now.timestamp)?];
        if let (Closing::Mistaken, Some(Subject::Resident(resident))) = (how, subject) {
            self.ask_after_mistake(now, resident, &mut changes);
        }
        // What was passed over because of the matter is to be asked after all.
        self.distrust(now);
        Ok(changes)
    }

    /// The open matters.
    pub fn matters(&self) -> impl Iterator<Item = &Matter> {
        self.matters.all()
    }
}
