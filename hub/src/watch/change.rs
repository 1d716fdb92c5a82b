//! What the watch knows and what it decides, as plain values that a store can keep.

use std::collections::BTreeSet;

use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::report::ReportKey;
use nattsyn_protocol::schedule::Check;
use nattsyn_protocol::time::Timestamp;

use crate::view::{Cause, Ending};

/// A check as frozen for its night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What is to be done when.
    pub check: Check,
    /// By which unit.
    pub unit: UnitId,
}

/// A report that was counted for a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// What names the report.
    pub key: ReportKey,
    /// Which look of the check, counted from 1.
    pub look: u8,
    /// When the look was concluded, by the unit's clock.
    pub at: Timestamp,
    /// When the report came.
    pub came: Timestamp,
    /// What the look concluded.
    pub finding: Finding,
}

/// A notice for a check: unsigned, so never more than a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Which look of the check.
    pub look: u8,
    /// What was wrong.
    pub fault: Fault,
}

/// How a check ended, in the ledger. There is no other way yet: what no unit saw stays an
/// exception until a person closes it, and that is another piece's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// When the look was made that found the person.
    pub at: Timestamp,
    /// When its report came.
    pub came: Timestamp,
    /// Whether it came in time.
    pub arrival: Arrival,
}

/// Whether a report came in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Before the check became an exception.
    InTime,
    /// After.
    Late,
}

/// Whether a person was asked in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Punctuality {
    /// Before the check's deadline.
    InTime,
    /// The hub was down at the deadline, and asked first thing on its return.
    HubWasDown,
}

/// An exception: one person, one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Names it for ever.
    pub id: i64,
    /// About whom.
    pub resident: ResidentId,
    /// Why somebody is needed.
    pub cause: Cause,
    /// Since when.
    pub opened: Timestamp,
    /// By when somebody must have acted.
    pub due: Timestamp,
    /// Whether that was asked in time.
    pub punctuality: Punctuality,
    /// The checks it is about.
    pub checks: BTreeSet<CheckId>,
    /// How it ended.
    pub ended: Option<(Timestamp, Ending)>,
}

/// One decision of the watch, for the store. Applied in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A check has its outcome.
    Settled(CheckId, Outcome),
    /// An exception begins.
    Opened(Exception),
    /// An exception is about one more check.
    Joined {
        /// The exception.
        exception: i64,
        /// The check.
        check: CheckId,
        /// When.
        at: Timestamp,
    },
    /// An exception is no longer about a check, which is now another one's.
    Left {
        /// The exception.
        exception: i64,
        /// The check.
        check: CheckId,
        /// When.
        at: Timestamp,
    },
    /// An exception has another cause.
    Became {
        /// The exception.
        exception: i64,
        /// The new cause.
        cause: Cause,
        /// When.
        at: Timestamp,
    },
    /// An exception needs nobody any more.
    Ended {
        /// The exception.
        exception: i64,
        /// How.
        ending: Ending,
        /// When.
        at: Timestamp,
    },
}

/// What a watch needs of the past: made by the store when the hub starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Tonight's checks, and any earlier one without an outcome.
    pub checks: Vec<SavedCheck>,
    /// Open exceptions, and those that ended tonight.
    pub exceptions: Vec<Exception>,
    /// The next exception's id.
    pub next_exception: i64,
}

/// One check as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCheck {
    /// As frozen.
    pub planned: Planned,
    /// The reports counted so far.
    pub counted: Vec<Counted>,
    /// The notices so far.
    pub noted: Vec<Noted>,
    /// Its outcome.
    pub outcome: Option<Outcome>,
}
