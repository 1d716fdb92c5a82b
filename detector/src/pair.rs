//! What eye and voice say to each other: the whole of it, on one page.
//!
//! One datagram a message on a `SOCK_SEQPACKET` pair that the supervisor made and keeps, so
//! that either end may die and come back. The eye trusts none of it: plans carry the hub's
//! signature, and a look outside a plan is refused. The voice can read a report and cannot
//! make one. A picture crosses it sealed for one browser or not at all.

use serde::{Deserialize, Serialize};

#[cfg(feature = "live-view")]
use nattsyn_protocol::assertion::Base64;
use nattsyn_protocol::commission::{CommissionDown, CommissionUp};
use nattsyn_protocol::hello::{HeldPlan, PlanMessage};
use nattsyn_protocol::ids::{BootId, CheckId};
use nattsyn_protocol::labels::LabelMessage;
use nattsyn_protocol::live::{FRAME_BYTES, LiveDown, LiveUp};
use nattsyn_protocol::policy::PolicyMessage;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::thresholds::{CountsMessage, ThresholdsMessage};

/// Largest datagram in bytes: a sealed frame in base64, four letters for three bytes, and its
/// brackets. The largest message off the wire is shorter.
pub const DATAGRAM_MAX: usize = FRAME_BYTES.div_ceil(3) * 4 + 1024;

/// Largest datagram from eye to voice in bytes. Of a sensor-only unit the word that it was
/// commissioned is the largest, below this for four sleepers (`eye/tests/commissioning.rs`).
#[cfg(feature = "live-view")]
pub const FROM_EYE_MAX: usize = DATAGRAM_MAX;
/// Largest datagram from eye to voice in bytes. Of a sensor-only unit the word that it was
/// commissioned is the largest, below this for four sleepers (`eye/tests/commissioning.rs`).
#[cfg(not(feature = "live-view"))]
pub const FROM_EYE_MAX: usize = 4096;

/// From voice to eye.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToEye {
    /// A plan as it came off the wire. The eye verifies it and answers [`FromEye::Holding`].
    Plan(PlanMessage),
    /// Look now. The eye answers with [`FromEye::Report`] or [`FromEye::Refused`].
    Look {
        /// For which check.
        check: CheckId,
        /// Which look of the check, counted from 1.
        look: u8,
    },
    /// Are you there? The eye answers [`FromEye::Alive`].
    Ping,
    /// A policy as it came off the wire. The eye verifies it and answers [`FromEye::Capable`].
    Policy(PolicyMessage),
    /// Thresholds as they came off the wire. The eye verifies them and answers
    /// [`FromEye::Capable`].
    Thresholds(ThresholdsMessage),
    /// What somebody found at a check, as it came off the wire. The eye verifies it and answers
    /// nothing: it goes into the night's counts.
    Label(LabelMessage),
    /// Something about a live view, as it came off the wire.
    Live(LiveDown),
    /// Leave to try the unit out, or an order under it, as it came off the wire. The eye verifies
    /// it; to an order it answers [`FromEye::Commission`].
    Commission(CommissionDown),
}

/// From eye to voice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromEye {
    /// The eye's process has started, and holds no plan yet.
    Started {
        /// This run of it.
        boot: BootId,
    },
    /// The plans that the eye has verified and works by.
    Holding(Vec<HeldPlan>),
    /// The eye is there, and how its last look went.
    Alive {
        /// Whether its last picture was fit to judge by.
        last_look: LastLook,
    },
    /// What a look concluded, signed.
    Report(Signed),
    /// The look was not made, and why. Nothing is known of the room.
    Refused {
        /// For which check.
        check: CheckId,
        /// Which look of the check.
        look: u8,
        /// Why.
        why: Refusal,
    },
    /// What the eye is able to do and which policy it works by: a signed
    /// [`nattsyn_protocol::policy::Capability`], at its start and whenever it changes.
    Capable(Signed),
    /// Which levels the checks of a night that is over have reached, signed.
    Counts(CountsMessage),
    /// An answer about a live view, signed.
    Live(LiveUp),
    /// An answer to an order, signed.
    Commission(CommissionUp),
    /// A sealed frame of [`FRAME_BYTES`]. Only the operator's browser can open it. A sensor-only
    /// unit has no such word: its voice passes on no bytes that it cannot read.
    #[cfg(feature = "live-view")]
    Frame(Base64),
}

/// How the eye's last look went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastLook {
    /// The picture was fit to judge by, or no look has been made yet.
    Fit,
    /// A technical fault.
    Faulty,
    /// None is made: the privacy switch is off.
    Paused,
}

/// Why the eye refuses to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No verified plan has this check.
    NotPlanned,
    /// The check's window is not open now.
    OutsideWindow,
    /// As many looks as may be made in 24 hours have been made.
    TooMany,
    /// The policy allows no look for this resident.
    Withdrawn,
}

#[cfg(all(test, not(feature = "live-view")))]
mod tests {
    use super::*;

    #[test]
    fn a_sensor_only_voice_has_no_word_for_a_picture() {
        let frame = serde_json::from_str::<FromEye>("{\"frame\":\"AAAA\"}");
        let said = frame.unwrap_err().to_string();
        assert!(said.contains("unknown variant `frame`"), "{said}");
        assert_eq!(FROM_EYE_MAX, 4096);
    }
}
