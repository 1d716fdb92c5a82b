//! The one place that reads a clock.
//!
//! A [`Clock`] is either the machine's or that of a demonstration. The product is the same
//! code under both: it asks for [`Clock::now`], waits with [`Clock::wait_until`] and says with
//! [`Clock::settle`] when it has nothing left to do; under the machine's clock that last word
//! means nothing.
//!
//! A demonstration's clock is led by one [`conductor`]: it jumps while every process that
//! holds a lease has said that it is idle, and runs at no more than [`pace::FASTEST`] times
//! real speed while one of them is at work. A lease ends with its process. What concerns
//! other machines (TLS, keep-alives, back-off) stays in real time: [`Clock::real_now`].
//!
//! This crate does not decide what is idle, and sets no machine's clock.

mod client;
pub mod conductor;
pub mod pace;

pub use client::{Clock, ClockError, Following, Hold, Now};
