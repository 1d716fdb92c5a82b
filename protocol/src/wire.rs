//! JSON with a version: `{"v":1,...}`.
//!
//! Readers ignore fields that they do not know and refuse versions that they do not know. A
//! body over [`BODY_MAX`] is refused before it is read. The bytes of version 1 are frozen by a
//! test; a change of meaning is a new version, never a new reading of an old one.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::commission::{CommissionDown, CommissionUp};
use crate::heartbeat::Heartbeat;
use crate::hello::{Ack, Hello, PlanMessage};
use crate::labels::LabelMessage;
use crate::live::{LiveDown, LiveUp};
use crate::policy::PolicyMessage;
use crate::report::Notice;
use crate::signing::Signed;
use crate::thresholds::{CountsMessage, ThresholdsMessage};

/// The version that this build writes, and the only one it reads.
pub const VERSION: u32 = 1;

/// Largest body in bytes. The largest honest one is a plan of eight windows and several
/// sleeping places of 32 points: under 6 kB; this leaves it double.
pub const BODY_MAX: usize = 12 * 1024;

/// Why a body is not taken.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Larger than [`BODY_MAX`].
    #[error("body of {0} bytes is over the limit of {BODY_MAX}")]
    TooLarge(usize),
    /// Not JSON, or not of the expected shape.
    #[error("body of a {kind} cannot be read")]
    Unreadable {
        /// What it should have been.
        kind: &'static str,
        /// What the reader says, with line and column.
        source: serde_json::Error,
    },
    /// A version that this build does not read.
    #[error("{kind} is of version {version}; this build reads {VERSION}")]
    UnknownVersion {
        /// What it should have been.
        kind: &'static str,
        /// The version it names.
        version: u32,
    },
}

/// Something with a place on the wire.
pub trait Message: Serialize + DeserializeOwned {
    /// Its name in error texts.
    const KIND: &'static str;
}

impl Message for Heartbeat {
    const KIND: &'static str = "heartbeat";
}
impl Message for Hello {
    const KIND: &'static str = "hello";
}
impl Message for Ack {
    const KIND: &'static str = "ack";
}
impl Message for Notice {
    const KIND: &'static str = "notice";
}
impl Message for PlanMessage {
    const KIND: &'static str = "plan";
}
impl Message for PolicyMessage {
    const KIND: &'static str = "policy";
}
impl Message for ThresholdsMessage {
    const KIND: &'static str = "thresholds";
}
impl Message for CountsMessage {
    const KIND: &'static str = "night's counts";
}
impl Message for LabelMessage {
    const KIND: &'static str = "label";
}
impl Message for CommissionDown {
    const KIND: &'static str = "word of a commissioning";
}
impl Message for CommissionUp {
    const KIND: &'static str = "answer of a commissioning";
}
impl Message for LiveDown {
    const KIND: &'static str = "live view's request";
}
impl Message for LiveUp {
    const KIND: &'static str = "live view's answer";
}
/// A signed report travels as its [`Signed`] text.
impl Message for Signed {
    const KIND: &'static str = "report";
}

#[derive(Serialize)]
struct Outgoing<'a, M> {
    v: u32,
    #[serde(flatten)]
    message: &'a M,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u32,
}

/// A message as it goes onto the wire.
#[must_use]
pub fn encode<M: Message>(message: &M) -> Vec<u8> {
    serde_json::to_vec(&Outgoing {
        v: VERSION,
        message,
    })
    .expect("a message is plain data, which always has a JSON form")
}

/// Reads a message off the wire.
///
/// # Errors
///
/// It is too large, not JSON, of another version or of another shape.
pub fn decode<M: Message>(body: &[u8]) -> Result<M, WireError> {
    if body.len() > BODY_MAX {
        return Err(WireError::TooLarge(body.len()));
    }
    let unreadable = |source| WireError::Unreadable {
        kind: M::KIND,
        source,
    };
    let VersionOnly { v: version } = serde_json::from_slice(body).map_err(unreadable)?;
    if version != VERSION {
        return Err(WireError::UnknownVersion {
            kind: M::KIND,
            version,
        });
    }
    serde_json::from_slice(body).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heartbeat::EyeState;
    use crate::time::Timestamp;

    fn heartbeat() -> Heartbeat {
        Heartbeat {
            at_ms: Timestamp::from_ms(253_402_300_799_000 / 2).unwrap(),
            sequence: u32::MAX,
            eye: EyeState::Down,
            waiting: 9_999,
        }
    }

    #[test]
    fn a_heartbeat_fits_its_budget() {
        assert!(encode(&heartbeat()).len() <= 96);
    }

    #[test]
    fn unknown_fields_are_ignored_and_unknown_versions_refused() {
        let text = String::from_utf8(encode(&heartbeat())).unwrap();
        let newer = text.replace("{\"v\":1,", "{\"v\":1,\"battery\":3,");
        assert_eq!(decode::<Heartbeat>(newer.as_bytes()).unwrap(), heartbeat());
        let future = text.replace("{\"v\":1,", "{\"v\":2,");
        let refusal = decode::<Heartbeat>(future.as_bytes());
        assert!(matches!(
            refusal,
            Err(WireError::UnknownVersion { version: 2, .. })
        ));
    }

    #[test]
    fn what_is_no_message_is_an_error_not_a_panic() {
        let deep = "[".repeat(10_000);
        let huge = " ".repeat(BODY_MAX + 1);
        for body in [
            "",
            "{}",
            "null",
            "\u{0}",
            "{\"v\":1}",
            "{\"v\":-1}",
            &deep,
            &huge,
        ] {
            assert!(decode::<Heartbeat>(body.as_bytes()).is_err());
        }
    }
}
