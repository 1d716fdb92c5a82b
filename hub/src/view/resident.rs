//! What is written about one resident, for whoever stands before a decision at night.
//!
//! What was agreed and what became of it, who is away, and the last nights line by line: bounded,
//! and made by the store for the one who asks. It holds no picture and nothing of how anybody is.

use jiff::civil::Date;

use nattsyn_protocol::ids::UnitId;

use super::Person;
use super::ledger::{Apart, Line};
use crate::agreement::{Absence, Agreed, Ended};

/// How many nights before tonight are shown: a week, so that every day of it is there once.
pub const NIGHTS_BEFORE: usize = 7;

/// One resident.
#[derive(Clone, Debug, PartialEq)]
pub struct ResidentFile {
    /// Who, and where.
    pub person: Person,
    /// The unit that hangs there; `None` if none does, or they are not enrolled any more.
    pub unit: Option<UnitId>,
    /// What was agreed last; `None` if nothing was written down.
    pub agreed: Option<Agreed>,
    /// Absences that are about tonight or later.
    pub absences: Vec<Absence>,
    /// That they will not be looked at again.
    pub ended: Option<Ended>,
    /// Their checks of tonight and of the nights before it, latest night first.
    pub nights: Vec<(Date, Vec<Line>)>,
    /// What somebody was asked about in those nights and was about no check, in order.
    pub apart: Vec<Apart>,
}
