//! A finding on the wire.
//!
//! A [`Report`] is what the eye signed: a lying voice cannot make an empty bed *visible*. A
//! [`Notice`] is what the voice says of itself, unsigned: the hub believes it only where it
//! makes a person look, never where it would keep one away.

use serde::{Deserialize, Serialize};

use crate::finding::{Fault, Finding};
use crate::ids::{BootId, CheckId, UnitId};
use crate::signing::Document;
use crate::time::{ClockState, Timestamp};

/// One look's finding, signed by the eye's key. Counted once, however often it arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Which unit's eye.
    pub unit: UnitId,
    /// The check that the look was made for.
    pub check: CheckId,
    /// Which look of the check, counted from 1.
    pub look: u8,
    /// What it concluded.
    pub finding: Finding,
    /// When it was concluded, by the unit's wall clock.
    pub at_ms: Timestamp,
    /// Whether that clock can be believed.
    pub clock: ClockState,
    /// The version of the plan it was made under.
    pub plan: u32,
    /// The first eight hexadecimal digits of the model's sha256.
    pub model: String,
    /// The run of the eye's process.
    pub boot: BootId,
    /// Counts this run's reports from 1. With `boot` it names the report.
    pub counter: u64,
    /// Sixteen random bytes in hexadecimal: two reports are never the same bytes.
    pub nonce: String,
}

impl Document for Report {
    const CONTEXT: &'static str = "nattsyn report 1";
}

impl Report {
    /// What names this report for ever.
    #[must_use]
    pub fn key(&self) -> ReportKey {
        ReportKey {
            boot: self.boot,
            counter: self.counter,
        }
    }
}

/// What names a report for ever, and what the hub acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReportKey {
    /// The run of the eye's process.
    pub boot: BootId,
    /// Its count within the run.
    pub counter: u64,
}

/// A fault that the voice itself saw, for a look that could not be made or be reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Which unit's voice.
    pub unit: UnitId,
    /// The check that suffered.
    pub check: CheckId,
    /// Which look of the check, counted from 1.
    pub look: u8,
    /// What was wrong, such as [`Fault::EyeDown`].
    #[serde(with = "fault_word")]
    pub fault: Fault,
    /// When, by the unit's wall clock.
    pub at_ms: Timestamp,
}

/// A fault travels inside a finding: `technical(eye_down)`.
mod fault_word {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::finding::{Fault, Finding};

    pub(super) fn serialize<S: Serializer>(fault: &Fault, to: S) -> Result<S::Ok, S::Error> {
        Finding::Technical(*fault).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Fault, D::Error> {
        // Whatever else it says, a voice's word can only ever be a fault.
        Ok(match Finding::deserialize(from)? {
            Finding::Technical(fault) => fault,
            Finding::Visible | Finding::NotVisible | Finding::Unclear(_) | Finding::Paused => {
                Fault::Unrecognised
            }
        })
    }
}
