//! What changes about a check after its night was frozen at noon.
//!
//! The frozen row is never touched: an [`Altered`] is a row beside it that says what, by whom
//! and why, and the ledger shows both. A plan that is changed after noon takes no frozen check
//! away: it may add some, and holds whole from the next noon (see [`crate::nights`]). What does
//! change a frozen check: the person is away or back, has died or moved, the check is to be a
//! visit, another unit hangs in the home.

use nattsyn_protocol::ids::{CheckId, UnitId};
use nattsyn_protocol::time::Timestamp;

/// One change of one frozen check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Altered {
    /// Which check.
    pub check: CheckId,
    /// What is otherwise.
    pub what: Alteration,
    /// Who changed it: a staff id, or a word for a part of the hub such as `enrolment`.
    pub by: String,
    /// Why, in their words; may be empty.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// What is otherwise about a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alteration {
    /// It was written down after noon: a first plan, more windows, somebody who is back.
    Added,
    /// It is not made.
    CalledOff(CallOff),
    /// It is made as a visit.
    MadePhysical,
    /// The resident is said to be away until further notice, and nobody has confirmed it today.
    AskIfAway,
    /// Another unit makes it, under its own version of the plan. What the former unit saw by
    /// then still counts.
    Unit {
        /// The unit that hangs in the home now.
        unit: UnitId,
        /// The version of the plan that it holds; `None` if it has none, and then a person is
        /// asked.
        plan: Option<u32>,
    },
    /// No unit in service can make it.
    NoUnit,
    /// It is made as it was frozen: the resident is back, or the unit looks again, before the
    /// window opened.
    Restored,
}

/// Why a check is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallOff {
    /// The resident is away, and somebody has said until when or has confirmed it today.
    Away,
    /// The resident asked not to be looked after this night.
    Skipped,
    /// The resident has died.
    Died,
    /// The resident has moved, or is looked after by others now.
    Moved,
    /// The resident no longer agrees.
    Withdrawn,
}

impl CallOff {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::Away,
        Self::Skipped,
        Self::Died,
        Self::Moved,
        Self::Withdrawn,
    ];

    /// The word in the store and in an exported ledger.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Skipped => "skipped",
            Self::Died => "died",
            Self::Moved => "moved",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads the word that [`CallOff::word`] gives.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }
}
