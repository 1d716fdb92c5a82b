//! Invented homes whose truth is known, for whoever claims to learn a home's truth from samples.
//!
//! A home scores its checks by a model with levels: what the room does to every score ([`Home`]),
//! the state of the bed or the sleeper, the night, the check, the look. The truth, the chance that
//! a check reaches a score, is integrated from the same model ([`truth`]) and never estimated.
//! Scores are log-odds: `ln(p / (1 - p))` of the score from 0 to 1 that the eye gives.
//!
//! This crate knows nothing of thresholds, bounds or fitting, and must not: what is tried on these
//! homes may not have shaped them. [`shape`] says what its numbers come from and what is invented.

mod homes;
pub mod shape;
pub mod truth;

pub use homes::{Given, Home, Street};
pub use shape::{Presence, Shape};
