//! What somebody found who was there, and what the unit makes of it.
//!
//! A [`Label`] comes down, signed as thresholds are: at this check the bed was empty, or somebody
//! was in it. The eye joins it with what the check's own looks reached, while it still knows that:
//! until the noon after the night. What goes up with the night's counts is one [`Labelled`] for
//! each of the two at the most. So no score leaves, and a bin of a named check only where somebody
//! was sent to that bed.
//!
//! A label is no outcome of an exception: what may be labelled is drawn before the check is looked
//! at, and is the hub's to know.

use serde::{Deserialize, Serialize};

use crate::ids::{CheckId, UnitId};
use crate::signing::{Document, Endorsement, PublicKey, SignatureError, Signed};
use crate::thresholds::NEVER;

/// What somebody found who was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The bed was empty.
    Nobody,
    /// Somebody was in it.
    Somebody,
}

/// What was found at a check, as signed by the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Which unit looked.
    pub unit: UnitId,
    /// At which check.
    pub check: CheckId,
    /// What was found.
    pub found: Found,
}

impl Document for Label {
    const CONTEXT: &'static str = "nattsyn label 1";
}

/// A label on its way to a unit: signed, and by what right its key signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelMessage {
    /// The [`Label`], signed by the hub's key.
    pub label: Signed,
    /// The hub's key, signed by the municipality's root.
    pub endorsement: Signed,
}

impl LabelMessage {
    /// The label, if the root that the unit pins stands behind it.
    ///
    /// # Errors
    ///
    /// A signature does not hold, or the document cannot be read.
    pub fn open(&self, root: &PublicKey) -> Result<Label, SignatureError> {
        let endorsement: Endorsement = self.endorsement.open(root)?;
        self.label.open(&endorsement.key)
    }
}

/// As what a night was counted, and what its labels came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NightEvidence {
    /// The model that looked, as in its reports.
    pub model: String,
    /// Under which version the unit is commissioned; absent if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commissioned: Option<u32>,
    /// What labelled checks reached: one of each kind at most, the first that came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labelled: Vec<Labelled>,
}

/// What a labelled check reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelled {
    /// What was found.
    pub found: Found,
    /// The highest bin of its looks, 0 to 64.
    pub bin: u8,
    /// How many of its looks had a bin, from 1.
    pub looks: u8,
}

/// Why a night's evidence is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Two of a kind.
    #[error("a night has two labels of {0:?}; one of each is possible")]
    Twice(Found),
    /// Beyond the grid.
    #[error("a labelled check reached {0}, beyond the grid, which ends at {NEVER}")]
    BeyondGrid(u8),
    /// A check that was not looked at.
    #[error("a labelled check had no look")]
    NoLook,
    /// A model's name that none has.
    #[error("a night's model is not eight hexadecimal digits")]
    NoModel,
}

impl NightEvidence {
    /// Whether it can be a night's.
    ///
    /// # Errors
    ///
    /// What cannot.
    pub fn examine(&self) -> Result<(), EvidenceError> {
        let is_hex = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if self.model.len() != 8 || !self.model.bytes().all(is_hex) {
            return Err(EvidenceError::NoModel);
        }
        for (at, labelled) in self.labelled.iter().enumerate() {
            let before = self.labelled.iter().take(at);
            if before.into_iter().any(|it| it.found == labelled.found) {
                return Err(EvidenceError::Twice(labelled.found));
            }
            if labelled.bin > NEVER {
                return Err(EvidenceError::BeyondGrid(labelled.bin));
            }
            if labelled.looks == 0 {
                return Err(EvidenceError::NoLook);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_that_no_night_can_have_is_refused() {
        let labelled = |found, bin, looks| Labelled { found, bin, looks };
        let evidence = |model: &str, labelled: &[Labelled]| NightEvidence {
            model: model.to_owned(),
            commissioned: Some(1),
            labelled: labelled.to_vec(),
        };
        let empty = labelled(Found::Nobody, 0, 3);
        let both = [empty, labelled(Found::Somebody, NEVER, 1)];
        assert_eq!(evidence("0123abcd", &both).examine(), Ok(()));
        assert_eq!(evidence("0123abcd", &[]).examine(), Ok(()));
        for (wrong, why) in [
            (vec![empty, empty], EvidenceError::Twice(Found::Nobody)),
            (
                vec![labelled(Found::Nobody, 65, 3)],
                EvidenceError::BeyondGrid(65),
            ),
            (vec![labelled(Found::Nobody, 6, 0)], EvidenceError::NoLook),
        ] {
            assert_eq!(evidence("0123abcd", &wrong).examine(), Err(why));
        }
        for model in ["", "0123abc", "0123ABCD", "0123abcde"] {
            assert_eq!(
                evidence(model, &[]).examine(),
                Err(EvidenceError::NoModel),
                "{model}"
            );
        }
    }
}
