//! What is written beside the network: its checksum, input, thresholds, licence and making.
//!
//! The manifest ships inside the binary with the network. It is read once, when the model is
//! loaded; nothing here decides anything.

use serde::Deserialize;
use thiserror::Error;

/// The network's papers, as `artifacts/manifest.json` holds them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name and version of the network, for logs and the ledger.
    pub name: String,
    /// SHA-256 of the ONNX file, 64 hexadecimal digits.
    pub sha256: String,
    /// What the network takes in.
    pub input: Input,
    /// The thresholds it ships with; a home may have its own.
    pub thresholds: Thresholds,
    /// Licence of the weights.
    pub licence: String,
    /// How it was made: one sentence, and the commands.
    pub made: String,
    /// What its weights were fitted on.
    pub data: Vec<String>,
}

/// The network's input, checked against what the code was built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Width in pixels.
    pub width_px: usize,
    /// Height in pixels.
    pub height_px: usize,
}

/// Where evidence becomes a judgement; scores from 0 to 1.
///
/// `not_visible` below `visible`: what lies between is unclear.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Evidence in a sleeping place at or above this is a person in it.
    pub visible: f32,
    /// Evidence in the sleeping places at or below this is nobody in them.
    pub not_visible: f32,
    /// Evidence elsewhere at or above this is a person elsewhere.
    pub elsewhere: f32,
    /// Evidence of several people at or above this is more than one.
    pub several: f32,
}

/// Why a manifest cannot be used.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// It is not JSON of the expected form.
    #[error("reading the model's manifest")]
    Form(#[from] serde_json::Error),
    /// A threshold is not a score, or they are in the wrong order.
    #[error(
        "thresholds are not in order: visible {visible}, not visible {not_visible}, \
         elsewhere {elsewhere}, several {several}"
    )]
    Thresholds {
        /// The threshold for evidence in a sleeping place.
        visible: f32,
        /// The threshold for its absence.
        not_visible: f32,
        /// The threshold for evidence elsewhere.
        elsewhere: f32,
        /// The threshold for evidence of several people.
        several: f32,
    },
    /// The network was made for another input than the code.
    #[error("model takes {width_px} x {height_px} pixels, which this build does not deliver")]
    Input {
        /// Width that the manifest states.
        width_px: usize,
        /// Height that the manifest states.
        height_px: usize,
    },
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    ///
    /// Broken JSON, an unknown or missing field, thresholds outside 0 to 1 or out of order, or
    /// another input size than this build's.
    pub fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(json)?;
        manifest.thresholds.check()?;
        let Input {
            width_px,
            height_px,
        } = manifest.input;
        if (width_px, height_px) != (crate::INPUT_WIDTH, crate::INPUT_HEIGHT) {
            return Err(ManifestError::Input {
                width_px,
                height_px,
            });
        }
        Ok(manifest)
    }
}

impl Thresholds {
    fn check(self) -> Result<(), ManifestError> {
        let Self {
            visible,
            not_visible,
            elsewhere,
            several,
        } = self;
        let scores = [visible, not_visible, elsewhere, several]
            .iter()
            .all(|s| (0.0..=1.0).contains(s));
        if scores && not_visible < visible {
            return Ok(());
        }
        Err(ManifestError::Thresholds {
            visible,
            not_visible,
            elsewhere,
            several,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"name": "eye", "sha256": "00", "input": {"width_px": 320,
        "height_px": 256}, "thresholds": {"visible": 0.8, "not_visible": 0.2, "elsewhere": 0.5,
        "several": 0.7},
        "licence": "MIT OR Apache-2.0", "made": "by hand", "data": []}"#;

    #[test]
    fn a_whole_manifest_is_read() {
        let manifest = Manifest::from_json(WHOLE.as_bytes()).unwrap();
        assert_eq!(manifest.thresholds.visible, 0.8);
    }

    #[test]
    fn thresholds_out_of_order_are_refused() {
        for broken in [WHOLE.replace("0.2", "0.9"), WHOLE.replace("0.5", "1.5")] {
            let refused = Manifest::from_json(broken.as_bytes());
            assert!(matches!(refused, Err(ManifestError::Thresholds { .. })));
        }
    }

    #[test]
    fn another_input_or_an_unknown_key_is_refused() {
        let other = Manifest::from_json(WHOLE.replace("320", "160").as_bytes());
        assert!(matches!(
            other,
            Err(ManifestError::Input { width_px: 160, .. })
        ));
        let unknown = Manifest::from_json(WHOLE.replace("\"made\"", "\"mode\"").as_bytes());
        assert!(matches!(unknown, Err(ManifestError::Form(_))));
    }
}
