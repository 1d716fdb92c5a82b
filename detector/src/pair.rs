//! What eye and voice say to each other: the whole of it, on one page.
//!
//! One datagram a message on a `SOCK_SEQPACKET` pair that the supervisor made and keeps, so
//! that either end may die and come back. The eye trusts none of it: plans carry the hub's
//! signature, and a look outside a plan is refused. The voice can read a report and cannot
//! make one. No message has room for a picture.

use serde::{Deserialize, Serialize};

use nattsyn_protocol::hello::{HeldPlan, PlanMessage};
use nattsyn_protocol::ids::{BootId, CheckId};
use nattsyn_protocol::signing::Signed;

/// Largest datagram in bytes: the largest message off the wire, and its brackets.
pub const DATAGRAM_MAX: usize = nattsyn_protocol::wire::BODY_MAX + 1024;

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
}

/// How the eye's last look went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastLook {
    /// The picture was fit to judge by, or no look has been made yet.
    Fit,
    /// A technical fault.
    Faulty,
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
}
