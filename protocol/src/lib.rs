//! What unit and hub say to each other: types and pure functions only.
//!
//! Everything that both sides must agree on stands here: the plan and the looks that follow
//! from it, findings and the reports that carry them, signatures, topics and the JSON on the
//! wire. Nothing in here does I/O, reads a clock or draws a random number; time, keys and
//! bytes are arguments.
//!
//! Room is left for consent, policy and grant, which bring their own modules.

pub mod calendar;
pub mod demonstration;
pub mod finding;
pub mod heartbeat;
pub mod hello;
pub mod ids;
pub mod plan;
pub mod report;
pub mod schedule;
pub mod signing;
pub mod time;
pub mod topics;
pub mod wire;
