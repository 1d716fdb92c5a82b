//! What unit and hub say to each other: types and pure functions only.
//!
//! Everything that both sides must agree on stands here: the plan and the looks that follow
//! from it, findings and the reports that carry them, signatures, topics and the JSON on the
//! wire. Nothing in here does I/O, reads a clock or draws a random number; time, keys and
//! bytes are arguments.
//!
//! Where evidence becomes a word in one home is said by [`thresholds`].
//!
//! How a unit is let in is in [`enrolment`].
//!
//! How a unit is tried out where it hangs, before its checks count, is in [`commission`].
//!
//! What residents agreed to reaches a unit as a [`policy`]; who may see one unclear look, as a
//! [`grant`] with the operator's own [`assertion`]; what travels then is in [`live`].

pub mod assertion;
pub mod calendar;
pub mod commission;
pub mod demonstration;
pub mod enrolment;
pub mod finding;
pub mod grant;
pub mod heartbeat;
pub mod hello;
pub mod ids;
pub mod labels;
pub mod live;
pub mod plan;
pub mod policy;
pub mod report;
pub mod schedule;
pub mod signing;
pub mod thresholds;
pub mod time;
pub mod topics;
pub mod wire;
