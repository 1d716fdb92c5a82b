//! The little of SIP (RFC 3261) that carries SCAIP: one `MESSAGE` (RFC 3428) at a time, its
//! answers, and the few requests that a receiver may send.
//!
//! Pure: bytes and time come in, bytes go out. No calls, no dialogs, no registration, no
//! forwarding, no redirects followed; [why](../../../docs/design/0006-our-own-little-sip.md).

pub mod answer;
pub mod digest;
pub mod framing;
pub mod packet;
pub mod transaction;
mod uri;

pub use uri::{SipUri, UriError};
