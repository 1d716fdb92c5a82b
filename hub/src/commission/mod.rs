//! Commissioning, the hub's half: a unit is tried out where it hangs before what it says counts
//! ([why](../../../docs/design/0012-commissioning-is-a-gate.md)).
//!
//! [`gate`] decides whether *visible* counts; [`course`] is how far a technician has come, made
//! anew from rows; [`counter`] writes each step down before it is sent, and [`clerk`] does so for
//! pages; [`standing`] is what the desk knows and sends. What must be tried and what passes is the
//! protocol's to say ([`nattsyn_protocol::commission::trial`]). [`sides`] is whose place is whose
//! where several sleep, [`suited`] whether the first nights show that sensor mode suits a home.
//!
//! A technician sees no care data here: a unit, its address, and places by number. Who sleeps in
//! which somebody else says, on another page.

pub mod clerk;
pub mod command;
pub mod counter;
pub mod course;
pub mod gate;
pub mod sides;
pub mod standing;
pub mod suited;
#[cfg(test)]
mod tests;

use std::time::Duration;

use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use crate::watch::StaffId;

/// How long the button at the unit may be waited for once leave has come, as with a policy.
pub const BUTTON_WITHIN: Duration = nattsyn_protocol::policy::APPROVAL_WITHIN;

/// How long an answer to a try may take: a look of at most 30 s, and the way both ways.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(45);

/// How long a look of a try usually takes; the bar on the page fills in that time.
pub const LOOK_TAKES: Duration = Duration::from_secs(20);

/// How long a unit counts as commissioned on paper, at most.
pub const PAPER_MAX: Duration = Duration::from_secs(90 * 24 * 3600);

/// How long before the end of its paper a unit is a matter.
pub const PAPER_REMINDED: Duration = Duration::from_secs(30 * 24 * 3600);

/// One step of commissioning a unit, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourseRow {
    /// Its number; 0 until it is written.
    pub id: i64,
    /// Which unit.
    pub unit: nattsyn_protocol::ids::UnitId,
    /// When.
    pub at: Timestamp,
    /// Who; nobody of what the unit said.
    pub by: Option<StaffId>,
    /// What.
    pub step: Step,
}

/// What one step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Leave to try, signed under an epoch of the hub's keys; begins anew.
    Leave(Signed, u32),
    /// By which phone it is led from now on; any, where nobody signs in.
    Lead(Option<String>),
    /// A try or the conclusion, signed.
    Order(Signed),
    /// The sleeping places as people set them: JSON, a polygon for each sleeper.
    Places(String),
    /// What a try came to, signed by the eye.
    Tried(Signed),
    /// Why it came to nothing, signed by the eye.
    NotTried(Signed),
    /// That the unit passed, signed by the eye: its answer, or, where that was lost, its word of
    /// itself.
    Commissioned(Signed),
    /// How the leave stands at the unit, by its own word: JSON.
    Stands(String),
    /// The places became the residents' sleeping places.
    Agreed,
}

impl Step {
    /// The word in the store.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Leave(..) => "leave",
            Self::Lead(_) => "lead",
            Self::Order(_) => "order",
            Self::Places(_) => "places",
            Self::Tried(_) => "tried",
            Self::NotTried(_) => "not_tried",
            Self::Commissioned(_) => "commissioned",
            Self::Stands(_) => "stands",
            Self::Agreed => "agreed",
        }
    }
}
