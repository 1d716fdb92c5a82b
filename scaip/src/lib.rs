//! Tells an alarm receiver what needs a person, in its own language: SCAIP (SS 91100,
//! CLC/TS 50134-9), XML messages that travel as SIP `MESSAGE` requests.
//!
//! The core is pure: [`message`] is what is said, [`mapping`] says which message an event of
//! Nattsyn is, [`sip`] how it travels, [`exchange`] how one message is sent, sent again, signed
//! and answered. Time and bytes are handed in. [`client`] is the thin edge with the sockets.
//!
//! Deliberately absent: calls and voice, messages *from* a receiver other than replies, names,
//! health and pictures in any field. Who is told next when a receiver says no is the caller's
//! to decide: [`client::SendError::remedy`] says what is worth trying.
//!
//! The standard itself was not at hand: fields and codes come from public sources
//! (`docs/reference/scaip.md`), and what is sent must be agreed with the receiver.

pub mod client;
pub mod config;
pub mod exchange;
pub mod heartbeat;
pub mod mapping;
pub mod message;
pub mod sip;
