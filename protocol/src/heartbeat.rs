//! A unit's sign that it works: every minute, QoS 0, kept in memory only.
//!
//! It carries so little that a night of them fits a mobile plan: topic ≤ 24 bytes and body
//! ≤ 96 bytes (budget of the design, §10). One lost heartbeat means nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How often a unit gives a sign.
pub const HEARTBEAT: Duration = Duration::from_secs(60);

/// How long a unit may be silent before its home is shown as silent.
///
/// Three heartbeats: one lost to the mobile network and one to a broker's restart are
/// routine, and must not send anyone out at night.
pub const SILENT_AFTER: Duration = HEARTBEAT.saturating_mul(3);

/// How long a unit may be silent before a person is asked.
pub const ASK_AFTER: Duration = Duration::from_secs(15 * 60);

/// How long before a silent unit's next look a person is asked, if that comes sooner.
pub const ASK_BEFORE_LOOK: Duration = Duration::from_secs(10 * 60);

/// The body of a heartbeat. Field names are short because the body is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// When it was sent, by the unit's wall clock.
    #[serde(rename = "t")]
    pub at_ms: Timestamp,
    /// Counts this run of the voice's heartbeats from 1.
    #[serde(rename = "n")]
    pub sequence: u32,
    /// What the voice hears of the eye.
    #[serde(rename = "e")]
    pub eye: EyeState,
    /// Reports in the outbox that the hub has not acknowledged.
    #[serde(rename = "q")]
    pub waiting: u32,
}

/// What the voice hears of the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EyeState {
    /// It answers, and its last picture was fit to judge by.
    #[serde(rename = "ok")]
    Ready,
    /// It answers, and its last look found a technical fault.
    #[serde(rename = "bad")]
    Faulty,
    /// It does not answer.
    #[serde(rename = "down")]
    Down,
    /// The resident has switched the unit off. A No, not a fault.
    #[serde(rename = "off")]
    Paused,
    /// A word that this version does not know.
    #[serde(other, rename = "?")]
    Unrecognised,
}
