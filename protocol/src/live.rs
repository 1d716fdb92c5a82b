//! A live view on the wire: what is asked and answered, and how a sealed frame is laid out.
//!
//! ```text
//! hub   Ask ─────────▶ eye   looks again; unclear ─▶ Challenge
//! hub   Grant ───────▶ eye   checks everything; lamp on ─▶ Opened (its key for this view)
//! hub   Credit(n) ───▶ eye   frame n ─▶ hub ─▶ browser ─▶ Credit(n + 1)
//! hub   End ─────────▶ eye   lamp off ─▶ Ended; also by time, withdrawal, switch, loss
//! ```
//!
//! A frame is [`FRAME_BYTES`] long whatever it shows: eight bytes of its number (big-endian,
//! from 1) and AES-256-GCM over length, picture and padding. Key: HKDF-SHA-256 with the grant's
//! digest as salt, the shared P-256 x-coordinate as input and [`key_info`] as info. Nonce: four
//! zero bytes and the number. Additional data: [`frame_aad`]. The view's key pair lives in two
//! memories, the eye's and the browser's, and neither hub nor voice has any part of it.
//!
//! No picture is encoded or sealed here: what does is in the eye, and only where it is built in.

use serde::{Deserialize, Serialize};

use crate::assertion::{Base64, POINT_BYTES};
use crate::grant::{Grant, GrantMessage};
use crate::ids::{BootId, CheckId, UnitId};
use crate::signing::{Document, Signed};

/// Length of every sealed frame on the wire: [`crate::wire::BODY_MAX`], so that a live view needs
/// no larger message than a plan does.
pub const FRAME_BYTES: usize = crate::wire::BODY_MAX;
/// Bytes of a frame's number.
pub const NUMBER_BYTES: usize = 8;
/// Bytes of AES-GCM's tag.
pub const TAG_BYTES: usize = 16;
/// Bytes that say how long the picture is, big-endian.
pub const LENGTH_BYTES: usize = 4;
/// Longest picture (JPEG) in bytes: what is left of a frame.
pub const PICTURE_MAX: usize = FRAME_BYTES - NUMBER_BYTES - TAG_BYTES - LENGTH_BYTES;

/// From the hub to a unit's eye, through its voice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum LiveDown {
    /// An operator asks to see. The eye looks again, and answers with the look's report and
    /// then [`LiveUp::Challenge`] or [`LiveUp::Refused`].
    Ask {
        /// For which check.
        check: CheckId,
    },
    /// An answer to a challenge.
    Grant(Box<GrantMessage>),
    /// The browser has drawn what it had and takes the frame of this number.
    Credit {
        /// Which view, by its challenge's nonce.
        view: Base64,
        /// The next frame wanted. Never more than one ahead of what was sent.
        frame: u64,
    },
    /// The operator is done.
    End {
        /// Which view.
        view: Base64,
    },
}

/// From a unit's eye to the hub, through its voice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum LiveUp {
    /// A signed [`crate::grant::Challenge`].
    Challenge {
        /// The document.
        signed: Signed,
    },
    /// A signed [`Opened`]: the grant holds and the lamp is on.
    Opened {
        /// The document.
        signed: Signed,
    },
    /// No.
    Refused {
        /// A signed [`Refused`].
        signed: Signed,
    },
    /// A signed [`Ended`]: the lamp is off.
    Ended {
        /// The document.
        signed: Signed,
    },
}

/// The eye's key for one view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Which unit.
    pub unit: UnitId,
    /// Which view, by its challenge's nonce.
    pub view: Base64,
    /// The eye's public P-256 key of this view: [`POINT_BYTES`] bytes.
    pub key: Base64,
    /// How long pictures can be sent at most, in milliseconds.
    pub for_ms: u32,
}

impl Document for Opened {
    const CONTEXT: &'static str = "nattsyn opened 1";
}

/// Why there is nothing to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Which unit.
    pub unit: UnitId,
    /// This run of its eye.
    pub boot: BootId,
    /// For which check it was asked; absent where that cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckId>,
    /// Why.
    pub why: Refusal,
}

impl Document for Refused {
    const CONTEXT: &'static str = "nattsyn refused 1";
}

