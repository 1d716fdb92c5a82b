//! What the watch knows and what it decides, as plain values that a store can keep.

use std::collections::BTreeSet;

use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::report::ReportKey;
use nattsyn_protocol::schedule::Check;
use nattsyn_protocol::time::Timestamp;

use super::alteration::{Altered, CallOff};
use super::matters::{Closing, Matter};
use super::word::{Said, StaffId, Word};
use crate::commission::gate::Gate;
use crate::exception::{Event, Handling};
use crate::view::{Cause, Ending};

/// A check as frozen for its night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What is to be done when. A check that no unit makes has no looks.
    pub check: Check,
    /// By which unit; of a visit, the unit that hangs in the home.
    pub unit: UnitId,
    /// Under which version of the resident's plan; `None` for rows of before versions were
    /// written down, and then any version is taken.
    pub plan: Option<u32>,
    /// How it is to be made.
    pub manner: Manner,
}

impl Planned {
    /// A check that a unit makes, under a version of the plan.
    #[must_use]
    pub fn digital(check: Check, unit: UnitId, plan: u32) -> Self {
        Self {
            check,
            unit,
            plan: Some(plan),
            manner: Manner::Digital,
        }
    }
}

/// How a check is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Manner {
    /// By the unit's looks.
    Digital,
    /// By a visit, as the plan says (R10). A person is asked when its window opens.
    Physical,
    /// The resident is away until further notice and nobody has confirmed it today: a person is
    /// asked when the window opens. A unit that sees them all the same settles it.
    AskIfAway,
    /// By looks, as was agreed, and no unit in service was given a plan for them: a person is
    /// asked when the window opens, unless a unit can make it by then.
    NoUnit,
}

/// A report that was counted for a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// What names the report.
    pub key: ReportKey,
    /// Whose report it is.
    pub unit: UnitId,
    /// Which look of the check, counted from 1.
    pub look: u8,
    /// Under which version of the plan it was made; `None` for rows of before it was written
    /// down.
    pub plan: Option<u32>,
    /// When the look was concluded, by the unit's clock.
    pub at: Timestamp,
    /// When the report came.
    pub came: Timestamp,
    /// What the look concluded.
    pub finding: Finding,
    /// Whether *visible* counts, as it was when the report came.
    pub gate: Gate,
}

/// A report that was held already and came again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// Whose report it is.
    pub unit: UnitId,
    /// What names the report.
    pub key: ReportKey,
    /// When it came again.
    pub came: Timestamp,
}

/// A notice for a check: unsigned, so never more than a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Which look of the check.
    pub look: u8,
    /// What was wrong.
    pub fault: Fault,
}

/// How a check ended, in the ledger: written once. What is corrected later is a row beside it
/// (see [`Change::Spoken`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How.
    pub how: How,
    /// When: the look that found the person was made, the person acted, it was called off.
    pub at: Timestamp,
    /// When the hub learned of it.
    pub came: Timestamp,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// A unit saw the person.
    Visible(Arrival),
    /// A person said how.
    Said(Said),
    /// It was called off.
    CalledOff(CallOff),
}

/// Whether a report came in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// Whether that was asked in time, of what it was opened about.
    pub punctuality: Punctuality,
    /// The checks it is about.
    pub checks: BTreeSet<CheckId>,
    /// Those of them about which nobody was asked in time: an older row can be joined by one.
    pub late: BTreeSet<CheckId>,
    /// How people have handled it.
    pub handling: Handling,
    /// How it ended.
    pub ended: Option<(Timestamp, Ending)>,
}

impl Exception {
    /// Whether somebody was asked in time about one of its checks.
    #[must_use]
    pub fn punctuality_of(&self, check: CheckId) -> Punctuality {
        if self.late.contains(&check) {
            Punctuality::HubWasDown
        } else {
            Punctuality::InTime
        }
    }

    /// Whether somebody was asked in time about all that it is about now.
    #[must_use]
    pub fn punctuality_now(&self) -> Punctuality {
        match (self.checks.is_empty(), self.late.is_empty()) {
            (true, _) => self.punctuality,
            (false, true) => Punctuality::InTime,
            (false, false) => Punctuality::HubWasDown,
        }
    }
}

/// One decision of the watch, for the store. Applied in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A check has its outcome.
    Settled(CheckId, Outcome),
    /// A frozen check is to be made otherwise. Its frozen row stays as it is.
    Altered(Altered),
    /// A person said something about a check. It is a row of its own, whatever else is known;
    /// the latest is how the check counts.
    Spoken(Word),
    /// An exception begins.
    Opened(Exception),
    /// An exception is about one more check.
    Joined {
        /// The exception.
        exception: i64,
        /// The check.
        check: CheckId,
        /// Whether somebody was asked about it in time.
        punctuality: Punctuality,
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
    /// Somebody did something about an exception, or nothing came of it in time.
    Handled {
        /// The exception.
        exception: i64,
        /// What.
        event: Event,
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
    /// Something that is about no check needs somebody.
    Raised(Matter),
    /// It needs nobody any more.
    Cleared {
        /// The matter.
        matter: i64,
        /// Who closed it, and how; `None` if the watch saw that it was over.
        by: Option<(StaffId, Closing)>,
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
    /// Open matters.
    pub matters: Vec<Matter>,
    /// The next matter's id.
    pub next_matter: i64,
}

/// One check as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCheck {
    /// As frozen.
    pub planned: Planned,
    /// What was changed since, in order.
    pub altered: Vec<Altered>,
    /// The reports counted so far.
    pub counted: Vec<Counted>,
    /// The notices so far.
    pub noted: Vec<Noted>,
    /// What people said of it, in order.
    pub words: Vec<Word>,
    /// Its outcome.
    pub outcome: Option<Outcome>,
}

impl SavedCheck {
    /// A check of which nothing is known but that it was frozen.
    #[must_use]
    pub fn fresh(planned: Planned) -> Self {
        Self {
            planned,
            altered: Vec::new(),
            counted: Vec::new(),
            noted: Vec::new(),
            words: Vec::new(),
            outcome: None,
        }
    }
}

impl How {
    /// The word in the store and in an exported ledger.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Visible(Arrival::InTime) => "visible",
            Self::Visible(Arrival::Late) => "visible_late",
            Self::Said(said) => said.word(),
            Self::CalledOff(why) => why.word(),
        }
    }

    /// Reads the word that [`How::word`] gives.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "visible" => Some(Self::Visible(Arrival::InTime)),
            "visible_late" => Some(Self::Visible(Arrival::Late)),
            other => {
                let said = Said::from_word(other).map(Self::Said);
                said.or_else(|| CallOff::from_word(other).map(Self::CalledOff))
            }
        }
    }
}
