//! Labels as the guard takes them: by the root's word, of this unit, by no key of before.
//!
//! What a label is joined with is not known here.

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::labels::{Label, LabelMessage};
use nattsyn_protocol::signing::{Endorsement, SignatureError};

use super::Guard;
use super::consent::OldKey;

/// Why a label is not taken.
#[derive(Debug, thiserror::Error)]
pub enum LabelRefusal {
    /// The root does not stand behind it, or it cannot be read.
    #[error("verifying a label")]
    Signature(#[from] SignatureError),
    /// Its hub key belongs to an epoch that is over.
    #[error("a label is signed by a key of epoch {found}; epoch {held} has begun")]
    OldKey {
        /// The key's epoch.
        found: u32,
        /// The latest that was seen.
        held: u32,
    },
    /// It is another unit's.
    #[error("a label is for unit {0}")]
    OtherUnit(UnitId),
}

impl Guard {
    /// Verifies a label as it came off the wire.
    ///
    /// # Errors
    ///
    /// Why it is not taken.
    pub fn open_label(&mut self, message: &LabelMessage) -> Result<Label, LabelRefusal> {
        let endorsement: Endorsement = message.endorsement.open(&self.root)?;
        let old = |OldKey { found, held }| LabelRefusal::OldKey { found, held };
        self.endorse(&endorsement).map_err(old)?;
        let label: Label = message.label.open(&endorsement.key)?;
        if label.unit != self.unit {
            return Err(LabelRefusal::OtherUnit(label.unit));
        }
        Ok(label)
    }
}