/// How a live view ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Which unit.
    pub unit: UnitId,
    /// Which view.
    pub view: Base64,
    /// Why.
    pub why: End,
    /// Frames that were sealed.
    pub frames: u64,
    /// How long the lamp was on, in milliseconds.
    pub lit_ms: u32,
}

impl Document for Ended {
    const CONTEXT: &'static str = "nattsyn ended 1";
}

/// Why an eye shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The eye was built without the means.
    NotBuiltIn,
    /// No policy is held.
    NoPolicy,
    /// The policy in force allows no pictures.
    SensorOnly,
    /// A policy would allow them once the button at the unit is pressed.
    NotApproved,
    /// The policy has ended or not begun.
    PolicyNotInForce,
    /// Looks are stopped for this person.
    Withdrawn,
    /// The privacy switch is off.
    Paused,
    /// No trusted time.
    ClockUnknown,
    /// No plan of this unit has the check, or its window is not open.
    NotPlanned,
    /// The eye's last look of this check was not unclear.
    NotUnclear,
    /// The eye has looked again and now it is clear, or technical: its report says which.
    NowClear,
    /// As many looks as may be made in 24 hours have been made.
    TooManyLooks,
    /// [`crate::grant::VIEWS_PER_NIGHT_MAX`] views have been made tonight.
    TooManyViews,
    /// A look or a view is under way.
    Busy,
    /// For another unit.
    AnotherUnit,
    /// For another run of the eye.
    AnotherBoot,
    /// For another look than the challenge's.
    AnotherLook,
    /// Under another policy than the one in force.
    AnotherPolicy,
    /// No such challenge was made, or it is used up.
    NoChallenge,
    /// Longer ago than [`crate::grant::ANSWER_WITHIN`].
    TooLate,
    /// The hub's key, endorsed by the root, did not sign it.
    NotTheHubs,
    /// The operator is not in the roster, in an older one, or no longer.
    NotInTheRoster,
    /// The operator's authenticator did not sign it.
    NotTheOperators,
    /// The browser's key is none.
    BadKey,
    /// The lamp cannot be lit, so nothing is shown.
    NoLamp,
    /// The camera gives nothing.
    NoCamera,
    /// A word that this version does not know.
    #[serde(other)]
    Unrecognised,
}

/// Why a live view ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// [`crate::grant::PICTURES_MAX`] have passed.
    Time,
    /// The operator was done.
    Operator,
    /// A policy came that does not allow it.
    Withdrawn,
    /// The privacy switch.
    Switch,
    /// No credit came for too long.
    Loss,
    /// The camera gave no more.
    Camera,
    /// The eye was asked to end.
    Stopped,
    /// A look of the plan's was due, and comes first.
    PlannedLook,
    /// A word that this version does not know.
    #[serde(other)]
    Unrecognised,
}

/// HKDF's info: context, the eye's key and the browser's, so that neither can be exchanged.
#[must_use]
pub fn key_info(eye: &[u8; POINT_BYTES], viewer: &[u8; POINT_BYTES]) -> Vec<u8> {
    [b"nattsyn live view 1\0".as_slice(), eye, viewer].concat()
}

/// What AES-GCM authenticates beside the frame: context, the grant's digest and the number.
#[must_use]
pub fn frame_aad(grant_body: &str, number: u64) -> Vec<u8> {
    [
        b"nattsyn frame 1\0".as_slice(),
        &Grant::digest(grant_body),
        &number.to_be_bytes(),
    ]
    .concat()
}

/// AES-GCM's nonce for a frame. A key is used for one view, so a number is never used twice.
#[must_use]
pub fn frame_nonce(number: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_from_the_future_reads_as_unrecognised() {
        let refusal: Refusal = serde_json::from_str("\"mirror\"").unwrap();
        assert_eq!(refusal, Refusal::Unrecognised);
        let end: End = serde_json::from_str("\"mirror\"").unwrap();
        assert_eq!(end, End::Unrecognised);
    }

    #[test]
    fn no_two_frames_of_a_view_share_a_nonce() {
        assert_ne!(frame_nonce(1), frame_nonce(2));
        assert_ne!(frame_nonce(1), frame_nonce(1 << 32));
    }
}
