//! What one look concluded.
//!
//! A finding travels as one word, with its reason in brackets: `visible`, `not_visible`,
//! `unclear(weak_evidence)`, `technical(covered)`, `paused`. A word this version does not know
//! reads as [`Fault::Unrecognised`]: a newer unit must never fall silent at an older hub, and
//! nothing unknown may ever read as *visible*.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What one look concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Finding {
    /// The person can be seen in an agreed sleeping place.
    Visible,
    /// The picture is good and nobody can be seen.
    NotVisible,
    /// The picture is good and does not settle it.
    Unclear(Reason),
    /// The picture is not fit to judge by, or there is none.
    Technical(Fault),
    /// The resident has switched the unit off. A No, not a fault.
    Paused,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every value, in the order in which they are documented.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word on the wire and in the store.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word() == word)
            }
        }
    };
}

words!(
    /// Why a look could not tell.
    Reason {
        /// Somebody can be seen, but in none of the agreed sleeping places.
        OutsideSleepingPlace = "outside_sleeping_place",
        /// More than one person: staff, a visitor.
        Several = "several",
        /// Something may be a person; neither threshold is passed.
        WeakEvidence = "weak_evidence",
        /// The frames of one look contradict each other: somebody moves, or the model wavers.
        FramesDisagree = "frames_disagree",
        /// The home's evidence no longer lies as it did when its thresholds were found.
        Changed = "changed",
        /// A reason that this version does not know.
        Unrecognised = "unrecognised",
    }
);

words!(
    /// Why a picture could not be judged, or could not be had.
    Fault {
        /// The infrared lamp is dead, or the picture is black.
        Dark = "dark",
        /// Something hangs before the lens.
        Covered = "covered",
        /// The camera no longer points where it was installed to.
        Moved = "moved",
        /// The camera repeats one picture.
        Frozen = "frozen",
        /// Out of focus, dirty or fogged.
        Blurred = "blurred",
        /// Over-exposed.
        Saturated = "saturated",
        /// The camera gives no pictures.
        CameraDown = "camera_down",
        /// The lamp cannot be switched.
        LightDown = "light_down",
        /// The eye's process does not answer. Said by the voice, unsigned.
        EyeDown = "eye_down",
        /// No trusted time, so no look was made.
        ClockUnknown = "clock_unknown",
        /// The model cannot be run.
        ModelDown = "model_down",
        /// The look was cut off at its longest allowed time.
        TooSlow = "too_slow",
        /// The voice's disk is full or broken.
        DiskDown = "disk_down",
        /// A fault, or a whole finding, that this version does not know.
        Unrecognised = "unrecognised",
    }
);

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Visible => f.write_str("visible"),
            Self::NotVisible => f.write_str("not_visible"),
            Self::Unclear(reason) => write!(f, "unclear({})", reason.word()),
            Self::Technical(fault) => write!(f, "technical({})", fault.word()),
            Self::Paused => f.write_str("paused"),
        }
    }
}

impl From<String> for Finding {
    fn from(text: String) -> Self {
        let inside = |word: &str| -> Option<String> {
            text.strip_prefix(word)?
                .strip_prefix('(')?
                .strip_suffix(')')
                .map(str::to_owned)
        };
        match text.as_str() {
            "visible" => Self::Visible,
            "not_visible" => Self::NotVisible,
            "paused" => Self::Paused,
            _ => {
                if let Some(reason) = inside("unclear") {
                    Self::Unclear(Reason::from_word(&reason).unwrap_or(Reason::Unrecognised))
                } else {
                    let fault = inside("technical").and_then(|fault| Fault::from_word(&fault));
                    Self::Technical(fault.unwrap_or(Fault::Unrecognised))
                }
            }
        }
    }
}

impl FromStr for Finding {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text.to_owned()))
    }
}

impl From<Finding> for String {
    fn from(finding: Finding) -> Self {
        finding.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_reads_back_as_written() {
        let mut all = vec![Finding::Visible, Finding::NotVisible, Finding::Paused];
        all.extend(Reason::ALL.iter().copied().map(Finding::Unclear));
        all.extend(Fault::ALL.iter().copied().map(Finding::Technical));
        for finding in all {
            assert_eq!(Finding::from(finding.to_string()), finding);
        }
    }

    #[test]
    fn a_word_from_the_future_is_never_visible() {
        for text in [
            "visible!",
            "VISIBLE",
            "visible(now)",
            "seen",
            "",
            "technical",
            "unclear(",
        ] {
            let finding = Finding::from(text.to_owned());
            assert_eq!(finding, Finding::Technical(Fault::Unrecognised), "{text:?}");
        }
        let finding = Finding::from("unclear(mirror)".to_owned());
        assert_eq!(finding, Finding::Unclear(Reason::Unrecognised));
    }
}
